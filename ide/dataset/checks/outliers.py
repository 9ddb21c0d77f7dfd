"""Examples that are like no other."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.registry import CheckInput, Issue, check

FENCE = 1.5  # so many times (upper decile − median) above the upper decile; of a normal, 3.2 σ
LEAST_TIMES = 1.25  # the usual distance, where nearly all distances are equal
MAX_SHARE = 0.01  # of the examples; a list of more is a property of the dataset
MIN_ROWS = 50  # fewer have no usual distance


@check("outliers", severity="note", needs=["raw_features"])
def outliers(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples far from all others, in the network's features or in the payloads' own.

    By the mean distance to the 10 nearest (see ``knn_distances``). An outlier is beyond a fence
    built from the upper half alone, since distances are skewed (Kimber, "Exploratory data analysis
    for possibly censored data from skewed distributions", Applied Statistics 1990; here with the
    upper decile in place of the quartile), and among the farthest 1 %.
    Score: 1 − the median distance ÷ its own, 0.5 = twice as far as usual; the greater of the two.
    Without a build only the payloads' features are looked at.
    """
    found: dict[int, tuple[float, str]] = {}
    for where, far in _looks(dataset):
        for row, times in far:
            score = 1 - 1 / times
            sentence = (
                f"is like no other {where}: its nearest are {times:.1f} times as far as usual"
            )
            if score > found.get(row, (-1.0, ""))[0]:
                found[row] = (score, sentence)
    for row, (score, sentence) in found.items():
        yield Issue(dataset.ids[row], None, score, sentence)


def _looks(dataset: CheckInput) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    """Yield where was looked, and (row, times the usual distance) of the outliers there."""
    is_kept = ~dataset.labels["is_excluded"].to_numpy()
    if dataset.embeddings is not None:
        distances = knn_distances(dataset.neighbors[1])
        yield "in the network's features", far_out(np.where(is_kept, distances, np.nan))
    if dataset.raw_features is not None:
        has_content = is_kept & dataset.raw_features.any(1)
        distances = knn_distances(dataset.raw_neighbors[1])
        yield "in its content", far_out(np.where(has_content, distances, np.nan))


def knn_distances(similarities: np.ndarray) -> np.ndarray:
    """(N, k) cosines, NaN = none -> (N,) mean distance to the neighbours, 0 … 2, higher = odder.

    Distances of unit vectors, √(2 − 2 cos). The mean over k neighbours: Angiulli & Pizzuti, "Fast
    outlier detection in high dimensional spaces", PKDD 2002; for networks' features Kuan &
    Mueller, "Back to the basics: revisiting out-of-distribution detection baselines", 2022. NaN
    for a row without neighbours.
    """
    distances = np.sqrt(np.maximum(0, 2 - 2 * similarities.astype(np.float64)))
    n_known = np.isfinite(distances).sum(1)
    sums = np.nansum(distances, axis=1)
    means: np.ndarray = np.where(n_known > 0, sums / np.maximum(n_known, 1), np.nan)
    return means


def far_out(distances: np.ndarray) -> list[tuple[int, float]]:
    """Return (row, times the median) of the rows beyond the fence, farthest first.

    distances: (N,), NaN = not judged. At most 1 % of those judged, ties by the smaller row.
    """
    rows = np.flatnonzero(np.isfinite(distances))
    if len(rows) < MIN_ROWS:
        return []
    median, upper = np.quantile(distances[rows], [0.5, 0.9])
    fence = max(upper + FENCE * (upper - median), LEAST_TIMES * median)
    beyond = rows[distances[rows] > fence]
    if not median:
        return []
    farthest = beyond[np.argsort(-distances[beyond], kind="stable")]
    n_most = math.ceil(MAX_SHARE * len(rows))
    return [(int(row), float(distances[row] / median)) for row in farthest[:n_most]]
