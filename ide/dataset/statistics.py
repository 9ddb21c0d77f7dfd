"""Tests of whether two samples are of one distribution, without scipy's half second of import."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def ks_test(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Compare two samples of numbers: (D, p) of Kolmogorov and Smirnov's two-sample test.

    D: the greatest distance of the two cumulated shares, 0 … 1, higher = more different. p: how
    probable such a D is for samples of one distribution, by the asymptotic formula with Stephens'
    correction (Stephens 1970; Press et al., Numerical Recipes, 14.3), which ties make larger.
    """
    if not len(a) or not len(b):
        return 0.0, 1.0
    a, b = np.sort(a), np.sort(b)
    every = np.concatenate([a, b])
    of_a = np.searchsorted(a, every, side="right") / len(a)
    of_b = np.searchsorted(b, every, side="right") / len(b)
    d = float(np.abs(of_a - of_b).max())
    root = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    return d, _kolmogorov((root + 0.12 + 0.11 / root) * d)


def _kolmogorov(x: float) -> float:
    """Give the upper tail of Kolmogorov's distribution."""
    if x < 0.3:  # the series does not converge there, and the tail is 1
        return 1.0
    terms = (2 * (-1) ** (j - 1) * math.exp(-2 * j * j * x * x) for j in range(1, 101))
    return float(min(1.0, max(0.0, sum(terms))))


def chi_square_test(counts: np.ndarray) -> tuple[float, float]:
    """Compare samples of categories: (V, p) of Pearson's test of homogeneity.

    counts: (R, C), a row a sample, a column a category. V: Cramér's effect size, 0 … 1. p: by
    Wilson and Hilferty's approximation of the chi-square distribution (1931).
    """
    counts = np.asarray(counts, np.float64)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    if min(counts.shape) < 2:
        return 0.0, 1.0
    n = counts.sum()
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / n
    statistic = float(((counts - expected) ** 2 / expected).sum())
    degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    spread = 2 / (9 * degrees)
    z = ((statistic / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    v = math.sqrt(statistic / (n * (min(counts.shape) - 1)))
    return v, 0.5 * math.erfc(z / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for having asked so many questions (Holm 1979); 0 … 1, in their order."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = highest
    return adjusted


def z_of(p: float) -> float:
    """Return the z that a normal variable exceeds with probability ``p``, 0 < p < 0.5."""
    low, high = 0.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(middle / math.sqrt(2)) > p else (low, middle)
    return low


def far_out(values: np.ndarray, *, fence: float = 3.0) -> tuple[float, float]:
    """Return the bounds beyond which a value is far out: quartiles ∓ ``fence`` spreads.

    Tukey, Exploratory Data Analysis (1977): three interquartile ranges. NaN is passed over.
    """
    low, high = np.nanpercentile(values, (25, 75))
    reach = fence * (high - low)
    return float(low - reach), float(high + reach)
