"""A commit keeps what git notes of files besides their bytes, wherever the workspace lies."""

from __future__ import annotations

import pytest

from ide.dataset.errors import GitError
from ide.store.committing import commit
from ide.store.merging import merge
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "pets")


def mode(workspace, path, revision="HEAD"):
    return git(workspace.root, "ls-tree", revision, "--", path).split(" ")[0]


def add_check(workspace, *, permissions):
    path = workspace.checks_path("pets") / "night.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text("# no check yet\n")
    path.chmod(permissions)
    return path


def test_a_file_that_can_be_executed_stays_so_and_does_not_block_the_next_commit(pets):
    path = add_check(pets, permissions=0o755)
    commit(pets)
    assert mode(pets, "datasets/pets/checks/night.py") == "100755"
    assert git(pets.root, "status", "--porcelain") == ""
    path.chmod(0o644)
    commit(pets)
    assert mode(pets, "datasets/pets/checks/night.py") == "100644"
    with pytest.raises(GitError):
        commit(pets)


def test_where_the_disk_does_not_tell_the_index_does(pets):
    path = add_check(pets, permissions=0o755)
    commit(pets)
    git(pets.root, "config", "core.fileMode", "false")
    path.chmod(0o644)
    path.write_text("# changed\n")
    commit(pets)
    assert mode(pets, "datasets/pets/checks/night.py") == "100755"


def test_a_merge_keeps_the_mode_of_a_file_that_it_mends(pets):
    toml = pets.config_path("pets")
    toml.chmod(0o755)
    commit(pets)
    text = toml.read_text()
    git(pets.root, "switch", "-qc", "other")
    toml.write_text(text.replace('["cat"', '["ant", "cat"'))
    commit(pets)
    git(pets.root, "switch", "-q", "main")
    toml.write_text(text.replace('["cat"', '["bee", "cat"'))
    commit(pets)
    merge(pets, "other")
    assert mode(pets, "datasets/pets/dataset.toml") == "100755"
    assert git(pets.root, "status", "--porcelain") == ""


def test_below_the_root_of_a_repository_filters_are_found_by_the_file_s_own_path(tmp_path):
    workspace = tiny_workspace(tmp_path / "data", is_repository=False)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "begin")
    git(tmp_path, "config", "filter.loud.clean", "tr a-z A-Z")
    (tmp_path / ".git/info/attributes").write_text("/data/datasets/*/dataset.toml filter=loud\n")
    toml = workspace.config_path("pets")
    toml.write_text(toml.read_text() + "# quiet\n")
    edit(workspace, "x0", "label", "dog")
    commit(workspace)
    assert "# QUIET" in git(tmp_path, "show", "HEAD:data/datasets/pets/dataset.toml")
    assert '"label"' in git(tmp_path, "show", "HEAD:data/datasets/pets/edits/ada.jsonl")
    assert git(tmp_path, "status", "--porcelain") == ""
