"""Two machines and what lies between: what one has compiled, the other does not compile again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ide import cli
from ide.dataset.errors import ConfigError, DrillError, GitError, StorageError
from ide.store.build_of import build_of_revision
from ide.store.build_process import run_build
from ide.store.builds import current_build
from ide.store.committing import commit
from ide.store.dvc_examples import dvc
from ide.store.named_data import named_by
from ide.store.rebuilding import build_at
from ide.store.remotes import pull, push
from ide.store.runs import load_run, run_folder
from ide.store.state import edit_example
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.small import build_bytes, compiled_workspace, copy_workspace

# one worker runs them, in their order: what one pushes the next pulls
pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def ada(tmp_path_factory) -> Workspace:
    """A compiled workspace whose examples are DVC's, beside a bare repository and a folder."""
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    folder = tmp_path_factory.mktemp("remotes")
    made = copy_workspace(base, folder / "ada")
    assert dvc(made, "add", "--quiet", "datasets/some/examples").returncode == 0
    commit(made, "tracked")
    (folder / "store").mkdir()
    git(folder, "init", "-q", "--bare", "-b", "main", "hub.git")
    return made


def stages_run(workspace: Workspace) -> list[str]:
    """Return the stages that the latest build ran."""
    log = (run_folder(workspace, load_run(workspace).run_id) / "dvc.log").read_text()
    return re.findall(r"Running stage '(\w+)@some'", log)


def add_remote(workspace: Workspace, folder: Path) -> None:
    config = workspace.root / ".dvc" / "config"
    config.write_text(
        f"[core]\n    autostage = false\n    remote = store\n['remote \"store\"']\n"
        f"    url = {os.path.relpath(folder, config.parent)}\n"
    )


def _run(command: list[str]) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode


def clone(ada: Workspace, name: str) -> Workspace:
    folder = ada.root.parent
    git(folder, "clone", "-q", "hub.git", name)
    return Workspace(folder / name)


def test_what_was_compiled_at_a_revision_is_pushed_and_never_trained_again(ada):
    before, first = build_bytes(ada), current_build(ada, "some")
    store = ada.root.parent / "store"
    with pytest.raises(GitError, match="there is no git remote"):
        push(ada)
    git(ada.root, "remote", "add", "origin", str(ada.root.parent / "hub.git"))
    with pytest.raises(ConfigError, match="there is no DVC remote to exchange it by"):
        push(ada)
    add_remote(ada, store.with_name("unmounted"))
    with pytest.raises(StorageError, match=r"is not there: .*unmounted. Mount it, or make it"):
        push(ada)
    assert not store.with_name("unmounted").exists()
    add_remote(ada, store)
    git(ada.root, "commit", "-qm", "The DVC remote", ".dvc/config")

    edit_example(ada, "some", "x000", "confirm", annotator="ada")  # what is trained is the same
    confirmed = commit(ada).revision
    edit_example(ada, "some", "x001", "label", "4", annotator="ada")  # stays uncommitted
    assert build_of_revision(ada, "some", "HEAD") is None
    (made,) = build_at(ada, ["some"], "HEAD")
    assert (made.build_id, made.revision, made.n_edits) == (first.build_id, confirmed, 1)
    assert build_of_revision(ada, "some", confirmed) == made
    assert build_of_revision(ada, "some", "HEAD~1").n_edits == 0
    assert build_bytes(ada) == before and current_build(ada, "some") == first
    assert git(ada.root, "status", "--short").split() == ["M", "datasets/some/edits/ada.jsonl"]

    git(ada.root, "checkout", "-q", "datasets/some/edits/ada.jsonl")
    (again,) = run_build(ada)
    assert stages_run(ada) == []
    assert again.n_edits == 1  # and not what dvc.lock had, though the remote was asked
    assert push(ada).n_files  # also the build of committed labels whose dvc.lock is not committed

    ben = clone(ada, "ben")
    pulled = pull(ben)
    assert pulled.notes == () and pulled.n_files
    (fetched,) = run_build(ben)
    assert stages_run(ben) == [] and fetched.build_id == made.build_id and fetched.n_edits == 1
    files = {p.name for p in fetched.path.iterdir()} - {"build.json", "flips.parquet"}
    assert all((fetched.path / f).read_bytes() == (made.path / f).read_bytes() for f in files)


def test_both_sides_moved_on_and_a_drill_stays(ada, capsys):
    cara = clone(ada, "cara")
    git(cara.root, "commit", "-q", "--allow-empty", "-m", "hers")
    for example_id in ("x008", "x009"):
        commit_before = commit(ada) if example_id == "x009" else None
        edit_example(ada, "some", example_id, "confirm", annotator="ada")
    assert commit_before and "1 edit is not committed" in push(ada).notes[0]
    head = git(cara.root, "rev-parse", "HEAD")
    with pytest.raises(GitError, match=r"both moved on \(1 here, 1 there\).*upwell merge origin"):
        push(cara)
    assert cli.run(["pull", "--workspace", str(cara.root)]) == 2
    assert "have both moved on" in capsys.readouterr().err
    assert git(cara.root, "rev-parse", "HEAD") == head
    git(cara.root, "switch", "-qc", "drill/some-0123")
    for verb in (push, pull):
        with pytest.raises(DrillError, match="is a drill"):
            verb(cara)
    git(cara.root, "switch", "-qc", "began-on-one", "origin/main~1")
    (cara.edits_path("some") / "drill.json").write_text("{}")
    git(cara.root, "add", "-A")
    git(cara.root, "commit", "-qm", "planted")
    with pytest.raises(DrillError, match=r"planted labels \(datasets/some/edits/drill.json\)"):
        push(cara)
    git(cara.root, "switch", "-q", "--detach")
    with pytest.raises(GitError, match="HEAD is detached"):
        push(cara)


def test_a_full_remote_loses_nothing_and_push_goes_on(ada, tmp_path):
    named = named_by(ada, "HEAD")
    assert {"datasets/some/examples", "builds/some/model.json"} <= {n.path for n in named}
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)]
    if not shutil.which("mount") or _run(command):
        pytest.skip("a small disk can only be mounted by root")
    try:
        edit_example(ada, "some", "x010", "confirm", annotator="ada")
        commit(ada)
        there = git(ada.root, "ls-remote", "origin", "main")
        git(ada.root, "update-ref", "refs/remotes/origin/main", "HEAD~2")
        add_remote(ada, small)
        with pytest.raises(StorageError, match=r"the DVC remote 'store' .* is full.*goes on"):
            push(ada)
        assert git(ada.root, "ls-remote", "origin", "main") == there  # no commit without its data
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        assert push(ada).n_commits == 1
        assert push(ada).n_files == 0
    finally:
        subprocess.run(["umount", str(small)], check=False)
