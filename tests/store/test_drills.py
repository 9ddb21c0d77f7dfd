"""Drills in a workspace: planted labels count on their branch, everywhere there, and only there."""

from __future__ import annotations

import pytest

from ide.dataset.drill import drill_of
from ide.dataset.edit import make_edit
from ide.dataset.errors import DrillError, GitError, WorkspaceError
from ide.dataset.replay import UNTOUCHED
from ide.store.browse import browse_example
from ide.store.checking import check_now
from ide.store.committing import commit
from ide.store.drill_file import drill_in_force, drill_path, drills_path
from ide.store.drill_notes import drill_damage
from ide.store.drills import (
    drill_progress,
    drill_score,
    end_drill,
    past_scores,
    require_drill,
    start_drill,
)
from ide.store.duck import connect
from ide.store.edit_log import append_edits, read_edits
from ide.store.examples import read_examples
from ide.store.exporting import export_dataset
from ide.store.files import write_text
from ide.store.history import blame, diff
from ide.store.state import current_labels, dataset_state, imported_labels, undo_last
from ide.store.status import status
from tests.conftest import git
from tests.store.tiny import LABELS, edit, tiny_workspace

TRUE = {f"x{i}": label for i, label in enumerate(LABELS)}


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "w", "pets", "birds")


@pytest.fixture
def drill(pets):
    return start_drill(pets, "pets", n_errors=2, seed=4)


def every_reader(workspace) -> list[dict]:
    """Example id → label, as each reader of labels has it."""
    with connect(workspace) as database:
        tables = [
            database.sql(f"SELECT example_id, label FROM pets.{t}").to_arrow_table()
            for t in ("labels", "examples")
        ]
    tables += [
        current_labels(workspace, "pets"),
        read_examples(workspace, "pets"),
        read_examples(workspace, "pets", ["example_id", "label"]),
    ]
    found = [
        dict(zip(t["example_id"].to_pylist(), t["label"].to_pylist(), strict=True)) for t in tables
    ]
    rows = [browse_example(workspace, "pets", None, i) for i in TRUE]
    found.append({r["example_id"]: r["imported_label"] for r in rows})
    labels = read_examples(workspace, "pets", ["label"])["label"].to_pylist()
    return [*found, imported_labels(workspace, "pets"), dict(zip(TRUE, labels, strict=True))]


def test_on_its_branch_every_reader_has_the_planted_labels_and_on_others_none(pets, drill):
    planted = {**TRUE, **drill.labels}
    assert sum(planted[i] != TRUE[i] for i in TRUE) == 2
    assert git(pets.root, "branch", "--show-current").strip() == drill.branch
    assert git(pets.root, "status", "--porcelain") == ""
    assert every_reader(pets) == [planted] * 8
    git(pets.root, "switch", "-q", "main")
    assert every_reader(pets) == [TRUE] * 8
    git(pets.root, "switch", "-q", drill.branch)
    assert every_reader(pets) == [planted] * 8
    git(pets.root, "switch", "-q", "--detach")
    assert every_reader(pets) == [TRUE] * 8
    git(pets.root, "switch", "-q", "-c", "mine")
    assert every_reader(pets) == [TRUE] * 8


@pytest.mark.parametrize("how", ["--ff-only", "--squash"])
def test_a_plain_git_merge_brings_nothing_that_counts(pets, drill, how):
    wrong = drill.planted[0]
    edit(pets, wrong.example_id, "confirm")
    assert read_edits(pets, "pets").edits[0].value == wrong.label
    edit(pets, drill.planted[1].example_id, "label", "<b>|pig</b>")
    edit(pets, next(i for i in TRUE if i not in drill.labels), "exclude")
    commit(pets)
    git(pets.root, "switch", "-q", "main")
    git(pets.root, "merge", "-q", how, drill.branch)
    if how == "--squash":
        git(pets.root, "commit", "-qm", "squashed")
    assert drill_path(pets, "pets").exists()
    assert every_reader(pets) == [TRUE] * 8
    assert dataset_state(pets, "pets") == {}
    assert not current_labels(pets, "pets")["is_excluded"].to_pylist().count(True)
    assert diff(pets, "HEAD~1" if how == "--squash" else "main~1").num_rows == 0
    (row,) = blame(pets, "pets", wrong.example_id)
    assert row["action"] == "confirm" and not row["is_in_force"]
    (dataset,) = (d for d in status(pets).datasets if d.name == "pets")
    assert dataset.damage == () and len(dataset.notes) == 2
    assert "git rm datasets/pets/edits/drill.json" in dataset.notes[0]
    assert "3 edits were made in a drill" in dataset.notes[1]
    git(pets.root, "rm", "-q", "datasets/pets/edits/drill.json")
    assert every_reader(pets) == [TRUE] * 8
    edit(pets, wrong.example_id, "confirm")
    assert dataset_state(pets, "pets")[wrong.example_id].label == wrong.true_label


