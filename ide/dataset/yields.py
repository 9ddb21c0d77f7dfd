"""What reviewing suspects yields: errors found, errors left, and when going on costs more.

A person looks at labels in the order of their odds of being wrong. So far: the errors found among
those judged, with Wilson's interval. From here on: the odds of those not judged, corrected by the
verdicts given (``recalibration``), and how many errors they add up to, with a 95 % interval.

**When to stop** is Dalal & Mallows 1988, "When should one stop testing software?" (Journal of the
American Statistical Association 83, 872-879). Its loss is the cost of looking so long, plus
the cost of every error that is left; its rule: stop as soon as the errors that going on is
expected to find are worth less than the looking. There finds come with an unknown rate in time, and
the posterior of the number left gives the rate; here the posterior odds give what each next look
will find. With ``error_cost`` judgements saved by each error that is found, one more judgement pays
while the odds are above 1 / error_cost. The loss is counted in judgements:

    loss of looking at n more = n + error_cost · (errors expected beyond them)

The odds of a list that is sorted by them only fall, which is the "monotone case" in which looking
one step ahead is optimal; for any order, the best n is sought over the whole list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ide.dataset.logistic import sigmoid
from ide.dataset.metrics import wilson
from ide.dataset.recalibration import Calibration, binned, calibration, logit

ERROR_COST = 20.0  # judgements that finding one error saves, where dataset.toml says nothing
N_NEXT = 100  # judgements ahead that the advice speaks of
TAIL = 0.025  # of a 95 % interval, either side
LEAST_SPREAD, MOST_SPREAD = 0.25, 4.0  # no build is surer of its odds, or less sure


@dataclass(frozen=True, slots=True)
class Yield:
    """What a review has yielded and what it has still to yield, in examples and in judgements."""

    n_judged: int
    n_errors: int  # found: relabelled or excluded
    precision: float | None  # n_errors / n_judged; None before the first verdict
    precision_low: float  # 95 % interval, 0 … 1
    precision_high: float
    n_unjudged: int
    n_left: float  # errors expected among the unjudged
    n_left_low: int  # 95 % interval
    n_left_high: int
    n_next: int  # the judgements ahead that n_next_errors is about: at most N_NEXT
    n_next_errors: float
    error_cost: float  # judgements that one error found is worth
    n_worth: int  # further judgements that pay; 0 = stop
    loss_if_stopped: float  # expected, in judgements
    loss_if_continued: float  # the same after n_worth further judgements

    @property
    def is_worth_it(self) -> bool:
        """Whether going on finds more than it costs."""
        return self.n_worth > 0


def live_yield(
    p_judged: np.ndarray,
    is_error: np.ndarray,
    p_unjudged: np.ndarray,
    *,
    error_cost: float = ERROR_COST,
    n_earlier: int = 0,
    n_earlier_errors: int = 0,
) -> Yield:
    """Tell what a review has yielded.

    p_judged, p_unjudged: (M,) and (U,) compiled odds 0 … 1 that the labels are wrong, the unjudged
    in the order in which they will be shown. is_error: (M,) bool, the verdicts. ``n_earlier``
    verdicts, ``n_earlier_errors`` of them errors, belong to labels that this compile no longer
    ranks; they count as found and say nothing of its odds.
    """
    return yield_of(
        calibration(logit(p_judged), is_error),
        logit(p_unjudged),
        n_judged=len(is_error) + n_earlier,
        n_errors=int(np.sum(is_error)) + n_earlier_errors,
        error_cost=error_cost,
    )


def yield_of(
    learnt: Calibration,
    logits: np.ndarray,
    *,
    n_judged: int,
    n_errors: int,
    error_cost: float = ERROR_COST,
    interval: tuple[int, int] | None = None,
) -> Yield:
    """Tell the same of a calibration and the (U,) log odds of the unjudged, in their order.

    interval: of the errors left, where it is known already; working it out takes the longest.
    """
    p = sigmoid(learnt.apply(logits))
    ahead = np.concatenate([[0.0], np.cumsum(p)])
    n_left = float(ahead[-1])
    losses = np.arange(len(ahead)) + error_cost * (n_left - ahead)
    n_worth = int(losses.argmin())
    low, high = interval or interval_left(learnt, logits)
    precision_low, precision_high = wilson(n_errors, n_judged) if n_judged else (0.0, 1.0)
    n_next = min(N_NEXT, len(p))
    return Yield(
        n_judged=n_judged,
        n_errors=n_errors,
        precision=n_errors / n_judged if n_judged else None,
        precision_low=precision_low,
        precision_high=precision_high,
        n_unjudged=len(p),
        n_left=n_left,
        n_left_low=min(low, math.floor(n_left)),
        n_left_high=max(high, math.ceil(n_left)),
        n_next=n_next,
        n_next_errors=float(ahead[n_next]),
        error_cost=error_cost,
        n_worth=n_worth,
        loss_if_stopped=float(losses[0]),
        loss_if_continued=float(losses[n_worth]),
    )


def interval_left(learnt: Calibration, logits: np.ndarray) -> tuple[int, int]:
    """Give the 95 % interval of the number of errors among labels of (U,) log odds.

    For each draw of the posterior the number is a sum of independent chances; its distribution
    is the normal one corrected for its skew (Volkova 1996; Hong 2013, "On computing the
    distribution function for the Poisson binomial distribution"), and the mean of them counts.
    """
    if not len(logits):
        return 0, 0
    return _interval(learnt.draws, *binned(logits))


def spread_of(logits: np.ndarray, low: float, high: float) -> float:
    """Tell how unsure a build is of its odds, for ``calibration``, by its own interval.

    logits: (N,) of all its labels; low, high: between them, it says with 95 %, is the number of
    wrong ones. The prior is made as wide as that is, within ``LEAST_SPREAD`` … ``MOST_SPREAD``:
    before the first verdict a review then says what the build says.
    """
    if not len(logits):
        return 1.0
    bins = binned(logits)
    draws = calibration(logits[:0], np.zeros(0, bool)).draws  # g is 0: they scale with the spread
    least, most = LEAST_SPREAD, MOST_SPREAD
    for _ in range(6):
        middle = math.sqrt(least * most)
        own_low, own_high = _interval(middle * draws, *bins)
        if own_high - own_low < high - low:
            least = middle
        else:
            most = middle
    return math.sqrt(least * most)


def _interval(draws: np.ndarray, x: np.ndarray, n: np.ndarray) -> tuple[int, int]:
    """Give the interval for draws (N_DRAWS, N_BINS) of g and bins of mean log odds x, number n."""
    p = sigmoid(x + draws)  # (N_DRAWS, N_BINS)
    mean, variance = p @ n, (p * (1 - p)) @ n
    skew = (p * (1 - p) * (1 - 2 * p)) @ n

    def share_up_to(count: int) -> float:
        deviation = np.sqrt(np.maximum(variance, 1e-12))
        z = (count + 0.5 - mean) / deviation
        density = np.exp(-0.5 * np.minimum(z * z, 600)) / math.sqrt(2 * math.pi)
        share = _normal_share(z) + skew / deviation**3 * (1 - z * z) * density / 6
        return float(np.clip(share, 0, 1).mean())

    n_all = int(n.sum())
    return _first(share_up_to, TAIL, n_all), _first(share_up_to, 1 - TAIL, n_all)


def advice(found: Yield) -> str:
    """Say in one sentence whether to go on."""
    if not found.n_unjudged:
        return "Every label is judged."
    n, errors = found.n_next, round(found.n_next_errors)
    many = "all" if n == found.n_unjudged else "the next"
    if not found.is_worth_it:
        be = "would be an error" if errors == 1 else "would be errors"
        about = f"About {errors}" if errors else "None"
        return f"{about} of {many} {n:,} {be}: going on costs more than it finds."
    be = "is an error" if errors == 1 else "are errors"
    if found.n_worth >= n:
        return f"About {errors} of {many} {n:,} {be}: going on pays."
    return f"About {errors} of {many} {n:,} {be}; {found.n_worth:,} more judgements pay."


def _first(share_up_to: Callable[[int], float], share: float, n: int) -> int:
    """Give the least number 0 … n up to which lies at least that share; by halving."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if share_up_to(middle) >= share:
            high = middle
        else:
            low = middle + 1
    return low


def _normal_share(z: np.ndarray) -> np.ndarray:
    """The standard normal distribution's share below z, to 1e-7 (Abramowitz & Stegun, 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    powers = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    above = np.exp(-0.5 * np.minimum(z * z, 600)) / math.sqrt(2 * math.pi) * powers
    return np.asarray(np.where(z > 0, 1 - above, above))
