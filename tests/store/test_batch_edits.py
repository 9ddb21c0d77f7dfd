"""Many examples judged at once: one batch, one undo, and nobody's word replaced unseen."""

from __future__ import annotations

import pytest

from ide.app.review_data import undoable_steps
from ide.dataset.errors import EditError, ExampleNotFoundError, UnknownClassError
from ide.store.batch_edits import evidence_by_id, judge_many, seen_of, undo_many
from ide.store.builds import current_build
from ide.store.edit_log import read_edits
from ide.store.queue import suspect_rows
from ide.store.state import dataset_state
from tests.small import compiled_workspace, copy_workspace
from tests.store.tiny import edit, tiny_workspace

ALL = [f"x{i}" for i in range(6)]


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "work", is_repository=False)


def seen(workspace, ids=ALL):
    return seen_of(dataset_state(workspace, "pets"), ids)


def judge(workspace, action, value=None, *, shown=None, annotator="ada"):
    shown = seen(workspace) if shown is None else shown
    return judge_many(
        workspace, "pets", action, value, seen=shown, annotator=annotator, evidence={}
    )


def states(workspace):
    return dataset_state(workspace, "pets")


def test_a_batch_is_one_moment_in_the_log_and_one_step_to_undo(pets):
    edit(pets, "x1", "comment", "before")
    batch = judge(pets, "label", "dog")
    made = [e for e in read_edits(pets, "pets").edits if e.edit_id in batch.edit_ids]
    assert len({e.made_at for e in made}) == 1
    assert {e.example_id: e.action for e in made} == {
        **dict.fromkeys(ALL, "label"),
        **dict.fromkeys(("x1", "x3"), "confirm"),  # dogs already
    }
    steps = undoable_steps(read_edits(pets, "pets").edits, states(pets), "ada")
    assert [len(step["edits"]) for step in steps] == [6]
    undone = undo_many(pets, "pets", batch.edit_ids, annotator="ada")
    assert undone.n_examples == 6 and undone.n_skipped == 0
    assert not any(state.is_judged for state in states(pets).values())
    assert len({e.made_at for e in read_edits(pets, "pets").edits[-6:]}) == 1


def test_what_is_so_already_is_left_alone(pets):
    edit(pets, "x0", "exclude")
    edit(pets, "x1", "tag", "hard")
    edit(pets, "x2", "label", "dog")
    assert judge(pets, "exclude").n_skipped == 1
    assert judge(pets, "exclude").edit_ids == ()
    assert judge(pets, "tag", "hard").n_examples == 5
    assert judge(pets, "untag", "soft").n_examples == 0
    assert judge(pets, "untag", "hard").n_examples == 6
    assert judge(pets, "restore").n_examples == 6
    assert judge(pets, "label", "dog").n_examples == 5
    assert judge(pets, "label", "dog").n_examples == 0


def test_a_label_restores_what_is_excluded_as_in_review_and_one_undo_takes_both_back(pets):
    edit(pets, "x0", "exclude")
    batch = judge(pets, "label", "dog", shown=seen(pets, ["x0"]))
    assert not states(pets)["x0"].is_excluded and states(pets)["x0"].label == "dog"
    undo_many(pets, "pets", batch.edit_ids, annotator="ada")
    assert states(pets)["x0"].is_excluded and states(pets)["x0"].label is None


def test_what_somebody_else_said_meanwhile_is_a_conflict_and_not_replaced(pets):
    shown = seen(pets)
    edit(pets, "x0", "label", "<b>|pig</b>", annotator="ben")
    edit(pets, "x1", "exclude", annotator="ben")
    batch = judge(pets, "label", "dog", shown=shown)
    assert batch.n_conflicts == 1
    found = states(pets)["x0"]
    assert found.is_conflict and set(found.conflict_values) == {"dog", "<b>|pig</b>"}
    assert states(pets)["x1"].is_excluded  # she did not see that it was: nothing undoes it
    assert judge(pets, "label", "dog").n_conflicts == 0  # now she sees both, and settles it
    assert not states(pets)["x0"].is_conflict


def test_an_undo_leaves_what_was_said_on_top(pets):
    batch = judge(pets, "label", "dog")
    edit(pets, "x2", "label", "cat", annotator="ben")
    undone = undo_many(pets, "pets", batch.edit_ids, annotator="ada")
    assert (undone.n_examples, undone.n_skipped) == (5, 1)
    assert states(pets)["x2"].label == "cat"
    assert undo_many(pets, "pets", batch.edit_ids, annotator="ada").edit_ids == ()


def test_a_batch_that_cannot_be_is_refused_whole(pets):
    shown = seen(pets, [*ALL, "nope"])
    with pytest.raises(ExampleNotFoundError):
        judge(pets, "label", "dog", shown=shown)
    with pytest.raises(UnknownClassError):
        judge(pets, "label", "bird")
    for action, value in (("tag", " "), ("split", "train"), ("undo", "x")):
        with pytest.raises(EditError):
            judge(pets, action, value)
    assert not read_edits(pets, "pets").edits


def test_a_step_too_large_for_a_browser_ends_what_review_can_undo(pets):
    edit(pets, "x5", "exclude")
    judge(pets, "label", "dog")
    edit(pets, "x0", "label", "cat")
    edits, now = read_edits(pets, "pets").edits, states(pets)
    steps = undoable_steps(edits, now, "ada", most=4)
    assert [[e["example_id"] for e in step["edits"]] for step in steps] == [["x0"]]


def test_the_evidence_of_a_batch_is_what_the_build_says_of_each(tmp_path_factory, tmp_path):
    workspace = copy_workspace(compiled_workspace(tmp_path_factory.getbasetemp()), tmp_path / "w")
    build = current_build(workspace, "some")
    first = suspect_rows(workspace, "some", limit=2)
    ids = [row["example_id"] for row in first]
    found = evidence_by_id(workspace, "some", build, ids)
    assert [found[i]["rank"] for i in ids] == [row["rank"] for row in first]
    assert found[ids[0]].keys() == {"build_id", "rank", "p_mislabeled", "suggested_label"}
    judge_many(
        workspace, "some", "exclude", None,
        seen=seen_of({}, ids), annotator="ada", evidence=found,
    )  # fmt: skip
    assert read_edits(workspace, "some").edits[0].evidence == found[ids[0]]
    assert evidence_by_id(workspace, "some", None, ids) == dict.fromkeys(ids)
