"""How many compiles, and how long, it takes to find the commit with 200 wrong labels among 16.

``python benchmarks/bisection.py [--seeds 3]`` makes a workspace with scikit-learn's digits, and for
each seed 16 commits of label edits, one of them with 200 wrong labels in the training set, at a
place that the seed draws. Two kinds of wrong: *swap*, two classes are taken for each other, and
the gate is the accuracy on both; *uniform*, any class, and the gate is the loss. The
other commits confirm labels, and change one in five to any other class.

Nothing is built when a search begins, and DVC's cache is empty; the bound is one that a person
could have written before, and nothing of the truth is told. ``halving``: what git bisect's way,
which does not look at how much a commit changed, would have needed at the same commits.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.bisection import BAD, GOOD, PROBE, most_builds, search
from ide.dataset.edit import make_edit
from ide.store.bisect_state import Bisect
from ide.store.bisecting import run_bisect
from ide.store.edit_log import append_edits
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.state import imported_labels, imported_splits
from ide.store.workspace import Workspace

N_COMMITS, N_WRONG, N_EDITS = 16, 200, 20
SHARE_CHANGED = 0.2  # of the edits of the other commits; the rest confirm
GATES = {
    "swap": "accuracy on label in ('3', '8') >= 0.8",
    "uniform": "loss <= 0.2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=list(GATES), default=list(GATES))
    options = sized(parser, seeds=1, kinds=["swap"])
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before")
    print(f"{N_COMMITS} commits, {N_WRONG} wrong labels in one; bound {most_builds(N_COMMITS)}")
    print("kind     seed  planted  found  compiles  halving  seconds  doubt")
    with tempfile.TemporaryDirectory() as folder:
        for kind, gate in ((kind, GATES[kind]) for kind in options.kinds):
            for seed in range(options.seeds):
                root = Path(folder) / f"{kind}{seed}"
                row = one(root, kind, gate, seed)
                print("{:8} {:4}  {:7}  {:5}  {:8}  {:7}  {:7.1f}  {}".format(*row), flush=True)


def one(root: Path, kind: str, gate: str, seed: int) -> tuple[str | int | float, ...]:
    """Plant, search, and return a row of the table."""
    workspace = new_workspace(root)
    import_source(workspace, "sklearn:digits", name="digits")
    good = _commit(root, "the digits")
    rng = random.Random(seed)
    place = rng.randrange(N_COMMITS)
    revisions = []
    for number, batch in enumerate(_batches(workspace, kind, place, rng)):
        edits = [make_edit(i, *change, annotator="bench") for i, change in batch.items()]
        append_edits(workspace, "digits", edits)
        revisions.append(_commit(root, f"batch {number + 1}"))
    begun = time.perf_counter()
    found = run_bisect(workspace, "digits", good=good, gate=gate)
    seconds = time.perf_counter() - begun
    said = "yes" if found.culprits == (revisions[place],) else found.message or "another"
    plain = halving(found, revisions[place])
    doubt = "said" if found.doubt else ""
    return kind, seed, place + 1, said, found.n_built, plain, seconds, doubt


def halving(found: Bisect, culprit: str) -> int:
    """Return how many builds plain halving takes to the same culprit."""
    candidates = [stop.revision for stop in found.legs[0].candidates]
    place = candidates.index(culprit) + 1
    verdicts: dict[int, str] = {}
    while (step := search([1.0] * len(candidates), verdicts)).state == PROBE:
        assert step.probe is not None
        verdicts[step.probe] = GOOD if step.probe < place else BAD
    return len(verdicts)


def _batches(
    workspace: Workspace, kind: str, place: int, rng: random.Random
) -> Iterator[Mapping[str, tuple[str, str]]]:
    """Yield what each commit does: example id → (action, value)."""
    labels, splits = (f(workspace, "digits") for f in (imported_labels, imported_splits))
    train = [i for i in sorted(labels) if splits[i] == "train"]
    rng.shuffle(train)
    swap = {"3": "8", "8": "3"}
    wrong = [i for i in train if kind == "uniform" or labels[i] in swap][:N_WRONG]
    rest = [i for i in train if i not in set(wrong)]
    for number in range(N_COMMITS):
        batch = {}
        for example_id in wrong if number == place else [rest.pop() for _ in range(N_EDITS)]:
            label = str(labels[example_id])
            if number == place and kind == "swap":
                batch[example_id] = ("label", swap[label])
            elif number == place or rng.random() < SHARE_CHANGED:
                batch[example_id] = ("label", _other(label, rng))
            else:
                batch[example_id] = ("confirm", label)
        yield batch


def _other(label: str, rng: random.Random) -> str:
    return str((int(label) + rng.randrange(1, 10)) % 10)


def _commit(root: Path, message: str) -> str:
    for command in (["add", "-A"], ["commit", "-qm", message]):
        subprocess.run(["git", *command], cwd=root, check=True)
    said = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True)
    return said.stdout.decode().strip()


if __name__ == "__main__":
    main()
