"""History at the size of a large dataset, beside git on one CSV file and DVC on one Parquet file.

    python benchmarks/history.py [--examples 1000000] [--edits 10000] [--commits 100]
                                 [--repeats 5] [--without-others]

Makes its own repository: a million labels, 10,000 edits of them by four annotators in 100 commits.
Then status, diff, commit, merge, blame, log and connect: inside a process that is running, as the
workbench has it (the first time, and again), and as a command, a process of its own. Beside it the
same by ``git`` on one CSV file of as many rows with as many commits, and by DVC on one Parquet
file, which knows no rows. Aims: status, diff, commit and merge at most 1 s, blame 0.1 s.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.edit import Edit, make_edit, to_line
from ide.store.edit_log import append_edits
from ide.store.files import write_parquet, write_text
from ide.store.trust import trust
from ide.store.workspace import Workspace

CLASSES = [str(number) for number in range(10)]
ANNOTATORS = ("ada", "ben", "cleo", "dan")
NAME = "numbers"
N_NEW = 100  # edits that are not committed when something is timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without-others", action="store_true", help="not git's CSV, not DVC")
    parser.add_argument("--without-commands", action="store_true", help="within a process only")
    parser.add_argument("--keep", type=Path, help="make the repositories here, and leave them")
    small = {"examples": 2_000, "edits": 40, "commits": 4}
    options = sized(parser, **small, repeats=1, without_others=True, without_commands=True)
    print(
        f"{options.examples:,} labels, {options.edits:,} edits in {options.commits:,} commits; "
        f"{N_NEW} edits that are new"
    )
    with folder_of(options.keep) as folder:
        edits = list(some_edits(options.examples, options.edits))
        measure_upwell(folder / "upwell", options, edits)
        if not options.without_others:
            measure_csv(folder / "csv", options, edits)
            measure_dvc(folder / "dvc", options)


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


# --- upwell


def measure_upwell(root: Path, options: argparse.Namespace, edits: list[Edit]) -> None:
    workspace = Workspace(root)
    if not root.exists():
        make_workspace(root, options, edits)
    trust(workspace)
    calls = upwell_calls(edits[0].example_id)
    print("\nupwell, in a running process, as the workbench has it")
    label(workspace, options.examples, 1)
    for name in ("blame",) if options.without_commands else ("status", "diff", "blame", "log"):
        forget(workspace)
        report(f"{name}, the first of a machine", [cold(root, name, edits[0].example_id)])
    for name, call in calls.items():
        prepare = PREPARE.get(name)
        found = []
        for turn in range(options.repeats + 1):
            if prepare is not None:
                prepare(workspace, options.examples, turn)
            found.append(seconds(lambda call=call: call(workspace)))
        report(f"{name}, the first time", found[:1])
        report(f"{name}, again", found[1:])
    if options.without_commands:
        return
    print("\nupwell, as a command (a process of its own)")
    label(workspace, options.examples, 50)
    for name, arguments in upwell_commands(edits[0].example_id).items():
        found = []
        for turn in range(options.repeats):
            if name in PREPARE:
                PREPARE[name](workspace, options.examples, 100 + turn)
            found.append(seconds(lambda a=arguments: run(root, "-m", "ide.cli", *a)))
        report(f"upwell {name}", found)


def upwell_calls(example_id: str) -> dict[str, Callable[[Workspace], object]]:
    """Name → what is timed. Imports happen here, so that none of them is timed."""
    from ide.store.commits import log
    from ide.store.committing import commit
    from ide.store.duck import connect
    from ide.store.history import blame, diff
    from ide.store.status import status

    calls: dict[str, Callable[[Workspace], object]] = {
        "status": status,
        "diff": diff,
        "diff of all commits": lambda w: diff(w, "begin", "HEAD"),
        "blame": lambda w: blame(w, NAME, example_id),
        "log": lambda w: log(w, NAME),
        "connect": lambda w: connect(w).close(),
        "commit": commit,
    }
    try:
        from ide.store.merging import merge
    except ImportError:
        print("  (there is no merge in this version)")
    else:
        calls["merge"] = lambda w: merge(w, "other")
    return calls


def upwell_commands(example_id: str) -> dict[str, list[str]]:
    return {
        "status": ["status"],
        "diff": ["diff"],
        "diff of all commits": ["diff", "begin", "HEAD", "--format", "csv"],
        "blame": ["blame", NAME, example_id],
        "log": ["log", NAME],
        "sql": ["sql", f"SELECT count(*) FROM {NAME}.labels"],
        "commit": ["commit"],
        "merge": ["merge", "other"],
    }


def label(workspace: Workspace, n_examples: int, turn: int) -> None:
    """Make ``N_NEW`` edits that are not committed."""
    append_edits(workspace, NAME, list(some_edits(n_examples, N_NEW, first=20_000 + turn * N_NEW)))


def branch_off(workspace: Workspace, n_examples: int, turn: int) -> None:
    """Make a branch ``other`` with 1,000 edits that HEAD lacks, and as many on HEAD."""
    root = workspace.root
    if git(root, "status", "--porcelain"):
        git(root, "commit", "-qam", "what was left")
    git(root, "branch", "-f", "other")
    for branch, first in (("other", 400_000), ("main", 700_000)):
        git(root, "switch", "-q", branch)
        own = list(some_edits(n_examples, 1_000, first=first + turn * 1_000))
        append_edits(workspace, NAME, own)
        git(root, "commit", "-qam", f"1,000 on {branch}")


PREPARE = {"commit": label, "merge": branch_off}


def forget(workspace: Workspace) -> None:
    """Remove what this machine keeps beside the repository."""
    shutil.rmtree(workspace.local_path, ignore_errors=True)


def cold(root: Path, name: str, example_id: str) -> Took:
    """Time one call in a process that has read nothing yet; imports are not timed."""
    code = f"import runpy; m = runpy.run_path({str(Path(__file__).resolve())!r}); m['tell']"
    said = run(root, "-P", "-c", f"{code}({name!r}, {example_id!r})").splitlines()[-1]
    return Took(*map(float, said.split()))


def tell(name: str, example_id: str) -> None:
    """Print what ``cold`` reads."""
    call = upwell_calls(example_id)[name]
    took = seconds(lambda: call(Workspace(Path.cwd())))
    print(took.wall_s, took.cpu_s)


def make_workspace(root: Path, options: argparse.Namespace, edits: list[Edit]) -> None:
    """Make a repository with one dataset and a long edit log."""
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(root / "params.yaml", f"datasets:\n  - {NAME}\n")
    write_text(root / ".gitignore", "/datasets/*/examples/\n/.upwell/\n/.dvc/cache\n/.dvc/tmp\n")
    write_text(root / ".gitattributes", "datasets/*/edits/*.jsonl merge=union -text\n")
    folder = root / "datasets" / NAME
    classes = ", ".join(f'"{c}"' for c in CLASSES)
    write_text(folder / "dataset.toml", f'modality = "text"\nclasses = [{classes}]\n')
    write_text(folder / "edits" / ".gitkeep", "")
    write_parquet(folder / "examples" / "part-000000000001.parquet", examples(options.examples))
    begin(root)
    size = max(1, len(edits) // options.commits)
    for number, start in enumerate(range(0, len(edits), size)):
        own = edits[start : start + size]
        path = folder / "edits" / f"{ANNOTATORS[number % len(ANNOTATORS)]}.jsonl"
        with path.open("a", encoding="utf-8") as stream:
            stream.writelines(to_line(edit) + "\n" for edit in own)
        git(root, "add", "datasets")
        git(root, "commit", "-qm", f"{len(own)} labels")


def examples(n: int) -> pa.Table:
    ids = example_ids(n)
    random.Random(1).shuffle(ids)
    return pa.table(
        {
            "example_id": ids,
            "split": pa.array(["train", "train", "train", "test"] * (n // 4 + 1)).slice(0, n),
            "label": pa.array(CLASSES * (n // len(CLASSES) + 1)).slice(0, n),
            "text": ids,
        }
    )


def example_ids(n: int) -> list[str]:
    """Ids as an import makes them: 16 hex digits."""
    return [id_of(i) for i in range(n)]


def id_of(number: int) -> str:
    return f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}"


def some_edits(n_examples: int, n: int, *, first: int = 0) -> Iterator[Edit]:
    """Yield edits of ``n`` examples, no two of one: with a reason now and then, and evidence."""
    for number in range(first, first + n):
        yield make_edit(
            id_of(number * 7919 % n_examples),
            "label",
            CLASSES[number * 13 % 10],
            annotator=ANNOTATORS[number // N_NEW % len(ANNOTATORS)],
            reason="closed at the top" if number % 10 == 0 else None,
            evidence={"build_id": "0123456789abcdef", "rank": number + 1, "p_mislabeled": 0.93},
        )


# --- git on one CSV file


def measure_csv(root: Path, options: argparse.Namespace, edits: list[Edit]) -> None:
    """Time git where the labels are one CSV file, a row an example, sorted by id."""
    table = root / "labels.csv"
    if not root.exists():
        make_csv(root, options, edits)
    print("\ngit on one CSV file")
    timed("git status", options, lambda turn: set_rows(table, turn), root, "status")
    timed("git diff", options, None, root, "diff", "--stat")
    timed("git diff of all commits", options, None, root, "diff", "--numstat", "begin", "HEAD")
    timed(
        "git commit -a",
        options,
        lambda turn: set_rows(table, 100 + turn),
        *(root, "commit", "-qam", "labels"),
    )
    git(root, "checkout", "-q", "--", ".")
    timed(
        "git merge",
        options,
        lambda turn: branch_csv(root, options, turn),
        *(root, "merge", "-q", "other"),
    )
    row = sorted(example_ids(options.examples)).index(edits[0].example_id) + 2
    blamed = seconds(lambda: git(root, "blame", "-L", f"{row},{row}", "labels.csv"))
    report("git blame of one row", [blamed])


def timed(
    name: str,
    options: argparse.Namespace,
    prepare: Callable[[int], None] | None,
    root: Path,
    *arguments: str,
) -> None:
    found = []
    for turn in range(min(3, options.repeats)):
        if prepare:
            prepare(turn)
        found.append(seconds(lambda: git(root, *arguments)))
    report(name, found)


def make_csv(root: Path, options: argparse.Namespace, edits: list[Edit]) -> None:
    root.mkdir(parents=True)
    labels = dict.fromkeys(sorted(example_ids(options.examples)), "0")
    write_csv(root / "labels.csv", labels)
    begin(root)
    git(root, "config", "core.looseCompression", "1")  # only to be ready sooner
    size = max(1, len(edits) // options.commits)
    for start in range(0, len(edits), size):
        own = edits[start : start + size]
        labels.update((e.example_id, f"{e.value} by {e.annotator}") for e in own)
        write_csv(root / "labels.csv", labels)
        git(root, "commit", "-qam", "labels")
    git(root, "config", "--unset", "core.looseCompression")


def write_csv(path: Path, labels: dict[str, str]) -> None:
    path.write_text("example_id,label\n" + "".join(f"{i},{v}\n" for i, v in labels.items()))


def set_rows(path: Path, turn: int, *, at: int = 0) -> None:
    """Change ``N_NEW`` rows of the file."""
    lines = path.read_text().splitlines()
    chance = random.Random(turn + at)
    for row in chance.sample(range(1, len(lines)), N_NEW) if not at else range(at, at + 1_000):
        lines[row] = f"{lines[row].split(',')[0]},turn {turn} at {time.time_ns()}"
    path.write_text("\n".join(lines) + "\n")


def branch_csv(root: Path, options: argparse.Namespace, turn: int) -> None:
    git(root, "branch", "-f", "other")
    for branch, at in (("other", 10_000), ("main", options.examples // 2)):
        git(root, "switch", "-q", branch)
        set_rows(root / "labels.csv", turn, at=at)
        git(root, "commit", "-qam", f"1,000 on {branch}")


# --- DVC on one Parquet file


def measure_dvc(root: Path, options: argparse.Namespace) -> None:
    """Time DVC where the labels are one Parquet file. It knows no rows: no blame, no merge."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "labels.parquet"
    labels = examples(options.examples).select(["example_id", "label"])
    write_parquet(path, labels)
    git(root, "init", "-q", "-b", "main")
    dvc(root, "init", "-q")
    dvc(root, "add", "-q", "labels.parquet")
    begin(root)
    print("\nDVC on one Parquet file (which rows changed, and by whom, it cannot tell)")
    status_s, diff_s, commit_s = [], [], []
    for turn in range(min(3, options.repeats)):
        changed = pa.array([f"turn {turn}"] * N_NEW).cast(pa.string())
        column = pa.concat_arrays([changed, labels["label"].combine_chunks().slice(N_NEW)])
        write_parquet(path, labels.set_column(1, "label", column))
        status_s.append(seconds(lambda: dvc(root, "status", "-q")))
        diff_s.append(seconds(lambda: dvc(root, "diff")))
        commit_s.append(seconds(lambda: add_and_commit(root)))
    report("dvc status", status_s)
    report("dvc diff", diff_s)
    report("dvc add and git commit", commit_s)


def add_and_commit(root: Path) -> None:
    dvc(root, "add", "-q", "labels.parquet")
    git(root, "commit", "-qam", "labels")


# --- what all of them use


def begin(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "config", "gc.auto", "0")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    git(root, "tag", "begin")


def git(root: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True)
    return done.stdout.decode()


def dvc(root: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "dvc", *arguments]
    subprocess.run(command, cwd=root, capture_output=True, check=False)


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout.decode()


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, and how much of a processor: its own and its processes'."""

    wall_s: float
    cpu_s: float


def seconds(call: Callable[[], object]) -> Took:
    before, start = cpu_seconds(), time.perf_counter()
    call()
    return Took(time.perf_counter() - start, cpu_seconds() - before)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def report(name: str, found: list[Took]) -> None:
    wall, cpu = ([getattr(took, field) for took in found] for field in ("wall_s", "cpu_s"))
    print(
        f"  {name:<32} {statistics.median(wall):8.3f} s  worst {max(wall):8.3f} s"
        f"  cpu {statistics.median(cpu):8.3f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
