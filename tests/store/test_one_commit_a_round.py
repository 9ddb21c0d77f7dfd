"""What is not committed is counted and named, and a build's lock holds up nothing."""

from __future__ import annotations

import pytest

from ide.dataset.errors import GitError
from ide.store.branches import create_branch, switch_branch
from ide.store.commit_paths import NotCommitted
from ide.store.committing import commit
from ide.store.drills import end_drill, start_drill
from ide.store.files import write_text
from ide.store.merging import merge
from ide.store.reverting import revert
from ide.store.state import dataset_state
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.app.test_views import open_view
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

__all__ = ["open_view"]  # a fixture
LOCK = "dvc.lock"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A dataset with a commit of labels, and the lock of a build that came after it."""
    found = tiny_workspace(tmp_path / "w")
    git(found.root, "branch", "-M", "main")
    write_text(found.root / LOCK, "schema: '2.0'\nstages: {}\n")
    commit(found)
    edit(found, "x0", "label", "dog")
    commit(found)
    write_text(found.root / LOCK, "schema: '2.0'\nstages: {a: {cmd: mine}}\n")
    return found


def text_of(workspace: Workspace) -> str:
    return (workspace.root / LOCK).read_text()


def branch_with(workspace: Workspace, name: str, *, lock: str | None = None) -> None:
    """Make a branch with an edit, and perhaps another lock; come back with the lock that waits."""
    waiting = text_of(workspace)
    git(workspace.root, "checkout", "-q", "HEAD", "--", LOCK)
    create_branch(workspace, name)
    edit(workspace, "x1", "label", "cat", annotator="bob")
    if lock is not None:
        write_text(workspace.root / LOCK, lock)
    commit(workspace)
    switch_branch(workspace, "main")
    write_text(workspace.root / LOCK, waiting)


def test_whatever_a_merge_could_stumble_over_is_counted_and_named(workspace):
    write_text(workspace.root / "datasets/pets/README.md", "kept by git\n")
    git(workspace.root, "add", "-f", "datasets/pets/README.md")
    git(workspace.root, "commit", "-qm", "a note", "datasets/pets/README.md")
    write_text(workspace.root / "datasets/pets/README.md", "changed\n")
    assert status(workspace).not_committed() == NotCommitted(
        0, (LOCK,), ("datasets/pets/README.md",)
    )
    for path in ("datasets/pets/dataset.toml", "params.yaml"):
        file = workspace.root / path
        file.write_text(file.read_text() + "# a gate\n")
    edit(workspace, "x2", "exclude")
    left = status(workspace).not_committed()
    assert set(left.files) == {LOCK, "params.yaml", "datasets/pets/dataset.toml"}
    assert len(left) == 5
    assert str(left.taken) == "1 edit, dataset.toml of pets, dvc.lock and params.yaml"
    assert str(left.untaken) == "README.md of pets"
    assert (left.short, left.untaken.short) == ("1 edit, 4 files", "README.md")
    commit(workspace)
    assert status(workspace).not_committed() == NotCommitted(0, (), ("datasets/pets/README.md",))


def test_what_no_commit_of_ours_takes_is_said_to_be_gits(workspace):
    write_text(workspace.root / "datasets/pets/README.md", "kept by git\n")
    git(workspace.root, "add", "-f", "datasets/pets/README.md")
    git(workspace.root, "commit", "-qm", "a note", "datasets/pets/README.md")
    (workspace.root / "datasets/pets/README.md").unlink()
    with pytest.raises(GitError, match=r"README.md.*with: git commit, then revert"):
        revert(workspace, "HEAD~1", annotator="ada")


def test_the_lock_of_a_build_holds_up_no_merge_and_stays(workspace):
    branch_with(workspace, "other")
    waiting = text_of(workspace)
    found = merge(workspace, "other")
    assert found.n_edits == {"pets": 1} and not found.notes
    assert text_of(workspace) == waiting
    assert status(workspace).not_committed().files == (LOCK,)


def test_where_the_branch_has_another_lock_that_one_stands_and_it_is_said(workspace):
    branch_with(workspace, "other", lock="schema: '2.0'\nstages: {a: {cmd: theirs}}\n")
    found = merge(workspace, "other")
    assert "theirs" in text_of(workspace)
    assert "dvc.lock of the last build was not committed" in " ".join(found.notes)
    assert not len(status(workspace).not_committed())


def test_a_move_that_git_refuses_leaves_the_lock_as_it_was(workspace):
    branch_with(workspace, "other", lock="schema: '2.0'\nstages: {a: {cmd: theirs}}\n")
    waiting = text_of(workspace)
    git(workspace.root, "add", LOCK)  # git does not replace what is staged
    with pytest.raises(GitError, match="would be overwritten"):
        merge(workspace, "other")
    assert text_of(workspace) == waiting


def test_the_lock_of_a_build_holds_up_no_switch_revert_or_drill(workspace):
    branch_with(workspace, "other", lock="schema: '2.0'\nstages: {a: {cmd: theirs}}\n")
    waiting = text_of(workspace)
    assert revert(workspace, "HEAD", annotator="ada").n_edits == 1
    assert dataset_state(workspace, "pets")["x0"].label is None
    start_drill(workspace, "pets", n_errors=1)
    end_drill(workspace, "pets", delete=True)
    assert text_of(workspace) == waiting
    said = switch_branch(workspace, "other")
    assert "theirs" in text_of(workspace) and "not committed" in said.notes[0]


def test_edits_hold_a_merge_up_as_ever(workspace):
    branch_with(workspace, "other")
    edit(workspace, "x2", "exclude")
    with pytest.raises(GitError, match=r"not committed: datasets/pets/edits/ada.jsonl; a merge"):
        merge(workspace, "other")


def test_labels_and_the_build_of_them_are_one_commit(workspace):
    edit(workspace, "x2", "label", "dog")
    made = commit(workspace)
    said = git(workspace.root, "show", "--format=", "--name-only", made.revision)
    assert said.split() == ["datasets/pets/edits/ada.jsonl", LOCK]
    assert made.message.splitlines()[0] == "pets: 1 relabelled"


def test_the_button_stands_where_something_waits_and_home_names_what(workspace, open_view):
    edit(workspace, "x2", "label", "dog")
    home = open_view(workspace, "home")
    metric = next(m for m in home.metric if m.label == "Uncommitted")
    assert (metric.value, metric.proto.help) == ("2", r"1 edit and dvc\.lock")
    history = open_view(workspace, "history", dataset="pets")
    history.button(key="history_commit").click().run()
    assert not len(status(workspace).not_committed())
