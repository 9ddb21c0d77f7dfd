"""A drill, end to end: plant, compile, score, end; DVC and a merge know nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ide import cli
from ide.store.build_process import run_build
from ide.store.builds import build_table, current_build, list_builds
from ide.store.drill_file import drill_in_force
from ide.store.state import edit_example, imported_labels
from tests.conftest import git
from tests.small import build_bytes, compiled_workspace, copy_workspace

pytestmark = pytest.mark.flow

N_PLANTED = 20
N_FOUND_AT_LEAST = 8  # of the first 22, after three epochs on 300 digits; by chance it is 1 or 2


def upwell(capsys, workspace, *arguments):
    """Run a command in a workspace and return its exit code and what it prints."""
    capsys.readouterr()
    code = cli.run([*arguments, "--workspace", str(workspace.root)])
    return code, capsys.readouterr().out


def test_a_drill_is_planted_compiled_scored_and_leaves_no_trace(tmp_path_factory, tmp_path, capsys):
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(base, tmp_path / "w")
    clean, before, truth = (
        current_build(workspace, "some"),
        build_bytes(workspace),
        imported_labels(workspace, "some"),
    )
    code, out = upwell(
        capsys, workspace, "drill", "some", "--errors", str(N_PLANTED), "--seed", "1"
    )
    drill = drill_in_force(workspace, "some")
    assert code == 0 and f"20 wrong labels planted on the branch {drill.branch}" in out
    assert "10 neighbouring, 10 uniform" in out
    assert list_builds(workspace, "some") == []

    (build,) = run_build(workspace, ["some"])
    assert build == current_build(workspace, "some") != clean
    assert build_bytes(workspace) == before
    assert git(workspace.root, "status", "--porcelain") == ""
    labels = build_table(build, "labels")
    given = dict(zip(labels["example_id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    assert given == {**truth, **drill.labels}

    wrong = drill.planted[0]
    edit_example(workspace, "some", wrong.example_id, "label", wrong.true_label, annotator="ada")
    code, out = upwell(capsys, workspace, "drill", "some", "--score", "--format", "csv")
    rows = {tuple(line.split(",")[:2]): line.split(",")[2:] for line in out.splitlines()}
    assert code == 0 and int(rows["detector", "recall at 22"][0]) >= N_FOUND_AT_LEAST
    assert rows["ada", "found"][:2] == ["1", "20"]

    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "verdicts")
    git(workspace.root, "switch", "-q", "main")
    git(workspace.root, "merge", "-q", "--ff-only", drill.branch)
    assert current_build(workspace, "some") == clean
    assert imported_labels(workspace, "some") == truth
    code, out = upwell(capsys, workspace, "drill", "some", "--end")
    assert code == 2
    command = [sys.executable, "-m", "dvc", "repro", "-q", "snapshot@some"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    subprocess.run(command, cwd=workspace.root, check=True, capture_output=True, env=env)
    after = build_bytes(workspace)
    assert {f for f in after if after[f] != before[f]} <= {"dvc.lock"}
