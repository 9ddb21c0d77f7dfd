"""From results to rows, means over seeds, and the figures that the aims are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean
from typing import Any

from benchmarks.label_noise.measure import UPWELL
from benchmarks.label_noise.peers import CLEANLAB_NAMES, SELF_CONFIDENCE

LEAST = 1e-4  # of 1 − AP: below it a ratio says nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of errors in one dataset, over all seeds."""

    name: str
    dataset: str
    n: int
    share_wrong: float
    results: tuple[dict[str, Any], ...]  # one a seed

    def mean(self, method: str, figure: str) -> float:
        return fmean(self._all(method, figure))

    def worst(self, method: str, figure: str = "ap") -> float:
        return min(self._all(method, figure))

    @property
    def best_of_cleanlab(self) -> str:
        """The score of cleanlab's with the best mean average precision here."""
        return max(CLEANLAB_NAMES, key=lambda name: self.mean(name, "ap"))

    @property
    def ratio(self) -> float:
        """(1 − AP) of Upwell over that of cleanlab's best score; below 1 = better."""
        ours, best = (self.mean(m, "ap") for m in (UPWELL, self.best_of_cleanlab))
        return max(1 - ours, LEAST) / max(1 - best, LEAST)

    def seconds(self, method: str) -> float:
        return fmean(result["cpu_seconds"][method] for result in self.results)

    @property
    def compute_ratio(self) -> float:
        return self.seconds("Upwell") / self.seconds("five folds")

    def _all(self, method: str, figure: str) -> list[float]:
        return [result["methods"][method][figure] for result in self.results]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the aims are about."""

    ratio: float  # geometric mean over the rows
    ratio_of_datasets: float  # of each dataset's rows first, then over the datasets
    worst: Row  # with the greatest ratio
    ece: float  # mean over rows
    worst_ece: float
    cleanlab_ece: float
    compute: float  # all of Upwell's seconds over all of the five folds'
    worst_compute: float


def rows(results: Sequence[dict[str, Any]]) -> list[Row]:
    """Gather the seeds of each row, in the order of their first."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        by_name.setdefault(result["row"], []).append(result)
    return [_row(name, tuple(seeds)) for name, seeds in by_name.items()]


def summarise(found: Sequence[Row]) -> Summary:
    """Say how the rows together stand to the aims."""
    by_dataset: dict[str, list[float]] = {}
    for row in found:
        by_dataset.setdefault(row.dataset, []).append(row.ratio)
    eces = [row.mean(UPWELL, "ece") for row in found]
    ours, folds = (sum(row.seconds(m) for row in found) for m in ("Upwell", "five folds"))
    return Summary(
        ratio=geometric_mean(row.ratio for row in found),
        ratio_of_datasets=geometric_mean(map(geometric_mean, by_dataset.values())),
        worst=max(found, key=lambda row: row.ratio),
        ece=fmean(eces),
        worst_ece=max(eces),
        cleanlab_ece=fmean(row.mean(SELF_CONFIDENCE, "ece") for row in found),
        compute=ours / folds,
        worst_compute=max(row.compute_ratio for row in found),
    )


def _row(name: str, results: tuple[dict[str, Any], ...]) -> Row:
    share = fmean(result["n_wrong"] / result["n"] for result in results)
    return Row(name, results[0]["dataset"], results[0]["n"], share, results)
