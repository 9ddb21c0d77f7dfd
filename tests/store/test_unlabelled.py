"""The queue of what has no label: what is in it, and that it follows the edits."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from ide.dataset.edit import make_edit
from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.edit_log import append_edits
from ide.store.files import write_parquet
from ide.store.state import current_labels, dataset_state, edit_example, undo_last
from ide.store.status import status
from ide.store.unlabelled import n_unlabelled, unlabelled
from tests.store.tiny import edit, tiny_workspace

N = 12


@pytest.fixture
def workspace(tmp_path):
    """Six examples, of which the last has no label, and twelve that came without one."""
    found = tiny_workspace(tmp_path / "w")
    write_parquet(
        found.examples_path("pets") / "part-000000000002.parquet",
        pa.table(
            {
                "example_id": [f"y{i:02d}" for i in range(N)],
                "split": ["pool"] * N,
                "label": pa.nulls(N, pa.string()),
                "text": pa.array([f"words {i}" for i in range(N)], PAYLOAD_TYPES["text"]),
            }
        ),
    )
    return found


def left(workspace) -> list[str]:
    found = unlabelled(workspace, "pets")
    return [found.ids[row] for row in found.rows]


def from_nothing(workspace) -> list[str]:
    """What has no label by the table of labels, which knows nothing of the queue."""
    return [
        row["example_id"]
        for row in current_labels(workspace, "pets").to_pylist()
        if row["label"] is None and not row["is_excluded"] and not row["is_conflict"]
    ]


def test_what_came_without_a_label_is_left_until_it_is_labelled_or_excluded(workspace):
    assert left(workspace) == ["x5", *(f"y{i:02d}" for i in range(N))]
    edit(workspace, "x5", "label", "cat")
    edit(workspace, "y03", "exclude")
    edit(workspace, "y04", "comment", "what is it?")
    edit(workspace, "x0", "label", "dog")  # it had one
    assert left(workspace) == [f"y{i:02d}" for i in range(N) if i != 3]
    undo_last(workspace, "pets", "x5", annotator="ada")
    edit(workspace, "y03", "restore")
    assert left(workspace) == ["x5", *(f"y{i:02d}" for i in range(N))]


def test_what_people_label_differently_is_a_conflict_and_not_without_a_label(workspace):
    edit(workspace, "y00", "label", "cat")
    edit(workspace, "y01", "label", "cat", annotator="bob")
    append_edits(workspace, "pets", [make_edit("y01", "label", "dog", annotator="cy")])
    assert dataset_state(workspace, "pets")["y01"].is_conflict
    assert left(workspace) == from_nothing(workspace)
    assert "y01" not in left(workspace)


def test_the_queue_that_follows_the_edits_is_the_one_from_nothing(workspace):
    rng = random.Random(0)
    for _ in range(60):
        example_id = rng.choice(["x0", "x5", *(f"y{i:02d}" for i in range(N))])
        action = rng.choice(["label", "label", "exclude", "restore", "undo"])
        state = dataset_state(workspace, "pets").get(example_id)
        if action == "undo":
            if state and any(state.in_force.values()):
                undo_last(workspace, "pets", example_id, annotator="ada")
        else:
            value = rng.choice(["cat", "dog"]) if action == "label" else None
            edit_example(workspace, "pets", example_id, action, value, annotator="ada")
        assert left(workspace) == from_nothing(workspace)


def test_new_examples_without_a_label_join_the_queue(workspace):
    assert n_unlabelled(workspace, "pets") == N + 1
    path = workspace.examples_path("pets") / "part-000000000002.parquet"
    path.rename(path.with_name(".part-000000000002.parquet"))
    assert left(workspace) == ["x5"]


def test_status_counts_what_has_no_label(workspace):
    assert [d.n_unlabelled for d in status(workspace).datasets] == [N + 1]
    for i in range(N):
        edit(workspace, f"y{i:02d}", "label", "cat")
    assert [d.n_unlabelled for d in status(workspace).datasets] == [1]
