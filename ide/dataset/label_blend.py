"""What to make of the signals, learnt from labels that are known to be wrong.

Logistic regression over the signals of a run whose planted errors are known, to be applied to a
run that has none. Two ways of scaling, since they are good at different things: by median and
width, each run by its own, the *order* carries over best between runs of different length; by the
planted run's own mean and deviation, the *odds* stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ide.dataset.chunks import spread
from ide.dataset.logistic import fit_logistic
from ide.dataset.second_look import SCALE_FROM, dot, robust, robust_scale

PENALTY = 20.0  # of squared weights: a few dozen planted errors must not be learnt by heart
LEARN_FROM = 30_000  # rows
MIN_PLANTED = 15  # fewer teach nothing


@dataclass(frozen=True, slots=True)
class LabelBlend:
    """Weights of S signals, for the order and for the odds."""

    order: np.ndarray  # (S + 1,), of robustly scaled signals; the last is the constant
    odds: np.ndarray  # (S + 1,)
    mean: np.ndarray  # (S,)
    deviation: np.ndarray  # (S,)

    def doubts(self, values: np.ndarray) -> np.ndarray:
        """Give (N,) log odds to sort by, higher = more probably wrong, of signals (N, S)."""
        middle, width = robust_scale(spread(values, SCALE_FROM))
        found = dot(values, self.order[:-1] / width, offset=middle)
        return np.asarray(found + self.order[-1])

    def log_odds(self, values: np.ndarray) -> np.ndarray:
        """Give (N,) log odds at the planted share of errors, of signals (N, S)."""
        found = dot(values, self.odds[:-1] / self.deviation, offset=self.mean)
        return np.asarray(found + self.odds[-1])


def learn_blend(values: np.ndarray, is_planted: np.ndarray) -> LabelBlend | None:
    """Learn from signals (M, S) and is_planted (M,) bool; None where too few are planted."""
    if is_planted.sum() < MIN_PLANTED or is_planted.all():
        return None
    values, is_planted = spread(values, LEARN_FROM), spread(is_planted, LEARN_FROM)
    values = values.astype(np.float64)
    mean, deviation = values.mean(0), values.std(0) + 1e-6
    return LabelBlend(
        order=_fit(robust(values), is_planted),
        odds=_fit((values - mean) / deviation, is_planted),
        mean=mean,
        deviation=deviation,
    )


def _fit(values: np.ndarray, is_planted: np.ndarray) -> np.ndarray:
    """Give the weights of (M, S) values and, last, of the constant, which goes free."""
    design = np.concatenate([values, np.ones((len(values), 1))], 1)
    penalty = np.array([PENALTY] * values.shape[1] + [1e-6])
    return fit_logistic(design, is_planted, precision=penalty, max_step=4.0)[0]
