"""The whole ranking of 1,000,000 labels of 100 classes from saved arrays, beside cleanlab's.

    pip install cleanlab                 # only for the comparison
    python benchmarks/rank_scale.py [--n 1000000] [--classes 100] [--seed 0]

A process makes the arrays from a seed and saves them: labels of which 15 % are wrong, most of them
for a class that is easily confused; the record of a training of 20 epochs that learns the easy
examples early and the wrong labels late; its ten nearest neighbours; the plan of the second look,
made by ``plan_second_look``, and the record of 10 epochs that were given it.

Each row is then a process of its own that loads what it needs into memory first, and tells the
seconds and the memory beyond that: Upwell from the arrays to the table of suspects, sentences and
neighbours' ids included, with two threads as always; cleanlab's ``find_label_issues_batched`` and
``find_label_issues`` from labels and probabilities to a mask, with one process.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.second_look import SecondLook, plan_second_look
from ide.dataset.signals import N_NEIGHBORS, Training
from ide.dataset.suspects import Labelled, rank

WRONG = 0.15  # share of the labels
TO_ITS_LIKE = 0.7  # of these are of the class that is easily taken for the true one
EPOCHS, SECOND_EPOCHS = 20, 10
NEAR_ARE_LIKE = 0.85  # share of the neighbours that are of the same true class
HELD_OUT = 0.2  # share of the examples that nobody trains on
AT_ONCE = 20_000  # examples that are made at once
RECORD = ("probs", "mean_probs", "losses", "margins", "el2n", "neighbors")
METHODS = ("upwell", "find_label_issues_batched", "find_label_issues")


def make(folder: Path, n: int, n_classes: int, seed: int) -> None:
    """Save the arrays of both trainings in ``folder``."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, n_classes, n)
    step = np.where(
        generator.random(n) < TO_ITS_LIKE, 1, generator.integers(1, max(2, n_classes), n)
    )
    labels = np.where(generator.random(n) < WRONG, (truth + step) % n_classes, truth)
    ease = generator.gamma(4.0, 1.0, n).astype(np.float32)  # of learning an example, in logits
    is_train = generator.random(n) >= HELD_OUT
    examples = labelled(labels, is_train, n_classes)
    options = {"ease": ease, "n_classes": n_classes, "generator": generator}
    first = train(truth, labels, is_train, epochs=EPOCHS, **options)
    run = first.of(examples.rows, labels, is_candidate=examples.is_candidate)
    look = plan_second_look(run, rows=examples.rows, labels=labels, is_train=is_train, seed=seed)
    save(folder / "first", first)
    del first, run
    second = train(truth, look.labels, look.is_train, epochs=SECOND_EPOCHS, **options)
    save(folder / "second", second)
    for name, values in (
        ("labels", labels),
        ("is_train", is_train),
        ("look_labels", look.labels),
        ("look_is_train", look.is_train),
        ("look_is_trusted", look.is_trusted),
        ("look_is_planted", look.is_planted),
    ):
        np.save(folder / f"{name}.npy", values)


def train(
    truth: np.ndarray,
    labels: np.ndarray,
    is_train: np.ndarray,
    *,
    ease: np.ndarray,
    n_classes: int,
    epochs: int,
    generator: np.random.Generator,
) -> Training:
    """Make up the record of a training that is given ``labels`` (N,)."""
    n = len(truth)
    probs = np.empty((n, n_classes), np.float32)
    mean_probs, el2n = np.zeros_like(probs), np.zeros(n, np.float32)
    losses, margins = (np.empty((epochs, n), np.float32) for _ in range(2))
    for start in range(0, n, AT_ONCE):
        part = slice(start, min(start + AT_ONCE, n))
        here, own = np.arange(part.stop - start), labels[part]
        likeness = generator.standard_normal((len(here), n_classes), np.float32)
        likeness[here, (truth[part] + 1) % n_classes] += 2
        for epoch in range(epochs):
            learnt = (epoch + 1) / epochs
            logits = likeness.copy()
            logits[here, truth[part]] += 1 + 2 * ease[part] * learnt
            logits[here, own] += 4 * learnt**2 * is_train[part]  # learnt by heart
            logits -= logits.max(1, keepdims=True)
            p = np.exp(logits, out=logits)
            p /= p.sum(1, keepdims=True)
            mean_probs[part] += p / epochs
            of_own = p[here, own]
            p[here, own] = -1
            other = p.max(1)
            p[here, own] = of_own - 1
            losses[epoch, part] = -np.log(np.maximum(of_own, 1e-12))
            margins[epoch, part] = of_own - other
            el2n[part] += np.sqrt(np.einsum("nk,nk->n", p, p)) / epochs
            p[here, own] = of_own
        probs[part] = p
    near = neighbors(truth, generator)
    return Training(probs, mean_probs, losses, margins, el2n, np.zeros((n, 0), np.float32), near)


