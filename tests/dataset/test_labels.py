"""The labels in force: literal rows in, literal rows out."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given

from ide.dataset.edit import make_edit
from ide.dataset.labels import label_table
from ide.dataset.replay import replay
from ide.dataset.schema import LABELS
from tests.strategies import histories

EXAMPLES = pa.table(
    {
        "example_id": ["x", "y", "z"],
        "split": ["train", "test", "pool"],
        "label": pa.array(["cat", "dog", None]),
    }
)


def rows(*edits):
    return label_table(EXAMPLES, replay(edits)).to_pylist()


def untouched(example_id, label, split):
    return {
        "example_id": example_id,
        "label": label,
        "split": split,
        "is_excluded": False,
        "n_edits": 0,
        "annotator": None,
        "is_conflict": False,
    }


def test_without_edits_the_imported_values_stand():
    assert rows() == [
        untouched("x", "cat", "train"),
        untouched("y", "dog", "test"),
        untouched("z", None, "pool"),
    ]


def test_edits_lie_over_the_imported_values():
    found = rows(
        make_edit("x", "label", "dog", annotator="ada"),
        make_edit("y", "exclude", annotator="ben"),
        make_edit("z", "split", "train", annotator="ada"),
        make_edit("not here", "label", "dog", annotator="ada"),
    )
    assert found == [
        untouched("x", "dog", "train") | {"n_edits": 1, "annotator": "ada"},
        untouched("y", "dog", "test") | {"n_edits": 1, "annotator": "ben", "is_excluded": True},
        untouched("z", None, "train") | {"n_edits": 1, "annotator": "ada"},
    ]


def test_a_conflict_keeps_the_imported_label_and_says_so():
    found = rows(
        make_edit("x", "label", "dog", annotator="ada"),
        make_edit("x", "label", "cow", annotator="ben"),
    )[0]
    assert (found["label"], found["is_conflict"]) == ("cat", True)


def test_an_issue_of_the_whole_dataset_is_of_no_example():
    edit = make_edit("*", "dismiss", "4be1" * 4, annotator="ada")
    assert rows(edit) == rows()


@given(histories())
def test_there_is_a_row_an_example_whatever_the_edits(edits):
    table = label_table(EXAMPLES, replay(edits))
    assert table.schema.equals(LABELS)
    assert table["example_id"].to_pylist() == ["x", "y", "z"]
