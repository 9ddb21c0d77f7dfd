"""How many labels are wrong: a count by confident learning, corrected for what it misses and
what it takes for wrong.

Both are measured in the second look, where some labels are known to be wrong. That gives two
bounds. If nothing that is flagged in the first run were a false alarm, the number would be
flagged / recall. If false alarms were as frequent among all labels as they are among those that
the second look trusts, it would be (flagged − alarms) / (recall − alarms), Rogan & Gladen (1978),
"Estimating prevalence from the results of a screening test". The trusted are tested by a network
that saw less, so the second goes too low where the network is weak, as the first goes too high:
the middle is the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ide.dataset.signals import best_other, of_label

LEAST_RECALL = 0.2  # a test that finds less measures nothing
_AT_ONCE = 2048  # rows


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """The expected number of wrong labels, and the two bounds that it lies between."""

    low: float
    high: float

    @property
    def expected(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2


def confident_flags(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Say which of (N,) labels confident learning holds for wrong (Northcutt et al. 2021).

    One is flagged if another class is at least as probable as that class is, on average, among
    its own, and more so than any other such class. probs: (N, K), not of the label alone; labels:
    (N,) int. Classes that nobody bears are left aside.
    """
    other = best_other(probs, labels)
    return flags_of_best(
        labels,
        own=of_label(probs, labels),
        other=other,
        other_p=of_label(probs, other),
        n_classes=probs.shape[1],
        probs_of=lambda rows: probs[rows],
    )


def flags_of_best(
    labels: np.ndarray,
    *,
    own: np.ndarray,
    other: np.ndarray,
    other_p: np.ndarray,
    n_classes: int,
    probs_of: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Give ``confident_flags`` where few of the (N, K) probabilities need to be looked at.

    own: (N,) the given label's, other, other_p: (N,) the most probable other class. ``probs_of``
    gives rows (B, K), and is asked for those only whose likeliest other class is less probable
    than it is among its own, so that another might count.
    """
    n = np.bincount(labels, minlength=n_classes)
    sums = np.bincount(labels, own, minlength=n_classes)
    thresholds = np.where(n > 0, sums / np.maximum(n, 1), np.inf).astype(own.dtype)
    own = np.where(own >= thresholds[labels], own, -1)
    is_likely = other_p >= thresholds[other]
    flags = is_likely & ((other_p > own) | ((other_p == own) & (other < labels))) & (other_p > 0)
    is_open = ~is_likely & (other_p >= own) & (other_p >= thresholds.min(initial=np.inf))
    for rows in _batches(np.flatnonzero(is_open)):
        probs = probs_of(rows)
        likely = np.where(probs >= thresholds, probs, -1)
        best = likely.argmax(1)
        flags[rows] = (best != labels[rows]) & (of_label(likely, best) > 0)
    return np.asarray(flags)


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def count_errors(
    flags: np.ndarray, again: np.ndarray, *, is_planted: np.ndarray, is_trusted: np.ndarray
) -> ErrorCount:
    """Count the wrong among (N,) labels from the flags of the first run and of the second look.

    flags: (N,) bool. again: (M,) bool, of the same labels or of some. is_planted: whose label the
    second look was given wrong; is_trusted: who took part in it with the given label; (M,) bool.
    """
    n, found = len(flags), float(flags.sum())
    recall = max(float(again[is_planted].mean()) if is_planted.any() else 1.0, LEAST_RECALL)
    alarms = float(again[is_trusted].mean()) if is_trusted.any() else 0.0
    high = min(found / recall, float(n))
    low = (found - alarms * n) / (recall - alarms) if recall > alarms else 0.0
    return ErrorCount(low=float(np.clip(low, 0, high)), high=high)
