"""How often chance alone does something, where each of n examples is right or wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator

CHANCE = 0.05  # what happens less often than this by chance is beyond it


def at_least(k: int, n: int, p: float) -> float:
    """Return the probability that k or more of n are right, each with probability ``p``: exact."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    if p <= 0 or p >= 1:
        return float(p >= 1)
    if k > n * p:  # the upper tail is the small one: sum it, and not what is left of 1
        return min(1.0, sum(_terms(k, n, p)))
    return max(0.0, 1.0 - sum(_terms(n - k + 1, n, 1 - p)))


def at_most(k: int, n: int, p: float) -> float:
    """Return the probability that k or fewer of n are right, each with probability ``p``."""
    return at_least(n - k, n, 1 - p)


def sign_test(n_broken: int, n_fixed: int) -> float:
    """Return how likely chance alone breaks so many of the examples that changed sides, 0 … 1.

    One-sided and exact (McNemar 1947, Psychometrika 12): the same examples are judged twice, so
    only those that changed sides speak, and under no difference each as likely breaks as is fixed.
    1 where none changed.
    """
    return at_least(n_broken, n_broken + n_fixed, 0.5)


def n_to_tell(share: float) -> int | None:
    """Return how many examples, all of them right, show a true share above ``share``.

    The least n for which chance alone would do that no more often than ``CHANCE``: shareⁿ ≤ 0.05.
    None where no number does, as of 1.
    """
    if share >= 1:
        return None
    return 1 if share <= CHANCE else math.ceil(math.log(CHANCE) / math.log(share) - 1e-9)


def _terms(k: int, n: int, p: float) -> Iterator[float]:
    """Yield P(k), P(k + 1), … of a binomial, until they add nothing."""
    log = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    term, ratio = math.exp(log), p / (1 - p)
    for i in range(k, n + 1):
        yield term
        if term < 1e-18 and i > n * p:
            return
        term *= ratio * (n - i) / (i + 1)
