"""The commit of an import: what it brought, nothing else, and edits beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ide.cli import run
from ide.dataset.errors import UpwellError
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.files import write_text
from ide.store.importing import ImportResult, import_source
from ide.store.new import new_workspace
from ide.store.reverting import revert
from ide.store.state import edit_example, imported_labels
from ide.store.status import status
from ide.store.unlabelled import n_unlabelled
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

CSV = "id,text,label\n" + "".join(f"a{i},text {i},{'cat' if i % 2 else 'dog'}\n" for i in range(6))
NAME = "beasts"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A new workspace, whose scaffold is committed, and a dataset with an edit that waits."""
    found = tiny_workspace(tmp_path / "w")
    git(found.root, "branch", "-M", "main")
    return found


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "beasts.csv"
    path.write_text(CSV)
    return path


def bring(workspace: Workspace, source: Path, **options) -> ImportResult:
    """Import without DVC, which costs a second and changes nothing of what is tested here."""
    options = {"name": NAME, "track": False, "commit": True, **options}
    return import_source(workspace, str(source), **options)


def files_of(workspace: Workspace, revision: str) -> set[str]:
    said = git(workspace.root, "show", "--format=", "--name-only", revision)
    return {line for line in said.splitlines() if line}


def test_an_import_is_a_commit_of_what_it_brought_and_of_nothing_else(workspace, source):
    waiting = edit(workspace, "x0", "label", "dog")
    write_text(workspace.root / "notes.md", "staged\n")
    git(workspace.root, "add", "notes.md")
    description = workspace.config_path("pets")
    description.write_text(description.read_text() + "# mine\n")
    found = bring(workspace, source)
    assert found.revision and not found.notes
    own = f"datasets/{NAME}"
    assert files_of(workspace, found.revision) == {
        "params.yaml", f"{own}/dataset.toml", f"{own}/edits/.gitkeep", f"{own}/checks/.gitkeep",
    }  # fmt: skip
    assert git(workspace.root, "log", "-1", "--format=%s").strip() == (
        "beasts: 6 examples imported from beasts.csv"
    )
    left = status(workspace).not_committed()
    assert (left.n_edits, left.files) == (1, ("datasets/pets/dataset.toml",))
    assert status(workspace).datasets[1].edits == (waiting,)
    assert git(workspace.root, "diff", "--cached", "--name-only").split() == ["notes.md"]


def test_more_rows_are_a_commit_without_the_edits_that_wait(workspace, source):
    bring(workspace, source)
    edit_example(workspace, NAME, "a0", "label", "cat", annotator="ada")
    source.write_text(CSV + "b0,more,eel\n")
    found = bring(workspace, source, add_classes=True)
    assert files_of(workspace, found.revision) == {f"datasets/{NAME}/dataset.toml"}
    assert status(workspace).not_committed(NAME).n_edits == 1
    assert bring(workspace, source).revision is None  # nothing new


def test_edits_after_an_import_have_a_commit_of_their_own_and_are_taken_back_alone(
    workspace, source
):
    begun = bring(workspace, source).revision
    edit_example(workspace, NAME, "a0", "label", "cat", annotator="ada")
    edit_example(workspace, NAME, "a2", "label", "cat", annotator="ada")
    made = commit(workspace)
    assert made.message.splitlines()[0] == f"{NAME}: 2 relabelled"
    newest, first = log(workspace, NAME)[:2]
    assert (newest.revision, first.revision) == (made.revision, begun)
    assert newest.counts[NAME] == {"relabelled": 2} or sum(newest.counts[NAME].values()) == 2
    taken = revert(workspace, made.revision, annotator="ada")
    assert taken.n_edits == 2
    assert len(imported_labels(workspace, NAME)) == 6


def nobody(workspace: Workspace, monkeypatch) -> Callable[[], None]:
    empty = workspace.root.parent / "nobody"
    empty.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(empty))
    return monkeypatch.undo


def refusing_hook(workspace: Workspace, monkeypatch) -> Callable[[], None]:
    hook = workspace.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no commits on Mondays' >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook.unlink


def unfinished_merge(workspace: Workspace, monkeypatch) -> Callable[[], None]:
    mark = workspace.root / ".git" / "MERGE_HEAD"
    mark.write_text(git(workspace.root, "rev-parse", "HEAD"))
    return mark.unlink


def held_index(workspace: Workspace, monkeypatch) -> Callable[[], None]:
    lock = workspace.root / ".git" / "index.lock"
    lock.touch()
    return lock.unlink


