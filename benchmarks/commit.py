"""How long a commit of labels takes, beside DVC's fastest answer, and what else versioning costs.

    python benchmarks/commit.py [--repeats 15] [--history 100000]

In a workspace of its own: 1,000 edits a commit, on top of a log of ``--history`` committed edits;
each commit as a process of its own (``upwell commit``) and inside a process that is running, as
the workbench has it. Aim: a commit under 1 s, the status under 0.1 s once the log is read.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.edit import make_edit, to_line
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.duck import connect
from ide.store.edit_log import append_edits
from ide.store.files import write_parquet, write_text
from ide.store.history import diff
from ide.store.status import status
from ide.store.trust import trust
from ide.store.workspace import Workspace

CLASSES = [str(number) for number in range(10)]
N_EXAMPLES = 20_000

REASON = "the log is made up: its edits disagree"  # conflicts would block the commit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--history", type=int, default=100_000)
    options = sized(parser, repeats=1, history=200)
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder) / "work", n_committed=options.history)
        print(f"{options.history:,} committed edits of {N_EXAMPLES:,} examples")
        in_process, as_command = [], []
        for turn in range(options.repeats):
            append(workspace, 1_000, turn)
            in_process.append(seconds(lambda: commit(workspace, despite_errors=REASON)))
            append(workspace, 1_000, turn)
            as_command.append(
                seconds(
                    lambda: run(workspace, "-m", "ide.cli", "commit", "--despite-errors", REASON)
                )
            )
        report("commit 1,000 edits, in a running process", in_process)
        report("commit 1,000 edits, as a command", as_command)
        append(workspace, 1_000, 0)
        for name, call in (
            ("status", lambda: status(workspace)),
            ("diff against HEAD", lambda: diff(workspace)),
            ("log, 50 commits", lambda: log(workspace)),
            ("connect", lambda: connect(workspace).close()),
        ):
            first = seconds(call)
            again = [seconds(call) for _ in range(options.repeats)]
            report(f"{name} (first time {1000 * first:.0f} ms)", again)
        git = [seconds(lambda: run_git(workspace, "status")) for _ in range(options.repeats)]
        report("for comparison: git status", git)
        n_dvc = min(3, options.repeats)
        dvc = [seconds(lambda: run(workspace, "-m", "dvc", "version")) for _ in range(n_dvc)]
        report("for comparison: dvc version, which does nothing", dvc)


def make_workspace(root: Path, *, n_committed: int) -> Workspace:
    """Make a repository with one dataset and a long edit log."""
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(root / ".gitignore", "/datasets/*/examples/\n/.upwell/\n")
    write_text(root / ".gitattributes", "datasets/*/edits/*.jsonl merge=union -text\n")
    folder = root / "datasets" / "numbers"
    classes = ", ".join(f'"{c}"' for c in CLASSES)
    write_text(folder / "dataset.toml", f'modality = "text"\nclasses = [{classes}]\n')
    ids = [f"x{i}" for i in range(N_EXAMPLES)]
    columns = {
        "example_id": ids,
        "split": ["train"] * N_EXAMPLES,
        "label": [CLASSES[i % 10] for i in range(N_EXAMPLES)],
        "text": ids,
    }
    write_parquet(folder / "examples" / "part-0.parquet", pa.table(columns))
    lines = [to_line(an_edit(i, "ada")) + "\n" for i in range(n_committed)]
    write_text(folder / "edits" / "ada.jsonl", "".join(lines))
    workspace = Workspace(root)
    run_git(workspace, "init", "-q")
    trust(workspace)
    run_git(workspace, "config", "user.name", "Ada")
    run_git(workspace, "config", "user.email", "ada@example.org")
    run_git(workspace, "add", "-A")
    run_git(workspace, "commit", "-qm", "begin")
    return workspace


def an_edit(number: int, annotator: str):
    return make_edit(
        f"x{number % N_EXAMPLES}",
        "label",
        CLASSES[(number * 7 + number // N_EXAMPLES) % 10],
        annotator=annotator,
    )


def append(workspace: Workspace, n: int, turn: int) -> None:
    edits = [an_edit(turn * n + i + 1, "ada") for i in range(n)]
    append_edits(workspace, "numbers", edits)


def run(workspace: Workspace, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, *arguments], cwd=workspace.root, check=True, capture_output=True
    )


def run_git(workspace: Workspace, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=workspace.root, check=True, capture_output=True)


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def report(name: str, found: list[float]) -> None:
    worst = max(found)
    print(f"{name}: median {1000 * statistics.median(found):.0f} ms, worst {1000 * worst:.0f} ms")


if __name__ == "__main__":
    main()
