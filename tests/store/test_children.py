"""A process that we start imports nothing from its folder, and ends when we do, however that is."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

import ide
from ide.store.children import python_environment, start_child
from ide.store.dvc import end_group
from ide.store.revision_code import code_of, lend_code
from ide.store.workspace import Workspace
from tests.store.tiny import tiny_workspace

ROOT = Path(ide.__file__).parents[1]
STARTER = """
import signal, sys
from pathlib import Path
from ide.store.children import start_child

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests by nohup hands down another
process = start_child(["tree"], folder=Path.cwd(), output=sys.stdout.fileno(),
                      environment={"PYTHONPATH": sys.argv[1]})
process.wait()
"""
TREE = """
import os, subprocess
child = subprocess.Popen(["sh", "-c", "sleep 300 & wait"])
os.write(1, f"{os.getpid()} {child.pid}\\n".encode())
child.wait()
"""


def living(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_starter_leaves_no_child_and_no_child_of_a_child(tmp_path):
    """As ``upwell compile``, DVC and a stage stand to each other."""
    (tmp_path / "tree.py").write_text(TREE)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 2 and all(map(living, pids))
        os.kill(starter.pid, number)
        starter.wait()
        starter.stdout.close()
        deadline = time.monotonic() + 20
        while any(map(living, pids)):
            assert time.monotonic() < deadline, f"left over after {number.name}"
            time.sleep(0.02)


def test_a_child_that_we_end_ends_with_its_own(tmp_path):
    (tmp_path / "tree.py").write_text(TREE)
    with (tmp_path / "log").open("wb") as log:
        process = start_child(
            ["tree"], folder=tmp_path, output=log, environment={"PYTHONPATH": str(tmp_path)}
        )
        while not (tmp_path / "log").read_text().endswith("\n"):
            assert process.poll() is None
            time.sleep(0.02)
    pids = [int(pid) for pid in (tmp_path / "log").read_text().split()]
    end_group(process.pid)
    process.wait()
    assert not any(map(living, pids))


def test_no_python_that_we_start_imports_from_its_folder(tmp_path, monkeypatch):
    """Nor by an entry of PYTHONPATH that is empty, which means that folder."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", str(ROOT)]))
    assert python_environment()["PYTHONPATH"] == str(ROOT)
    with (tmp_path / "log").open("wb") as log:
        process = start_child(["json.tool", "--help"], folder=tmp_path, output=log)
        assert process.wait() == 0
    assert "the wrong json" not in (tmp_path / "log").read_text()


def test_every_python_is_started_in_one_place():
    """Elsewhere one would forget what keeps a workspace's modules out."""
    found = set()
    for path in sorted((ROOT / "ide").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable":
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= {"ide/store/children.py", "ide/store/dvc.py"}  # there: its folder, for PATH


def test_a_revision_is_lent_code_only_where_upwell_itself_is_developed(tmp_path):
    workspace = tiny_workspace(tmp_path / "w")
    clean = Workspace(workspace.local_path / "at/work/0")
    for name in ("ide", "models", "pipelines"):
        (clean.root / name).mkdir(parents=True)
    planted = clean.root.with_suffix(".code")
    planted.mkdir()  # as an archive may bring it
    lend_code(workspace, clean)
    assert code_of(clean) == {} and not planted.exists()
    assert code_of(workspace) == {}
    home = Workspace(ROOT)
    lend_code(home, clean)
    assert code_of(clean)["PYTHONPATH"].split(os.pathsep)[0] == str(planted)
    assert sorted(p.name for p in planted.iterdir()) == ["ide", "models", "pipelines"]
