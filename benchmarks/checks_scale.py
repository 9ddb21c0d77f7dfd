"""Near duplicates and outliers of 50,000 × 384 beside cleanlab's Datalab, and of up to 500,000.

    pip install 'cleanlab[datalab]'      # only for the comparison
    python benchmarks/checks_scale.py [--quick]

Each row is a process of its own that makes the same points from a seed, runs Upwell's two checks
(one neighbour search, issues with their sentences) or Datalab's near_duplicate and outlier, and
tells its wall seconds, CPU seconds and peak memory, the points included. The points are clusters
of 24 uneven dimensions in 384, of very different sizes and widths, with 2 % near copies and 0.5 %
outliers: neighbours in i.i.d. noise would mean nothing. "exact" is Upwell's with all pairs
compared. On a machine that others use, CPU seconds say more than wall seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized

D = 384
N_CLASSES, N_MODES, RANK = 100, 8, 24
NEAR_COPIES, STRANGE = 0.02, 0.005  # shares of the points


def clustered(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (n, 384) float32 points, the rows that are near copies, and the strange ones."""
    g = np.random.default_rng(seed)
    classes = g.normal(size=(N_CLASSES, D))
    modes = classes.repeat(N_MODES, 0) + 0.7 * g.normal(size=(N_CLASSES * N_MODES, D))
    axes = g.normal(size=(N_CLASSES, RANK, D)) / np.sqrt(np.arange(1, RANK + 1))[:, None]
    weights = g.permutation(1 / np.sqrt(np.arange(1, len(modes) + 1)))
    mode = g.choice(len(modes), n, p=weights / weights.sum())
    points = np.empty((n, D), np.float32)
    for start in range(0, n, 4096):
        own = mode[start : start + 4096]
        widths = 0.45 * g.lognormal(0, 0.35, len(own))
        for c in np.unique(own // N_MODES):
            rows = np.flatnonzero(own // N_MODES == c)
            spread = widths[rows, None] * g.normal(size=(len(rows), RANK))
            points[start + rows] = modes[own[rows]] + spread @ axes[c]
        points[start : start + len(own)] += 0.08 * g.standard_normal((len(own), D), np.float32)
    n_copies, n_strange = int(NEAR_COPIES * n), int(STRANGE * n)
    rows = g.permutation(n)
    copies, strange = rows[:n_copies], rows[n_copies : n_copies + n_strange]
    originals = rows[n_copies + n_strange :][:n_copies]
    points[copies] = points[originals] + 0.02 * g.standard_normal((n_copies, D), np.float32)
    one, other = g.choice(originals, (2, n_strange))
    noise = g.standard_normal((n_strange, D), np.float32)
    points[strange] = (points[one] + points[other]) / 2 + 1.5 * noise
    return points, copies, strange


def run_upwell(points: np.ndarray, *, exact: bool) -> dict[str, np.ndarray]:
    """Run the checks as ``upwell check`` does, with these features."""
    from ide.dataset import neighbors
    from ide.dataset.checks import CheckInput, run_checks
    from ide.dataset.schema import LABELS

    n = len(points)
    if exact:
        neighbors.EXACT_UP_TO = n
    ids = pa.array([f"{i:06d}" for i in range(n)])
    values = {
        "example_id": ids,
        "label": pa.array(["a"] * n),
        "split": pa.array(["train"] * n),
        "is_excluded": pa.array(np.zeros(n, bool)),
        "n_edits": pa.array(np.zeros(n, np.int32)),
        "annotator": pa.nulls(n, pa.string()),
        "is_conflict": pa.array(np.zeros(n, bool)),
    }
    labels = pa.table([values[f.name].cast(f.type) for f in LABELS], schema=LABELS)
    dataset = CheckInput(labels, ids, ("a",), raw_features=points)
    issues = run_checks(dataset, ["near_duplicates", "outliers"])
    found = {"neighbors": dataset.raw_neighbors[0]}
    for name in ("near_duplicates", "outliers"):
        of_check = issues.filter(pa.compute.equal(issues["check"], name))
        ends = of_check["example_id"].to_pylist() + of_check["other_id"].to_pylist()
        found[name] = np.unique([int(i) for i in ends if i is not None]).astype(np.int64)
    return found


def run_datalab(points: np.ndarray) -> dict[str, np.ndarray]:
    from cleanlab import Datalab

    lab = Datalab({"row": list(range(len(points)))}, verbosity=0)
    lab.find_issues(features=points, issue_types={"near_duplicate": {}, "outlier": {}})
    issues = lab.get_issues()
    return {
        "near_duplicates": np.flatnonzero(issues["is_near_duplicate_issue"]),
        "outliers": np.flatnonzero(issues["is_outlier_issue"]),
    }


def child(method: str, n: int, seed: int, path: Path) -> None:
    """Measure one method in this process and leave what it found in ``path``."""
    points, copies, strange = clustered(n, seed)
    wall, cpu = time.perf_counter(), time.process_time()
    found = (
        run_datalab(points) if method == "datalab" else run_upwell(points, exact=method == "exact")
    )
    facts = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_gb": peak_bytes() / 1e9,
        "copies_found": share_in(copies, found["near_duplicates"]),
        "strange_found": share_in(strange, found["outliers"]),
        "n_near_duplicates": len(found["near_duplicates"]),
        "n_outliers": len(found["outliers"]),
    }
    np.savez(path, **found)
    print(json.dumps(facts))


def peak_bytes() -> int:
    """Return the most memory this process has had; ``exec`` resets it where /proc knows it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def share_in(wanted: np.ndarray, found: np.ndarray) -> float:
    return float(np.isin(wanted, found).mean()) if len(wanted) else 1.0


def measure(method: str, n: int, seed: int, folder: Path) -> dict[str, float]:
    """Run a child and print its row."""
    path = folder / f"{method}-{n}.npz"
    command = [sys.executable, __file__, "--child", method, str(n), str(seed), str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    facts = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{method:8s} {n:9,d} {facts['wall_s']:8.1f} {facts['cpu_s']:8.1f} {facts['peak_gb']:8.2f}"
        f" {facts['copies_found']:8.3f} {facts['strange_found']:8.3f}"
        f" {facts['n_near_duplicates']:8,d} {facts['n_outliers']:8,d}",
        flush=True,
    )
    return facts


def compare(folder: Path, n: int) -> None:
    """Print how much of the exact neighbours' result the index finds."""
    exact, ours = (np.load(folder / f"{method}-{n}.npz") for method in ("exact", "upwell"))
    both = (ours["neighbors"][:, :, None] == exact["neighbors"][:, None, :]).any(2)
    print(f"recall of the exact neighbours    {both.mean():.4f}  (aim 0.98)")
    for name in ("near_duplicates", "outliers"):
        recall, precision = share_in(exact[name], ours[name]), share_in(ours[name], exact[name])
        print(f"recall of exact {name:16s}  {recall:.4f}  (aim 0.98), precision {precision:.4f}")


def has_datalab() -> bool:
    """Whether Datalab's own dependency is here; a workspace's folder of that name is none."""
    try:
        return importlib.util.find_spec("datasets.arrow_dataset") is not None
    except ModuleNotFoundError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20,000 and 40,000 points only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=4, metavar=("METHOD", "N", "SEED", "PATH"))
    options = sized(parser)
    if options.child:
        method, n, seed, path = options.child
        child(method, int(n), int(seed), Path(path))
        return
    sizes = [20_000, 40_000] if options.quick else [50_000, 100_000, 200_000, 500_000]
    sizes = [300, 600] if options.smallest else sizes
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before; × {D} features")
    print("method           n   wall s    CPU s  peak GB   copies  strange     dups outliers")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = measure("upwell", sizes[0], options.seed, folder)
        measure("exact", sizes[0], options.seed, folder)
        if options.smallest:
            print("datalab: not compared at this size")
        elif not has_datalab():
            print("datalab: not compared; it needs: pip install 'cleanlab[datalab]'")
        else:
            theirs = measure("datalab", sizes[0], options.seed, folder)
            wall, cpu = (theirs[key] / first[key] for key in ("wall_s", "cpu_s"))
            print(f"Datalab ÷ Upwell: wall {wall:.1f}, CPU {cpu:.1f}  (aim 10)")
        compare(folder, sizes[0])
        facts = {n: measure("upwell", n, options.seed, folder) for n in sizes[1:]}
        last = sizes[-1]
        growth = np.log(facts[last]["cpu_s"] / first["cpu_s"]) / np.log(last / sizes[0])
        print(f"CPU time grows as n^{growth:.2f}  (aim: less than 2)")
        print(f"peak memory at {last:,}: {facts[last]['peak_gb']:.2f} GB  (aim 4)")


if __name__ == "__main__":
    main()
