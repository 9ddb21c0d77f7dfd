"""How good a ranking of wrong labels is."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

N_BINS = 15


def average_precision(scores: np.ndarray, is_wrong: np.ndarray) -> float:
    """Give scikit-learn's average precision of scores (N,), higher = more probably wrong."""
    return float(average_precision_score(is_wrong, scores))


def precision_at(n: int, scores: np.ndarray, is_wrong: np.ndarray) -> float:
    """Give the share of wrong labels, 0 … 1, among the n highest scores; ties by position."""
    first = np.argsort(-scores, kind="stable")[:n]
    return float(is_wrong[first].mean())


def calibration_error(probs: np.ndarray, is_wrong: np.ndarray) -> float:
    """Give the expected calibration error, 0 … 1, of probabilities (N,) in 15 bins of equal width.

    Naeini et al. 2015: the distance between mean probability and share of wrong labels in each
    bin, weighed by how many examples it holds.
    """
    bins = np.minimum((probs * N_BINS).astype(int), N_BINS - 1)
    said = np.bincount(bins, probs, N_BINS)
    true = np.bincount(bins, is_wrong, N_BINS)
    return float(np.abs(said - true).sum() / len(probs))


def figures(scores: np.ndarray, is_wrong: np.ndarray) -> dict[str, float]:
    """Give average precision, precision at 50 and at the true number of wrong labels."""
    return {
        "ap": average_precision(scores, is_wrong),
        "p_at_50": precision_at(50, scores, is_wrong),
        "p_at_n": precision_at(int(is_wrong.sum()), scores, is_wrong),
    }
