"""Killed at any moment, an import leaves all of what it brings, or nothing. Real kills."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ide.store.examples import n_examples
from ide.store.importing.lock import undo_killed_imports
from ide.store.importing.new_classes import add_classes_of_part
from ide.store.workspace import Workspace
from tests.store.importing_tools import bare_workspace, import_quietly, texts, tree, write_csv

# One process forks a child a workspace; each child kills itself (SIGKILL, so nothing is tidied
# up) at another of the moments at which an import touches the disk.
KILLER = """
import os, signal, sys
import pandas  # which Arrow loads when first used: once here, not once a child
from ide.store.importing import import_source
from ide.store.workspace import Workspace

TOUCHES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")

def run(root, moment, source):
    n = 0
    def count(event, arguments):
        nonlocal n
        nonlocal n
        if event in TOUCHES and str(root) in str(arguments[0]):  # Python's own files aside
            n += 1
            if n == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    import_source(Workspace(root), source, name="pets", track=False, add_classes=True)

from pathlib import Path
source, *roots = sys.argv[1:]
for moment, root in enumerate(roots, 1):
    child = os.fork()
    if child == 0:
        try:
            run(Path(root), moment, source)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)
"""
N_MOMENTS = 40


def kill_imports(source, workspaces: list[Workspace]) -> list[str]:
    command = [sys.executable, "-c", KILLER, str(source), *(str(w.root) for w in workspaces)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout.split()


@pytest.fixture
def source(tmp_path):
    return write_csv(tmp_path / "t.csv", [["text", "label"], *texts(12)])


def test_a_killed_import_of_a_dataset_leaves_all_or_nothing(tmp_path, source):
    workspaces = [bare_workspace(tmp_path / f"w{k}") for k in range(N_MOMENTS)]
    ends = kill_imports(source, workspaces)
    seen = set()
    for workspace in workspaces:
        names = workspace.datasets()
        seen.add(bool(names))
        assert names in ([], ["pets"])
        if names:
            assert n_examples(workspace, "pets") == 12
            assert len(workspace.config("pets").classes) == 2
        import_quietly(workspace, source)
        assert n_examples(workspace, "pets") == 12
        assert [p.name for p in workspace.datasets_path.iterdir()] == ["pets"]
        assert "- pets" in (workspace.root / "params.yaml").read_text()
    assert set(ends) == {"killed", "finished"}, "the moments reach from the first to the last"
    assert seen == {True, False}


def test_a_killed_append_leaves_all_or_nothing(tmp_path, source):
    workspaces = [bare_workspace(tmp_path / f"w{k}") for k in range(N_MOMENTS)]
    first = write_csv(tmp_path / "first.csv", [["text", "label"], *texts(7)])
    for workspace in workspaces:
        import_quietly(workspace, first)
    before = tree(workspaces[0].dataset_path("pets"))
    kill_imports(source, workspaces)
    seen = set()
    for workspace in workspaces:
        assert workspace.datasets() == ["pets"]
        seen.add(n_examples(workspace, "pets"))
        assert before.items() <= tree(workspace.dataset_path("pets")).items()
        import_quietly(workspace, source)
        assert n_examples(workspace, "pets") == 12
    assert seen == {7, 12}


def test_a_killed_append_leaves_no_class_without_its_examples(tmp_path):
    workspaces = [bare_workspace(tmp_path / f"w{k}") for k in range(N_MOMENTS)]
    first = write_csv(tmp_path / "first.csv", [["text", "label"], *texts(7)])
    second = write_csv(tmp_path / "second.csv", [["text", "label"], ["newer", "fair"]])
    for workspace in workspaces:
        import_quietly(workspace, first)
    kill_imports(second, workspaces)
    seen, were_half = set(), 0
    for workspace in workspaces:
        n_classes = len(workspace.config("pets").classes)
        is_there = n_examples(workspace, "pets") == 8
        were_half += n_classes == 3 and not is_there
        undo_killed_imports(workspace)
        seen.add(is_there)
        assert len(workspace.config("pets").classes) == 2 + is_there
    assert seen == {True, False}
    assert were_half, "one of the moments lies between the class and its examples"


def test_a_class_that_somebody_wrote_since_is_left_alone(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_csv(tmp_path / "a.csv", [["text", "label"], *texts(7)]))
    folder = workspace.datasets_path / ".import-killed"
    folder.mkdir()
    add_classes_of_part(workspace, "pets", ["fair"], folder=folder, part="part-none.parquet")
    toml = workspace.config_path("pets")
    toml.write_text(toml.read_text() + "# mine\n")
    undo_killed_imports(workspace)
    assert workspace.config("pets").classes[-1] == "fair"
    assert not folder.exists()
