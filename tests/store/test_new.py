"""A new workspace: works like this repository, or leaves nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ide.dataset.errors import WorkspaceError
from ide.store.new import new_workspace
from ide.store.params import read_params
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.importing_tools import tree


def test_a_new_workspace_is_a_repository_with_everything_committed(tmp_path):
    workspace = new_workspace(tmp_path / "a" / "pets")
    assert Workspace.find(workspace.root / "datasets") == workspace
    assert workspace.datasets() == [] and read_params(workspace)["datasets"] == []
    assert git(workspace.root, "status", "--porcelain") == ""
    assert git(workspace.root, "branch", "--show-current").strip() == "main"
    attribute = git(workspace.root, "check-attr", "merge", "datasets/pets/edits/ada.jsonl")
    assert attribute.strip().endswith("merge: union")
    assert list(tmp_path.glob("a/.*")) == []


def test_dvc_takes_it_for_its_own_and_sends_no_analytics(tmp_path):
    root = new_workspace(tmp_path / "pets").root
    command = [sys.executable, "-m", "dvc", "config", "--local", "--list"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert "analytics = false" in (root / ".dvc" / "config").read_text()


def test_builds_and_local_state_are_not_gits(tmp_path):
    root = new_workspace(tmp_path / "pets").root
    for path in ("builds/digits/model.json", ".upwell/x", "datasets/.import-x/pets/dataset.toml"):
        (root / path).parent.mkdir(parents=True)
        (root / path).touch()
    assert git(root, "status", "--porcelain", "--untracked-files=all") == ""


def test_without_an_identity_the_files_are_staged_for_a_person(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{name}_EMAIL", raising=False)
    monkeypatch.delenv("EMAIL", raising=False)
    root = new_workspace(tmp_path / "pets").root
    status = git(root, "status", "--porcelain")
    assert "A  dvc.yaml" in status and "??" not in status


def test_a_persons_repository_becomes_a_workspace_and_keeps_its_files(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".gitignore").write_text("*.log")
    new_workspace(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text().startswith("*.log\n/builds/\n")
    assert git(tmp_path, "diff", "--cached", "--name-only") == ""


def test_below_a_repository_no_second_one_is_begun(tmp_path):
    git(tmp_path, "init", "-q")
    workspace = new_workspace(tmp_path / "inner")
    assert not (workspace.root / ".git").exists()


def test_an_empty_folder_will_do(tmp_path):
    (tmp_path / "empty").mkdir()
    assert new_workspace(tmp_path / "empty").datasets() == []


@pytest.mark.parametrize(
    ("existing", "wanted"),
    [
        ({"photo.jpg": "x"}, "neither empty nor a git repository"),
        ({".git/HEAD": "x", "dvc.yaml": "stages: {mine: {}}"}, "has a dvc.yaml of its own"),
        ({"datasets/x": "", "dvc.yaml": ""}, "is a workspace already"),
    ],
)
def test_a_folder_that_is_not_fit_is_refused_and_left_as_it_is(tmp_path, existing, wanted):
    for name, text in existing.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = tree(tmp_path)
    with pytest.raises(WorkspaceError, match=wanted):
        new_workspace(tmp_path)
    assert tree(tmp_path) == before


def test_a_file_and_a_place_within_a_workspace_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="is a file"):
        new_workspace(tmp_path / "file")
    root = new_workspace(tmp_path / "pets").root
    with pytest.raises(WorkspaceError, match="lies in the workspace"):
        new_workspace(root / "inner")


def test_without_git_there_is_a_sentence_and_no_folder(tmp_path, monkeypatch):
    from ide.dataset.errors import GitError

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError):
        new_workspace(tmp_path / "pets")
    assert list(tmp_path.iterdir()) == []