def neighbors(truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw (N, 10) neighbours, most of them of the example's own true class."""
    n = len(truth)
    by_class = np.argsort(truth, kind="stable")
    counts = np.bincount(truth)
    starts = np.cumsum(counts) - counts
    found = generator.integers(0, n, (n, N_NEIGHBORS))
    is_like = generator.random(found.shape) < NEAR_ARE_LIKE
    place = (generator.random(found.shape) * counts[truth][:, None]).astype(np.int64)
    return np.where(is_like, by_class[starts[truth][:, None] + place], found)


def save(path: Path, training: Training) -> None:
    path.mkdir()
    for name in RECORD:
        np.save(path / f"{name}.npy", getattr(training, name))


def load(path: Path) -> Training:
    record = {name: np.load(path / f"{name}.npy") for name in RECORD}
    return Training(**record, embeddings=np.zeros((len(record["probs"]), 0), np.float32))


def labelled(labels: np.ndarray, is_train: np.ndarray, n_classes: int) -> Labelled:
    nobody = np.zeros(len(labels), bool)
    places = pa.array(np.where(is_train, 0, 1).astype(np.int8))
    return Labelled(
        example_ids=pa.array([f"{row:08d}" for row in range(len(labels))]),
        labels=labels,
        splits=pa.array(["train", "test"]).take(places),
        classes=[f"class_{k:03d}" for k in range(n_classes)],
        is_train=is_train,
        is_excluded=nobody,
        is_conflict=nobody,
    )


def upwell(folder: Path, n_classes: int) -> Callable[[], int]:
    """Load what the ranking needs; return the ranking, which gives the number of suspects."""
    labels, is_train = (np.load(folder / f"{name}.npy") for name in ("labels", "is_train"))
    look = SecondLook(
        *(
            np.load(folder / f"look_{name}.npy")
            for name in ("labels", "is_train", "is_trusted", "is_planted")
        )
    )
    examples = labelled(labels, is_train, n_classes)
    first, second = load(folder / "first"), load(folder / "second")

    def work() -> int:
        table = rank(examples, first, second=second, look=look)
        return int((table["p_mislabeled"].to_numpy() > 0.5).sum())

    return work


def cleanlab(folder: Path, method: str) -> Callable[[], int]:
    """Load labels and probabilities; return the method, which gives the number of issues."""
    from cleanlab.experimental.label_issues_batched import find_label_issues_batched
    from cleanlab.filter import find_label_issues

    labels, probs = (np.load(folder / f"{name}.npy") for name in ("labels", "first/mean_probs"))

    def work() -> int:
        if method == "find_label_issues":
            return int(find_label_issues(labels, probs, n_jobs=1).sum())
        return len(find_label_issues_batched(labels, probs, n_jobs=1, verbose=False))

    return work


def child(method: str, folder: Path, n_classes: int) -> None:
    """Measure one method in this process."""
    work = upwell(folder, n_classes) if method == "upwell" else cleanlab(folder, method)
    before = forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    n_found = work()
    facts = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "extra_gb": (memory("VmHWM") - before) / 1e9,
        "n_found": n_found,
    }
    print(json.dumps(facts))


def forget_peak() -> int:
    """Make the kernel forget this process's peak of memory; return what it has now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def measure(method: str, folder: Path, n_classes: int) -> dict[str, float]:
    """Run a child and print its row."""
    command = [sys.executable, __file__, "--child", method, str(folder), str(n_classes)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    facts = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{method:26s} {facts['wall_s']:8.2f} {facts['cpu_s']:8.2f} {facts['extra_gb']:9.3f}"
        f" {facts['n_found']:10,d}",
        flush=True,
    )
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="examples")
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--keep", type=Path, help="folder for the arrays, made if it is not there")
    parser.add_argument("--child", nargs=3, metavar=("METHOD", "FOLDER", "CLASSES"))
    options = sized(parser, n=600, classes=3, rounds=1)
    if options.child:
        method, folder, n_classes = options.child
        child(method, Path(folder), int(n_classes))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "look_is_planted.npy").exists():
            make(folder, options.n, options.classes, options.seed)
        compare(folder, options.classes, options.rounds, METHODS[: 1 if options.smallest else None])


def compare(folder: Path, n_classes: int, rounds: int, methods: Sequence[str]) -> None:
    """Run all methods so many times in turn and print the ratios of their medians."""
    n = len(np.load(folder / "labels.npy", mmap_mode="r"))
    print(f"{n:,} × {n_classes}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print("method                       wall s    CPU s  extra GB   suspects")
    known = importlib.util.find_spec("cleanlab") is not None
    methods = methods if known else methods[:1]
    found = {method: [] for method in methods}
    for _ in range(rounds):
        for method in methods:
            found[method].append(measure(method, folder, n_classes))
    if len(methods) == 1:
        print("cleanlab: not compared" + ("" if known else "; it needs: pip install cleanlab"))
        return
    of = {
        method: {key: float(np.median([f[key] for f in facts])) for key in facts[0]}
        for method, facts in found.items()
    }
    ours, batched, whole = (of[method] for method in METHODS)
    wall, cpu = (ours[key] / batched[key] for key in ("wall_s", "cpu_s"))
    print(f"time ÷ find_label_issues_batched: wall {wall:.2f}  (aim 1), CPU {cpu:.2f}")
    print(f"memory ÷ find_label_issues: {ours['extra_gb'] / whole['extra_gb']:.2f}  (aim 0.5)")


if __name__ == "__main__":
    main()