def test_a_commit_elsewhere_leaves_a_drills_file_out(pets, drill):
    text = drill_path(pets, "pets").read_text()
    git(pets.root, "switch", "-q", "main")
    write_text(drill_path(pets, "pets"), text)
    edit(pets, "x0", "tag", "blurred")
    commit(pets)
    assert git(pets.root, "status", "--porcelain").split() == [
        "??",
        "datasets/pets/edits/drill.json",
    ]


def test_the_end_goes_home_with_the_work_on_other_examples(pets, drill):
    free = [i for i in TRUE if i not in drill.labels]
    first, second = drill.planted
    edit(pets, first.example_id, "label", first.true_label)
    edit(pets, second.example_id, "confirm", annotator="ben")
    edit(pets, free[0], "label", "dog", reason="it barks")
    undone = edit(pets, free[1], "exclude", annotator="ben")
    undo_last(pets, "pets", free[1], annotator="ben")
    edit(pets, "x2", "exclude", name="birds")
    commit(pets, names=["birds"])
    assert drill_progress(pets, "pets").n_found == 1
    (pets.root / "notes.txt").write_text("mine")
    end = end_drill(pets, "pets")
    assert git(pets.root, "branch", "--show-current").strip() == "main"
    assert (end.n_carried, end.is_deleted) == (3, False)
    assert every_reader(pets)[2:] == [{**TRUE, free[0]: "dog"}, *[TRUE] * 5]
    (kept,) = (e for e in read_edits(pets, "pets").edits if e.example_id == free[0])
    assert (kept.annotator, kept.reason, drill_of(kept)) == ("ada", "it barks", None)
    state = dataset_state(pets, "pets")
    assert not state[free[1]].is_excluded and undone.edit_id not in state[free[1]].in_force
    assert state.get(first.example_id, UNTOUCHED) == UNTOUCHED
    assert dataset_state(pets, "birds")["x2"].is_excluded
    assert (pets.root / "notes.txt").read_text() == "mine"
    assert past_scores(pets, "pets")[0]["n_planted"] == 2
    commit(pets)
    git(pets.root, "switch", "-q", drill.branch)
    assert drill_progress(pets, "pets").n_found == 1
    again = end_drill(pets, "pets", delete=True)
    assert again.is_deleted and git(pets.root, "status", "--porcelain").split() == [
        "??",
        "notes.txt",
    ]
    assert drill.branch not in git(pets.root, "branch", "--list")


def test_what_is_left_behind_stays_on_the_branch(pets, drill):
    free = next(i for i in TRUE if i not in drill.labels)
    edit(pets, free, "exclude")
    end = end_drill(pets, "pets", carry=False)
    assert (end.n_carried, end.n_left) == (0, 1)
    assert dataset_state(pets, "pets") == {}
    git(pets.root, "switch", "-q", drill.branch)
    assert dataset_state(pets, "pets")[free].is_excluded


def test_a_verdict_that_a_browser_sends_after_the_end_counts_for_nothing(pets, drill):
    """It was given on a build of the drill; the label that it confirms is a planted one."""
    wrong = drill.planted[0]
    (drills_path(pets) / drill.drill_id / "pets" / ("b" * 16)).mkdir(parents=True)
    end_drill(pets, "pets")
    sent = make_edit(
        wrong.example_id,
        "confirm",
        wrong.label,
        annotator="ada",
        evidence={"build_id": "b" * 16},
    )
    assert append_edits(pets, "pets", [sent]) == [sent.edit_id]
    assert dataset_state(pets, "pets") == {}
    assert every_reader(pets) == [TRUE] * 8