@pytest.mark.parametrize(
    ("hinder", "why"),
    [
        (nobody, "git does not know"),
        (refusing_hook, "no commits on Mondays"),
        (unfinished_merge, "a merge is in progress"),
        (held_index, "index.lock"),
    ],
)
def test_an_import_that_cannot_be_committed_stands_and_a_commit_takes_it_later(
    workspace, source, monkeypatch, hinder, why
):
    before = git(workspace.root, "rev-parse", "HEAD")
    mend = hinder(workspace, monkeypatch)
    found = bring(workspace, source)
    assert found.revision is None and found.n_new == 6
    assert "imported and not committed" in found.notes[-1] and why in found.notes[-1]
    assert git(workspace.root, "rev-parse", "HEAD") == before
    mend()
    (own,) = (d for d in status(workspace).datasets if d.name == NAME)
    assert own.is_import_left
    commit(workspace)
    assert not len(status(workspace).not_committed())


def test_without_git_an_import_stands_and_says_that_it_is_not_committed(tmp_path, source):
    workspace = tiny_workspace(tmp_path / "plain", is_repository=False)
    found = bring(workspace, source)
    assert found.n_new == 6 and found.revision is None
    assert "imported and not committed" in found.notes[-1]


def test_errors_in_what_came_do_not_hold_its_commit_back_and_are_told(workspace, source):
    write_text(
        workspace.config_path(NAME),
        'title = "b"\nmodality = "text"\nclasses = ["cat", "dog", "eel"]\n\n'
        '[checks.severity]\nsmall_classes = "error"\n',
    )
    found = bring(workspace, source)
    assert found.revision
    assert any("errors stand" in note for note in found.notes)
    said = git(workspace.root, "log", "-1", "--format=%B")
    assert "Despite-errors: as it was imported (small_classes" in said


def test_a_killed_import_is_told_and_taken_by_a_commit(workspace, source):
    bring(workspace, source, commit=False)  # the kill came before git was asked
    (own,) = (d for d in status(workspace).datasets if d.name == NAME)
    assert own.is_import_left
    assert "params.yaml" in str(status(workspace).not_committed())
    commit(workspace)
    assert not len(status(workspace).not_committed())


def test_a_workspace_within_a_repository_commits_its_own_files(tmp_path, source):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    write_text(outer / "code.py", "print()\n")
    git(outer, "add", "code.py")
    workspace = new_workspace(outer / "data")
    found = bring(workspace, source)
    assert found.revision
    listed = files_of(workspace, found.revision)
    assert {"data/dvc.yaml", "data/params.yaml", f"data/datasets/{NAME}/dataset.toml"} <= listed
    assert "code.py" not in listed
    assert "A  code.py" in git(outer, "status", "--short")


def test_the_command_commits_with_its_data_and_leaves_it_where_it_is_told_to(
    tmp_path, source, capsys
):
    workspace = new_workspace(tmp_path / "w")
    at = ["--workspace", str(workspace.root)]
    assert run(["import", str(source), "--name", NAME, *at]) == 0
    said = capsys.readouterr().out
    head = git(workspace.root, "rev-parse", "HEAD").strip()
    assert f"committed as {head[:10]}" in said
    assert f"datasets/{NAME}/examples.dvc" in files_of(workspace, head)
    assert not len(status(workspace).not_committed())
    source.write_text(CSV + "b0,more,cat\n")
    assert run(["import", str(source), "--name", NAME, "--no-commit", *at]) == 0
    assert "committed" not in capsys.readouterr().out
    assert status(workspace).not_committed().files == (f"datasets/{NAME}/examples.dvc",)
    assert run(["status", *at]) == 0
    assert f"not committed: examples.dvc of {NAME}; upwell commit takes" in capsys.readouterr().out


def test_a_source_that_is_refused_commits_nothing(workspace, source):
    source.write_text("id,text\n1,a\n")
    before = git(workspace.root, "rev-parse", "HEAD")
    with pytest.raises(UpwellError):
        bring(workspace, source)
    assert git(workspace.root, "rev-parse", "HEAD") == before


def test_a_source_without_any_label_comes_in_with_the_classes_that_are_named(workspace, source):
    source.write_text("id,text\n1,a\n2,b\n")
    with pytest.raises(UpwellError, match="--classes cat,dog"):
        bring(workspace, source, label_column="")
    found = bring(workspace, source, label_column="", classes=["good", " bad ", "good"])
    assert found.classes == ("good", "bad")
    assert n_unlabelled(workspace, NAME) == 2
    with pytest.raises(UpwellError, match="--classes is for a new dataset"):
        bring(workspace, source, label_column="", classes=["good"])
