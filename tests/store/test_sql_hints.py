"""An expected mistake in SQL gets one plain sentence beside DuckDB's own."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ide.dataset.errors import QueryError
from ide.store.files import write_parquet, write_text
from ide.store.query_answer import answer
from tests.store.tiny import tiny_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A dataset of texts, and one of sounds with a column of an odd name."""
    workspace = tiny_workspace(tmp_path_factory.mktemp("hints"), is_repository=False)
    folder = workspace.dataset_path("pets").with_name("birds")
    toml = 'title = "b"\nmodality = "audio"\nclasses = ["cat"]\n'
    write_text(folder / "dataset.toml", toml)
    columns = {
        "example_id": ["a"],
        "split": ["train"],
        "label": ["cat"],
        "audio": pa.array([b"x"], pa.binary()),
        "file name": ["a b"],
    }
    write_parquet(folder / "examples" / "part-000000000001.parquet", pa.table(columns))
    return workspace


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT length(audio) FROM birds.examples", "stands in birds.media"),
        ("SELECT * FROM birds.examples WHERE audio ILIKE '%x%'", "octet_length"),
        ("SELECT * FROM birds.examples WHERE text ILIKE '%x%'", "birds has no column text"),
        ("SELECT * FROM pets.labels WHERE text ILIKE '%x%'", "a column of pets.examples"),
        ("SELECT p_mislabled FROM pets.suspects", "Did you mean p_mislabeled?"),
        ("SELECT p_mislabeled FROM pets.labels", "pets.suspects has it"),
        ("SELECT l.zzz FROM pets.labels l", "The columns of pets.labels are example_id"),
        ('SELECT * FROM pets.labels WHERE label = "cat"', "single quotes, 'cat'"),
        ("SELECT label, count(*) FROM pets.labels", "GROUP BY ALL"),
        ("SELECT label FROM pets.labels WHERE count(*) > 1 GROUP BY label", "HAVING"),
        ("SELECT * FROM pets.labels WHERE label = 3", "compare it with text"),
        ("SELECT avg(label) FROM pets.labels", "TRY_CAST"),
        ("SELECT * FROM labels", "write birds.labels or pets.labels"),
        ("SELECT * FROM pets.lables", "Did you mean pets.labels?"),
        ("SELECT file name, label of FROM birds.examples", '"file name"'),
        ("SELECT check FROM pets.issues", '"check"'),
        ("SELECT * FROM my-pets.labels", '"my-pets"'),
        ("SELECT * FROM pets.labels WHERE label = 'it's'", "written twice"),
        ("SELECT * FROM pets.labels WHERE", "ends too early"),
    ],
)
def test_an_expected_mistake_gets_a_sentence_on_what_was_meant(workspace, sql, sentence):
    with pytest.raises(QueryError) as raised:
        answer(workspace, sql, 10, 1 << 20, memory_bytes=1 << 30)
    assert sentence in str(raised.value)
    assert "Error: " in str(raised.value)  # DuckDB's own stands before it


def test_what_duckdb_takes_is_no_mistake(workspace):
    for sql in (
        "SELECT * FROM pets.labels WHERE label == 'cat'",
        'SELECT "check" FROM pets.issues',
    ):
        answer(workspace, sql, 10, 1 << 20, memory_bytes=1 << 30)
