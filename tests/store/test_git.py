"""Git by its command line: what it says, and what is said when it refuses."""

from __future__ import annotations

import pytest

from ide.dataset.errors import GitError, StorageError
from ide.store import git
from tests.conftest import git as run_git
from tests.store.tiny import tiny_workspace


@pytest.fixture
def root(tmp_path):
    return tiny_workspace(tmp_path / "work").root


def test_without_git_the_sentence_says_how_to_get_it(root, monkeypatch):
    monkeypatch.setenv("PATH", str(root / "nowhere"))
    with pytest.raises(GitError, match=r"git is not installed.*try again"):
        git.repository(root)


def test_a_folder_without_a_repository_is_told_apart_from_one_without_commits(tmp_path):
    (tmp_path / "bare").mkdir()
    with pytest.raises(GitError, match=r"not in a git repository.*git init"):
        git.head_revision(tmp_path / "bare")
    run_git(tmp_path / "bare", "init", "-q")
    assert git.head_revision(tmp_path / "bare") is None
    assert git.branch(tmp_path / "bare") == "main"
    with pytest.raises(GitError, match=r"no commit yet.*upwell commit"):
        git.resolve(tmp_path / "bare", "HEAD")


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to write loose object file: No space left on device",
        "fatal: sha1 file '/w/.git/index.lock' write error. Out of diskspace",
    ],
)
def test_a_full_disk_is_no_wrong_request_and_no_lock_of_another_git(root, said):
    error = git.refused(said, root)
    assert isinstance(error, StorageError) and "the disk is full" in str(error)


def test_head_branch_and_a_detached_head(root):
    head = run_git(root, "rev-parse", "HEAD").strip()
    assert (git.head_revision(root), git.branch(root)) == (head, "main")
    run_git(root, "checkout", "-q", "--detach")
    assert (git.head_revision(root), git.branch(root)) == (head, None)


@pytest.mark.parametrize(
    "name", ["nowhere", "--output=/tmp/x", "-1", "", "HEAD\n", "HEAD HEAD", "HEAD:dvc.yaml", "a\0b"]
)
def test_what_is_no_revision_is_refused_and_never_an_option(root, name):
    with pytest.raises(GitError, match="is no revision here"):
        git.resolve(root, name)


def test_a_file_is_read_at_a_revision_also_from_a_subfolder_of_a_repository(tmp_path):
    run_git(tmp_path, "init", "-q")
    workspace = tiny_workspace(tmp_path / "a folder" / "wörk", is_repository=False)
    run_git(tmp_path, "add", "-A")
    run_git(tmp_path, "commit", "-qm", "begin")
    assert git.show(workspace.root, "HEAD", "dvc.yaml") == b"stages: {}\n"
    assert git.show(workspace.root, "main", "nowhere.yaml") is None
    repo = git.repository(workspace.root)
    assert repo.prefix == "a folder/wörk/"
    files = git.list_files(repo, workspace.root, "HEAD", "datasets")
    assert set(files) == {"datasets/pets/dataset.toml", "datasets/pets/edits/.gitkeep"}


def test_blobs_of_any_bytes_come_back_whole_and_missing_ones_are_left_out(root):
    contents = [b"", b"no newline", b"a\nb\n", bytes(range(256)) * 50]
    for index, data in enumerate(contents):
        (root / f"f{index}").write_bytes(data)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "bytes")
    names = [f"HEAD:f{i}" for i in range(4)]
    assert git.read_blobs(root, ["HEAD:nowhere", *names]) == dict(zip(names, contents, strict=True))


def test_the_environment_of_a_hook_does_not_lead_elsewhere(root, tmp_path, monkeypatch):
    run_git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / "index"))
    assert git.head_revision(root) is not None
