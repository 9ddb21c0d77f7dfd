"""Edits made on the live state: each stands on what stood before it, and can be taken back."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ide.dataset.errors import EditError, ExampleNotFoundError, UnknownClassError
from ide.dataset.replay import dismissed_issues, replay
from ide.dataset.schema import TARGETS
from ide.dataset.snapshot import table_hash
from ide.store.edit_log import read_edits
from ide.store.files import write_parquet
from ide.store.reviews import reviews
from ide.store.state import current_labels, dataset_state, edit_example, undo_edit, undo_last
from ide.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    folder = tmp_path / "datasets" / "pets"
    folder.mkdir(parents=True)
    (folder / "dataset.toml").write_text(
        'title = "Pets"\nmodality = "text"\nclasses = ["cat", "dog"]\n'
    )
    table = pa.table(
        {
            "example_id": ["x", "y"],
            "split": ["train", "test"],
            "label": ["cat", "dog"],
            "text": ["meow", "woof"],
        }
    )
    write_parquet(folder / "examples" / "part-0.parquet", table)
    return Workspace.find(tmp_path)


def label_of(workspace, example_id):
    rows = current_labels(workspace, "pets").to_pylist()
    return next(r["label"] for r in rows if r["example_id"] == example_id)


def test_an_edit_stands_on_what_stood_before_it(workspace):
    first = edit_example(workspace, "pets", "x", "label", "dog", annotator="ada")
    second = edit_example(workspace, "pets", "x", "label", "cat", annotator="ben")
    assert second.previous == (first.edit_id,)
    assert label_of(workspace, "x") == "cat"


def test_undo_walks_back_to_the_imported_label_and_then_says_so(workspace):
    for value in ("dog", "cat", "dog"):
        edit_example(workspace, "pets", "x", "label", value, annotator="ada")
    for expected in ("cat", "dog", "cat"):
        undo_last(workspace, "pets", "x", annotator="ada")
        assert label_of(workspace, "x") == expected
    with pytest.raises(EditError, match="has no edit to undo"):
        undo_last(workspace, "pets", "x", annotator="ada")


def test_what_a_later_edit_replaced_cannot_be_undone_under_it(workspace):
    first = edit_example(workspace, "pets", "x", "label", "dog", annotator="ada")
    edit_example(workspace, "pets", "x", "label", "cat", annotator="ada")
    with pytest.raises(EditError, match="does not stand any more"):
        undo_edit(workspace, "pets", first.edit_id, annotator="ada")


def test_an_exclusion_and_a_label_do_not_stand_in_each_others_way(workspace):
    edit_example(workspace, "pets", "x", "label", "dog", annotator="ada")
    exclusion = edit_example(workspace, "pets", "x", "exclude", annotator="ben")
    assert exclusion.previous == ()
    undo_edit(workspace, "pets", exclusion.edit_id, annotator="ada")
    rows = current_labels(workspace, "pets").to_pylist()
    assert (rows[0]["label"], rows[0]["is_excluded"], rows[0]["is_conflict"]) == (
        "dog",
        False,
        False,
    )


def test_a_confirmation_names_the_label_that_was_looked_at(workspace):
    edit = edit_example(workspace, "pets", "x", "confirm", annotator="ada")
    assert edit.value == "cat"


def test_an_issue_is_dismissed_and_taken_back_also_one_of_the_whole_dataset(workspace):
    before = current_labels(workspace, "pets")
    for example_id, issue_id in (("x", "a" * 16), ("*", "b" * 16)):
        first = edit_example(workspace, "pets", example_id, "dismiss", issue_id, annotator="ada")
        again = edit_example(workspace, "pets", example_id, "dismiss", issue_id, annotator="ben")
        assert again.previous == (first.edit_id,)
        assert dataset_state(workspace, "pets")[example_id].dismissed == {issue_id}
    assert current_labels(workspace, "pets").select(TARGETS.names) == before.select(TARGETS.names)
    for example_id in ("x", "*"):
        undo_last(workspace, "pets", example_id, annotator="ada")
        undo_last(workspace, "pets", example_id, annotator="ada")
    assert not dismissed_issues(dataset_state(workspace, "pets"))


def test_a_wrong_request_writes_nothing(workspace):
    with pytest.raises(ExampleNotFoundError):
        edit_example(workspace, "pets", "../x", "label", "dog", annotator="ada")
    with pytest.raises(UnknownClassError):
        edit_example(workspace, "pets", "x", "label", "cow", annotator="ada")
    with pytest.raises(EditError, match="the tag is empty"):
        edit_example(workspace, "pets", "x", "tag", "  ", annotator="ada")
    with pytest.raises(EditError, match="not a split"):
        edit_example(workspace, "pets", "x", "split", "holdout", annotator="ada")
    with pytest.raises(EditError, match="not an issue_id"):
        edit_example(workspace, "pets", "*", "dismiss", "everything", annotator="ada")
    with pytest.raises(ExampleNotFoundError):
        edit_example(workspace, "pets", "*", "exclude", annotator="ada")
    assert read_edits(workspace, "pets").edits == ()


def test_a_review_is_an_edit_of_an_edit_and_changes_no_target(workspace):
    label = edit_example(workspace, "pets", "x", "label", "dog", annotator="ada")
    before = table_hash(current_labels(workspace, "pets").select(TARGETS.names))
    asked = edit_example(
        workspace, "pets", "x", "request_change", label.edit_id, annotator="ben", reason="a wolf?"
    )
    agreed = edit_example(workspace, "pets", "x", "approve", label.edit_id, annotator="ben")
    assert agreed.previous == (asked.edit_id,)
    assert table_hash(current_labels(workspace, "pets").select(TARGETS.names)) == before
    with pytest.raises(EditError, match="there is no edit"):
        edit_example(
            workspace, "pets", "x", "approve", asked.edit_id[:-4] + "0000", annotator="ben"
        )
    with pytest.raises(EditError, match="got 'y'"):
        edit_example(workspace, "pets", "y", "approve", label.edit_id, annotator="ben")
    assert len(read_edits(workspace, "pets").edits) == 3


def test_the_undo_of_an_annotator_takes_back_no_one_elses_verdict(workspace):
    label = edit_example(workspace, "pets", "x", "label", "dog", annotator="ada")
    edit_example(workspace, "pets", "x", "approve", label.edit_id, annotator="ben")
    assert undo_last(workspace, "pets", "x", annotator="ada").value == label.edit_id
    with pytest.raises(EditError, match="has no edit to undo"):
        undo_last(workspace, "pets", "x", annotator="ada")
    undo_last(workspace, "pets", "x", annotator="ben")


def test_a_line_that_somebody_corrected_counts_as_it_is_now(workspace):
    asked = edit_example(workspace, "pets", "y", "label", "dog", annotator="ada")
    ask = edit_example(
        workspace, "pets", "y", "request_change", asked.edit_id, annotator="ben", reason="a wolf?"
    )
    for _ in range(8):  # so many that one more is replayed alone
        edit_example(workspace, "pets", "y", "confirm", annotator="ada")
    edit_example(workspace, "pets", "x", "label", "dog", annotator="cem")
    assert dataset_state(workspace, "pets")["x"].label == "dog"
    assert [row["reason"] for row in reviews(workspace, "pets")[asked.edit_id]] == [ask.reason]
    for annotator, was, is_ in (("cem", '"value":"dog"', '"value":"cat"'), ("ben", "wolf", "fox")):
        path = workspace.edits_path("pets") / f"{annotator}.jsonl"
        text = path.read_text().replace('": "', '":"')
        assert was in text
        path.write_text(text.replace(was, is_))
    assert dataset_state(workspace, "pets") == replay(read_edits(workspace, "pets").edits)
    assert dataset_state(workspace, "pets")["x"].label == "cat"
    assert [row["reason"] for row in reviews(workspace, "pets")[asked.edit_id]] == ["a fox?"]
