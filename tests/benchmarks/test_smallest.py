"""Every benchmark runs: each at its smallest size, and by itself, without anything of the tests."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(p for p in (ROOT / "benchmarks").glob("*.py") if "__main__" in p.read_text())
# Each compiles several times, or calls DVC a dozen times, and cannot do less: 15 to 60 s. What
# they are made of is tested in tests/flows, and tests/browser/test_loop.py goes round with loop.py.
# UPWELL_ALL_BENCHMARKS=1 runs them too.
LONG = frozenset({"adding.py", "attribution.py", "bisection.py", "compile.py", "loop.py"})
BROWSER = frozenset({"keyboard.py", "loop.py", "throttled_clicks.py"})


def run(script: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark as a person does, elsewhere than in the repository."""
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env={**os.environ, "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_benchmark_runs_at_its_smallest_size(script, tmp_path, request):
    if script.name in LONG and not os.environ.get("UPWELL_ALL_BENCHMARKS"):
        pytest.skip("takes longer than the suite has, whatever its size")
    if script.name in BROWSER:
        request.getfixturevalue("chromium")  # skips where there is none
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    done = run(script, folder, "--smallest")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() or script.name == "hard_cases.py"  # all of its data are elsewhere


@pytest.mark.parametrize("script", sorted(LONG))
def test_a_long_benchmark_can_at_least_be_asked_what_it_is(script, tmp_path):
    done = run(ROOT / "benchmarks" / script, tmp_path, "--help")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "--smallest" in done.stdout


def test_benchmarks_import_nothing_of_the_tests():
    for path in (ROOT / "benchmarks").rglob("*.py"):
        tree = ast.walk(ast.parse(path.read_text()))
        names = [
            name
            for node in tree
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        ]
        assert not [name for name in names if name.split(".")[0] == "tests"], path


def test_make_bench_runs_every_benchmark_and_no_helper():
    line = next(t for t in (ROOT / "Makefile").read_text().splitlines() if "benchmarks/" in t)
    assert "grep -l __main__ benchmarks/*.py" in line
    assert {"synthetic.py", "sizes.py", "browsing.py"}.isdisjoint(p.name for p in SCRIPTS)
