"""What verdicts say of the odds: how far they are off, and how sure one can be of that.

The compile's ``p_mislabeled`` is meant to be calibrated; verdicts show whether it is. The model:
the log odds that a label is wrong are logit(p) + g(logit(p)), where g is 0 before any verdict, give
or take. A Gaussian process says how much: an offset (all odds too high or too low), a slope (too
bold or too timid; with the offset this is Platt's scaling of 1999), and a smooth local part for
what a straight line misses. Verdicts move g by Bayes' rule (Laplace's approximation: Rasmussen &
Williams 2006, "Gaussian Processes for Machine Learning", algorithms 3.1 and 3.2), most where
people judged and less the further away, so that what is said of labels that nobody looked at comes
with the interval that it deserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ide.dataset.logistic import sigmoid

OFFSET = 0.5  # standard deviations of g: the number of errors is known within a factor of e^0.5,
SLOPE = 0.15  # log odds within 15 %,
LOCAL = 0.4  # and local bumps of that size
WIDTH = 2.0  # in log odds, over which bumps are smooth
MAX_LOGIT = 14.0  # odds of a million are as good as none
N_BINS = 57  # half a log odd each
N_DRAWS = 256  # of g, for intervals
CENTERS = np.linspace(-MAX_LOGIT, MAX_LOGIT, N_BINS)


@dataclass(frozen=True, slots=True)
class Calibration:
    """g at ``CENTERS``: the likeliest, (N_BINS,), and draws of its posterior, (N_DRAWS, N_BINS)."""

    mode: np.ndarray
    draws: np.ndarray

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """Correct (N,) log odds by the likeliest g."""
        if not self.mode.any():
            return logits
        return np.asarray(logits + np.interp(logits, CENTERS, self.mode))


def calibration(logits: np.ndarray, is_wrong: np.ndarray, *, spread: float = 1.0) -> Calibration:
    """Learn g from (M,) verdicts on labels of (M,) log odds; without any, the odds stay as given.

    spread: how far off the odds may be, in standard deviations as they stand above; a build that
    knows how sure it is of its odds says another (``yields.spread_of``). The draws come from a
    generator of a fixed seed: the same verdicts give the same interval.
    """
    x, n = binned(logits)
    k = np.bincount(_bins(logits), is_wrong, minlength=N_BINS)
    prior = spread**2 * _prior()
    g = np.zeros(N_BINS)
    root, factor = g, np.eye(N_BINS)
    for _ in range(100 if n.any() else 0):
        p = sigmoid(x + g)
        weight = n * p * (1 - p)
        root = np.sqrt(weight)
        factor = np.linalg.cholesky(np.eye(N_BINS) + root[:, None] * prior * root)
        target = weight * g + k - n * p
        inner = np.linalg.solve(factor.T, np.linalg.solve(factor, root * (prior @ target)))
        step = prior @ (target - root * inner) - g
        g = g + step * min(1.0, 2.0 / max(1e-9, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-7:
            break
    half = np.linalg.solve(factor, root[:, None] * prior)
    covariance = prior - half.T @ half
    deviation = np.linalg.cholesky(covariance + 1e-9 * np.eye(N_BINS))
    return Calibration(g, g + _normals() @ deviation.T)


def binned(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum (N,) log odds up by bin: their mean (the centre where there are none), their number."""
    bins = _bins(logits)
    n = np.bincount(bins, minlength=N_BINS)
    total = np.bincount(bins, np.clip(logits, -MAX_LOGIT, MAX_LOGIT), minlength=N_BINS)
    return np.asarray(np.where(n > 0, total / np.maximum(n, 1), CENTERS)), n


def logit(p: np.ndarray) -> np.ndarray:
    """Give the log odds of (N,) probabilities, at most ``MAX_LOGIT`` either way."""
    p = np.asarray(p, np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(p) - np.log1p(-p), -MAX_LOGIT, MAX_LOGIT))


def _bins(logits: np.ndarray) -> np.ndarray:
    share = (np.clip(logits, -MAX_LOGIT, MAX_LOGIT) + MAX_LOGIT) / (2 * MAX_LOGIT)
    return np.asarray(np.rint(share * (N_BINS - 1)).astype(np.int64))


@lru_cache(maxsize=1)
def _prior() -> np.ndarray:
    """The covariance of g before any verdict, (N_BINS, N_BINS)."""
    apart = (CENTERS[:, None] - CENTERS) / WIDTH
    line = OFFSET**2 + SLOPE**2 * np.outer(CENTERS, CENTERS)
    return np.asarray(line + LOCAL**2 * np.exp(-0.5 * apart**2))


@lru_cache(maxsize=1)
def _normals() -> np.ndarray:
    """(N_DRAWS, N_BINS) standard normal numbers, each with its opposite."""
    half = np.random.default_rng(0).standard_normal((N_DRAWS // 2, N_BINS))
    return np.concatenate([half, -half])
