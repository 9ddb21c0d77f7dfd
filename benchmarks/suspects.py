"""How precisely wrong labels are found, and at what cost, by Upwell, cleanlab and others.

    python benchmarks/suspects.py [--data DIR] [--work DIR] [--datasets digits fsdd]
        [--noise uniform boundary] [--seeds 5] [--jobs 2] [--chart docs/suspects-benchmark.svg]

One run, the same network and epochs for all. Upwell and the one-run scores (AUM, EL2N, neighbour
voting) rank from a training over all examples; cleanlab's from five folds' probabilities. cifar10n
bears labels that people gave; in the others errors are planted. Trainings are kept in the work
folder, so a run may be stopped and taken up again, and a changed ranking costs no training.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy
sys.path.insert(0, str(Path(__file__).parent.parent))

import argparse

from benchmarks.label_noise.chart import chart
from benchmarks.label_noise.datasets import DATASETS, Data
from benchmarks.label_noise.measure import Task
from benchmarks.label_noise.noise import NOISES, plant
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

GIVEN = {"cifar10n": ("random1", "aggre", "worse")}  # labels that people gave


def main() -> None:
    options = parse_options()
    names = available(options.datasets or list(DATASETS), options, is_asked=bool(options.datasets))
    cells = [
        Cell(name, errors, seed)
        for seed in range(options.seeds)
        for name in names
        for errors in GIVEN.get(name, tuple(NOISES))
        if not options.noise or errors in options.noise
    ]
    if not cells:
        print("nothing to measure: none of these datasets has such errors.", file=sys.stderr)
        return
    results = run(cells, make, options)
    write_results(results, Path(options.work) / "suspects.json")
    found = rows(results)
    print(main_table(found), cleanlab_table(found), summary_lines(summarise(found)), sep="\n\n")
    if options.chart:
        Path(options.chart).write_text(chart(found))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    kinds = [*NOISES, *(name for names in GIVEN.values() for name in names)]
    parser.add_argument("--datasets", nargs="+", choices=list(DATASETS), metavar="NAME")
    parser.add_argument("--noise", nargs="+", choices=kinds, metavar="KIND")
    parser.add_argument("--chart", help="write the picture here (.svg)")
    options = sized(parser, seeds=1, datasets=["digits"], noise=["uniform"])
    options.n = SMALLEST if options.smallest else None
    return options


def make(data: Data, errors: str, seed: int) -> Task:
    """Plant the errors, or take the labels that people gave; the seed is the training's too."""
    if errors in data.given:
        labels = data.given[errors]
    else:
        labels = plant(errors, data.features, data.truth, len(data.classes), seed=seed)
    network = Network(data.architecture, len(data.classes), data.epochs, seed)
    return Task(f"{data.name} {errors}", data.inputs, labels, data.truth, network)


if __name__ == "__main__":
    main()
