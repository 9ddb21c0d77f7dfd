"""What stands side by side: two classes, an example's id and its file."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from benchmarks.synthetic import make_workspace
from ide.app.labeler.conflicts import conflicts_data
from ide.app.problems.rows import examples
from ide.app.text import MAX_NAME, class_name, class_pair
from ide.dataset.edit import make_edit
from ide.store.edit_log import append_edits
from ide.store.examples import example_parts
from ide.store.file_names import file_names
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.state import imported_labels
from tests.app.test_views import is_calm, open_view, sentences  # noqa: F401 – a fixture

NAME = "pets"
LONG = "a name that is longer than anybody would want, left"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("3", "8", "3 → 8"),
        ("cat", "cat", "cat"),
        (None, "cat", "cat"),
        ("tabby cat", "dog", "“tabby cat” → dog"),
        ("3 → 8", "8", "“3 → 8” → 8"),
        ("a, b", "c: d", "“a, b” → “c: d”"),
    ],
)
def test_of_two_classes_side_by_side_each_is_told_from_the_other(before, after, shown):
    assert class_pair(before, after) == shown


def test_a_long_class_beside_another_loses_its_middle():
    cut = class_name(LONG)
    assert len(cut) == MAX_NAME + 2  # and its quotes
    assert cut.startswith("“a name") and cut.endswith("left”")


@pytest.fixture
def folder(tmp_path):
    """A folder of class folders, whose files are named as a camera names them."""
    for number, label in enumerate(["tabby cat", "dog", "tabby cat", "dog"]):
        path = tmp_path / "source" / label / f"DSC_{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = io.BytesIO()
        Image.new("RGB", (12, 12), (40 * number, 90, 10)).save(picture, "PNG")
        path.write_bytes(picture.getvalue())
    return tmp_path / "source"


@pytest.fixture
def pets(tmp_path, folder):
    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, str(folder), name=NAME, track=False)
    return workspace


def test_the_files_name_stands_beside_the_id_wherever_an_example_is_shown(pets, open_view):  # noqa: F811
    ids, file_of = list(imported_labels(pets, NAME)), file_names(pets, NAME)
    assert {file_of(x) for x in ids} == {f"DSC_{n:04d}.png" for n in range(4)}
    shown = examples(pets, NAME, ids)
    assert all(shown[x]["file"] == file_of(x) for x in ids)
    app = open_view(pets, "example", dataset=NAME, example=ids[0])
    assert is_calm(app)
    assert file_of(ids[0]) in str(app.table[0].value).replace("\\", "")


def test_a_row_of_a_conflict_has_its_file_and_what_each_side_says(pets):
    example_id = next(iter(imported_labels(pets, NAME)))
    for who, label in (("ada", "dog"), ("bob", "tabby cat")):
        append_edits(pets, NAME, [make_edit(example_id, "label", label, annotator=who)])
    given = {"annotator": "ada", "start": None, "message": None, "receipt": None}
    (row,) = conflicts_data(pets, NAME, None, **given)["rows"]
    assert row["file"] == file_names(pets, NAME)(example_id)
    (conflict,) = row["state"]["conflicts"]
    assert {side["value"] for side in conflict["sides"]} == {"dog", "tabby cat"}


def test_a_file_that_says_what_the_id_says_is_not_said_twice(tmp_path):
    workspace = make_workspace(tmp_path / "g", n=8, n_suspects=2, size=8)
    (part,) = example_parts(workspace, "glyphs")
    table = pq.read_table(part)
    ids = table["example_id"].to_pylist()
    paths = [f"a/{ids[0]}.png", f"b\\{ids[1]}", "c/other.png", None, "", *["x.png"] * 3]
    pq.write_table(table.append_column("path", pa.array(paths)), part)
    file_of = file_names(workspace, "glyphs")
    assert [file_of(x) for x in ids[:5]] == [None, None, "other.png", None, None]
