"""Measure many tasks, in processes side by side, and say on stderr how long it will take."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.label_noise.cache import Cache
from benchmarks.label_noise.datasets import DATASETS, Data, data_folder, require
from benchmarks.label_noise.measure import Task, measure
from benchmarks.label_noise.training import Trainer, warm_up

SMALLEST = 200  # examples of a dataset, and two epochs: only to see that it runs
Result = dict[str, Any]
Maker = Callable[..., Task]  # (data, errors, seed) -> Task, importable by name


@dataclass(frozen=True, slots=True)
class Cell:
    """One task by its names, before its data are read."""

    dataset: str
    errors: str
    seed: int


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what both benchmarks are told."""
    parser.add_argument("--data", help="folder with the .parquet files (or UPWELL_BENCHMARK_DATA)")
    parser.add_argument(
        "--work",
        default=".upwell/benchmarks",
        help="folder for trainings, which are kept, and results",
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side, a thread each")


def available(names: Sequence[str], options: argparse.Namespace, *, is_asked: bool) -> list[str]:
    """Give those of ``names`` whose data are there.

    What was asked for by name must be there (SystemExit says what is missing); what was not is
    left out, which stderr says.
    """
    found = []
    for name in names:
        try:
            require(name, data_folder(options.data))
        except (FileNotFoundError, ModuleNotFoundError) as error:
            if is_asked:
                raise SystemExit(f"{name}: {error}") from error
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            found.append(name)
    return found


def run(cells: Sequence[Cell], make: Maker, options: argparse.Namespace) -> list[Result]:
    """Measure every cell; results in the order of the cells, whichever ends first."""
    folder, work = data_folder(options.data), Path(options.work)
    results: dict[Cell, Result] = {}
    watch = _Watch(cells, options.jobs)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, context, initializer=warm_up) as pool:
        told = (make, folder, work, options.n)
        waiting = {pool.submit(_measure, cell, *told): cell for cell in cells}
        for done in as_completed(waiting):
            cell = waiting[done]
            results[cell] = done.result()
            watch.tell(cell, results[cell])
    return [results[cell] for cell in cells]


def write_results(results: Sequence[Result], path: Path) -> None:
    """Write what was measured as JSON, a line a result."""
    lines = ",\n".join(json.dumps(result) for result in results)
    path.write_text(f"[\n{lines}\n]\n")


@cache
def _load(name: str, folder: Path | None, n: int | None) -> Data:
    data = DATASETS[name](folder)
    if n is None:
        return data
    given = {kind: labels[:n] for kind, labels in data.given.items()}
    return replace(data, inputs=data.inputs[:n], truth=data.truth[:n], given=given, epochs=2)


def _measure(cell: Cell, make: Maker, folder: Path | None, work: Path, n: int | None) -> Result:
    start = time.monotonic()
    kept = Cache(work / "trainings")
    task = make(_load(cell.dataset, folder, n), cell.errors, cell.seed)
    result = measure(task, Trainer(kept))
    seconds = time.monotonic() - start
    return {**result, "dataset": cell.dataset, "wall_s": seconds, "n_computed": kept.n_computed}


class _Watch:
    """Tells stderr of each cell, and how long the others may take."""

    def __init__(self, cells: Sequence[Cell], n_jobs: int) -> None:
        self.left, self.n_cells, self.n_jobs = list(cells), len(cells), n_jobs
        self.seconds: dict[str, list[float]] = {}  # by dataset, of cells that had to train

    def tell(self, cell: Cell, result: Result) -> None:
        self.left.remove(cell)
        if result["n_computed"]:
            self.seconds.setdefault(cell.dataset, []).append(result["wall_s"])
        done = f"{self.n_cells - len(self.left)}/{self.n_cells}"
        ap = result["methods"]["Upwell"]["ap"]
        text = f"{done} {result['row']}, seed {cell.seed}: AP {ap:.3f}, {result['wall_s']:.0f} s"
        print(f"{text}{self._left()}", file=sys.stderr, flush=True)

    def _left(self) -> str:
        if not self.left or not self.seconds:
            return ""
        usual = {name: statistics.mean(seconds) for name, seconds in self.seconds.items()}
        unknown = statistics.mean(usual.values())
        total = sum(usual.get(cell.dataset, unknown) for cell in self.left) / self.n_jobs
        return f"; about {total / 60:.0f} min left"
