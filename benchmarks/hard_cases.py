"""The cases that rankings of wrong labels fail on, a row each: Upwell beside cleanlab's scores.

    python benchmarks/hard_cases.py [--data DIR] [--work DIR] [--cases NAME …]
        [--seeds 5] [--jobs 2]

Imbalanced and tiny classes, 150 classes, two classes, four labels in ten wrong, errors in the test
split only, one annotator who is wrong in one way. Trainings are kept as by ``suspects.py``, and
the figures are the same.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy
sys.path.insert(0, str(Path(__file__).parent.parent))

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.label_noise.datasets import Data
from benchmarks.label_noise.measure import Task
from benchmarks.label_noise.noise import plant
from benchmarks.label_noise.run import (
    SMALLEST,
    Cell,
    add_options,
    available,
    run,
    write_results,
)
from benchmarks.label_noise.summary import rows, summarise
from benchmarks.label_noise.table import cleanlab_table, main_table, summary_lines
from benchmarks.label_noise.training import Network
from benchmarks.sizes import sized

N_ANNOTATORS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), metavar="NAME")
    options = sized(parser, seeds=1)
    options.n = SMALLEST if options.smallest else None
    wanted = options.cases or list(CASES)
    datasets = sorted({CASES[case][0] for case in wanted})
    found = available(datasets, options, is_asked=bool(options.cases))
    cells = [
        Cell(CASES[case][0], case, seed)
        for seed in range(options.seeds)
        for case in wanted
        if CASES[case][0] in found
    ]
    if not cells:
        print("nothing to measure: every case needs data.", file=sys.stderr)
        return
    results = run(cells, make, options)
    write_results(results, Path(options.work) / "hard_cases.json")
    table = rows(results)
    print(main_table(table), cleanlab_table(table), summary_lines(summarise(table)), sep="\n\n")


def make(data: Data, case: str, seed: int) -> Task:
    """Make the case from its dataset."""
    return CASES[case][1](f"{case} ({data.name})", data, seed)


def imbalance(name: str, data: Data, seed: int) -> Task:
    """Classes of 700 down to 7 examples, each a little smaller than the one before; 10 % wrong."""
    n_classes = len(data.classes)
    sizes = np.round(700 * 100.0 ** (-np.arange(n_classes) / (n_classes - 1))).astype(int)
    return _with_errors(name, data, "uniform", 0.10, seed, rows=_thin(data.truth, sizes, seed))


def tiny_classes(name: str, data: Data, seed: int) -> Task:
    """The last three classes have 15 examples, the others hundreds; 10 % wrong."""
    sizes = np.where(np.arange(len(data.classes)) < len(data.classes) - 3, len(data.truth), 15)
    return _with_errors(name, data, "uniform", 0.10, seed, rows=_thin(data.truth, sizes, seed))


def all_tiny(name: str, data: Data, seed: int) -> Task:
    """Every class has 15 examples; 10 % wrong."""
    sizes = np.full(len(data.classes), 15)
    return _with_errors(name, data, "uniform", 0.10, seed, rows=_thin(data.truth, sizes, seed))


def many_classes(name: str, data: Data, seed: int) -> Task:
    """All classes, 20 % taken for the neighbouring one."""
    return _with_errors(name, data, "neighbouring", 0.20, seed)


def much_uniform(name: str, data: Data, seed: int) -> Task:
    """Any other class, 40 %."""
    return _with_errors(name, data, "uniform", 0.40, seed)


def much_instance(name: str, data: Data, seed: int) -> Task:
    """A rate and target of each example's own, 40 %."""
    return _with_errors(name, data, "instance", 0.40, seed)


def two_classes(name: str, data: Data, seed: int) -> Task:
    """Fours and nines only; 15 % taken for the other."""
    rows = np.flatnonzero(np.isin(data.truth, (4, 9)))
    truth = (data.truth == 9).astype(np.int64)
    two = Data(data.name, data.inputs, truth, ("4", "9"), data.architecture, data.epochs)
    return _with_errors(name, two, "uniform", 0.15, seed, rows=rows)


def test_errors(name: str, data: Data, seed: int) -> Task:
    """A quarter is no training example, and a fifth of it is wrong; what is trained on is right."""
    rng = np.random.default_rng([seed, 1])
    is_train = np.ones(len(data.truth), bool)
    is_train[rng.choice(len(data.truth), len(data.truth) // 4, replace=False)] = False
    rows = np.flatnonzero(~is_train)
    labels = data.truth.copy()
    labels[rows] = plant(
        "neighbouring", data.features[rows], data.truth[rows], len(data.classes), seed=seed
    )
    return Task(name, data.inputs, labels, data.truth, _network(data, seed), is_train)


def one_way(name: str, data: Data, seed: int) -> Task:
    """One of five annotators, who share the examples, says 3 for every 8."""
    annotator = np.random.default_rng([seed, 2]).integers(0, N_ANNOTATORS, len(data.truth))
    labels = np.where((annotator == 0) & (data.truth == 8), 3, data.truth)
    return Task(name, data.inputs, labels, data.truth, _network(data, seed))


CASES: dict[str, tuple[str, Callable[[str, Data, int], Task]]] = {
    "imbalance 1:100": ("pendigits", imbalance),
    "three classes of 15": ("pendigits", tiny_classes),
    "150 classes of 15": ("clinc150", all_tiny),
    "150 classes": ("clinc150", many_classes),
    "2 classes": ("pendigits", two_classes),
    "40 % uniform": ("pendigits", much_uniform),
    "40 % instance": ("fsdd", much_instance),
    "test-set errors": ("fsdd", test_errors),
    "one annotator, 3 for 8": ("pendigits", one_way),
}


def _with_errors(
    name: str, data: Data, errors: str, share: float, seed: int, *, rows: np.ndarray | None = None
) -> Task:
    """Plant errors in the examples ``rows`` (all, if left out), the others being left out."""
    rows = np.arange(len(data.truth)) if rows is None else rows
    truth, features = data.truth[rows], data.features[rows]
    labels = plant(errors, features, truth, len(data.classes), seed=seed, share=share)
    return Task(name, data.inputs[rows], labels, truth, _network(data, seed))


def _network(data: Data, seed: int) -> Network:
    return Network(data.architecture, len(data.classes), data.epochs, seed)


def _thin(truth: np.ndarray, sizes: np.ndarray, seed: int) -> np.ndarray:
    """Give rows of which at most ``sizes[k]`` are of class k, drawn at random, in their order."""
    shuffled = np.random.default_rng([seed, 3]).permutation(len(truth))
    kept = [shuffled[truth[shuffled] == k][:size] for k, size in enumerate(sizes)]
    return np.sort(np.concatenate(kept))


if __name__ == "__main__":
    main()