def test_the_score_of_people_needs_no_build(pets, drill):
    edit(pets, drill.planted[0].example_id, "confirm")
    rows = {(r.who, r.measure): r.n for r in drill_score(pets, "pets").rows}
    assert rows["ada", "confirmed by mistake"] == rows["ada", "not looked at"] == 1


def test_an_export_of_planted_labels_is_refused(pets, drill, tmp_path):
    with pytest.raises(WorkspaceError, match="2 planted wrong labels"):
        export_dataset(pets, "pets", tmp_path / "out.csv", format="csv")
    export_dataset(pets, "birds", tmp_path / "out.csv", format="csv")


def test_a_damaged_file_counts_for_nothing_and_is_reported(pets, drill):
    drill_path(pets, "pets").write_text("{")
    assert drill_in_force(pets, "pets") is None
    assert every_reader(pets) == [TRUE] * 8
    notes = [n for d in status(pets).datasets for n in d.notes]
    assert len(notes) == 1 and "git checkout HEAD -- datasets/pets/edits/drill.json" in notes[0]


def test_one_drill_at_a_time_on_a_clean_branch_with_a_way_back(pets):
    edit(pets, "x0", "exclude")
    with pytest.raises(DrillError, match="upwell commit"):
        start_drill(pets, "pets", n_errors=1)
    commit(pets)
    git(pets.root, "switch", "-q", "--detach")
    with pytest.raises(DrillError, match="HEAD is detached"):
        start_drill(pets, "pets", n_errors=1)
    git(pets.root, "switch", "-q", "main")
    drill = start_drill(pets, "pets", n_errors=1, seed=1)
    assert "x0" not in drill.labels
    with pytest.raises(DrillError, match="upwell drill pets --end"):
        start_drill(pets, "birds", n_errors=1)
    git(pets.root, "switch", "-q", "main")
    with pytest.raises(GitError, match=f"there is a branch '{drill.branch}' already"):
        start_drill(pets, "pets", n_errors=1, seed=1)
    with pytest.raises(DrillError, match=f"are on: {drill.branch}"):
        require_drill(pets, "pets")
    assert git(pets.root, "status", "--porcelain") == ""


def test_a_branch_called_drill_is_in_the_way_and_nothing_is_left(pets):
    git(pets.root, "branch", "drill")
    with pytest.raises(GitError, match="git branch -m drill drill-old"):
        start_drill(pets, "pets", n_errors=1)
    hook = pets.root / ".git/hooks/pre-commit"
    git(pets.root, "branch", "-m", "drill", "drill-old")
    write_text(hook, "#!/bin/sh\necho no drills here\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="no drills here"):
        start_drill(pets, "pets", n_errors=1)
    assert git(pets.root, "branch", "--format=%(refname:short)").split() == ["drill-old", "main"]
    assert git(pets.root, "status", "--porcelain") == "" and not drill_path(pets, "pets").exists()


def test_a_drill_needs_git(tmp_path):
    bare = tiny_workspace(tmp_path / "w", is_repository=False)
    with pytest.raises(GitError, match="git init"):
        start_drill(bare, "pets", n_errors=1)


def test_a_file_that_a_merge_brought_is_said_by_status_and_check_alike(pets, drill):
    assert drill_damage(pets, "pets") == []
    git(pets.root, "switch", "-q", "main")
    git(pets.root, "merge", "-q", drill.branch)
    ((where, said),) = drill_damage(pets, "pets")
    assert where == "datasets/pets/edits/drill.json"
    assert f"git rm {where}, then git commit" in said
    assert f"{where} {said}" in [n for d in status(pets).datasets for n in d.notes]
    issues = check_now(pets, "pets").issues.to_pylist()
    found = [i for i in issues if i["check"] == "damaged_log"]
    assert [(i["severity"], i["message"]) for i in found] == [("warning", f"{where}: {said}")]
