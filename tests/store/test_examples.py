"""Reading examples: parts in order, a revision that follows them, a sentence for damage."""

from __future__ import annotations

import pytest

from ide.dataset.errors import DatasetNotFoundError, StorageError
from ide.store.examples import example_parts, examples_revision, n_examples, read_examples
from tests.store.importing_tools import bare_workspace, import_quietly, texts, write_csv


@pytest.fixture
def workspace(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    for first in (0, 10, 20):
        rows = [["text", "label"], *texts(4, first)]
        import_quietly(workspace, write_csv(tmp_path / f"{first}.csv", rows))
    return workspace


def test_parts_are_read_in_the_order_of_their_names(workspace):
    names = [p.name for p in example_parts(workspace, "pets")]
    assert names == sorted(names) and len(names) == 3
    assert read_examples(workspace, "pets").num_rows == n_examples(workspace, "pets") == 12
    assert read_examples(workspace, "pets") == read_examples(workspace, "pets")


def test_columns_come_in_the_order_asked_for_and_the_payload_only_when_asked(workspace):
    assert "text" not in read_examples(workspace, "pets").column_names
    table = read_examples(workspace, "pets", ["text", "example_id", "nothing"])
    assert table.column_names == ["text", "example_id"]


def test_the_revision_follows_the_parts_and_nothing_else(workspace):
    before = examples_revision(workspace, "pets")
    (workspace.examples_path("pets") / ".part-half.parquet").write_bytes(b"half")
    (workspace.examples_path("pets") / "notes.txt").write_text("mine")
    assert examples_revision(workspace, "pets") == before
    example_parts(workspace, "pets")[0].unlink()
    assert examples_revision(workspace, "pets") != before
    assert n_examples(workspace, "pets") == 8


def test_a_damaged_part_is_named_with_the_way_to_get_it_back(workspace):
    part = example_parts(workspace, "pets")[1]
    part.write_bytes(part.read_bytes()[:50])
    with pytest.raises(StorageError, match=rf"{part.name} is damaged.*dvc checkout --force"):
        read_examples(workspace, "pets")


def test_a_dataset_that_is_not_there(workspace):
    with pytest.raises(DatasetNotFoundError):
        read_examples(workspace, "cars")
