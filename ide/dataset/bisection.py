"""The search for the commit that broke a gate: which revision to build next, and when it is found.

Positions: 0 is the revision said to be good, 1 … n are the candidates in the order they were
made, and n is the one said to be bad. The culprit is a candidate that fails and whose predecessor
passes, and both of these verdicts are measured, never taken on trust: an end that a person named
is built too, but only where the search ends at it. So no search needs more builds than
``most_builds(n)``, and mostly it needs no build of either end.

Within that bound a probe halves the weight that is left rather than the number: a commit that
changed 200 labels is the likelier culprit (the optimal tree of a search under a bound of its
depth; here greedy, as in Itai 1976, "Optimal alphabetic trees").
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ide.dataset.binomial import CHANCE, sign_test

GOOD, BAD, SKIPPED = "good", "bad", "skipped"
PROBE, FOUND, GOOD_FAILS, BAD_PASSES = "probe", "found", "good fails", "bad passes"


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search stands; the culprit is among the candidates ``low + 1 … high``.

    ``state``: ``probe`` = build ``probe`` next; ``found`` = ``high`` is the culprit, or, where
    what lies between could not be built, one of ``low + 1 … high``; ``good fails`` and ``bad
    passes`` = what a person said of an end is wrong. ``n_builds``: at most so many builds more.
    """

    state: str
    low: int
    high: int
    probe: int | None = None
    n_builds: int = 0

    @property
    def n_left(self) -> int:
        """How many candidates may be the culprit still."""
        return self.high - self.low


def most_builds(n: int) -> int:
    """Return how many builds a search among ``n`` candidates takes at most: ceil(log2 n) + 1.

    For a single candidate 2: that it fails, and that its predecessor passes.
    """
    return max(2, 1 + (n - 1).bit_length())


def search(weights: Sequence[float], verdicts: Mapping[int, str], *, n_built: int = 0) -> Search:
    """Return the next step of a search.

    weights: (n,) how likely each candidate is the culprit, such as the number of labels that it
    changed; any scale, at least 0. verdicts: position → ``good``, ``bad`` or ``skipped`` (it
    cannot be built), of whatever is known, in any order; those that need no build cost nothing.
    n_built: builds made so far. Where verdicts change to and fro, the last change from good to
    bad is sought: the one that stands.
    """
    n = len(weights)
    if verdicts.get(0) == BAD:
        return Search(GOOD_FAILS, 0, n)
    if verdicts.get(n) == GOOD:
        return Search(BAD_PASSES, 0, n)
    low = max((p for p, verdict in verdicts.items() if verdict == GOOD), default=0)
    high = min((p for p, verdict in verdicts.items() if verdict == BAD and p > low), default=n)
    need = _builds_needed(low, high, verdicts)
    budget = max(need, most_builds(n) - n_built)
    probe = _probe(weights, verdicts, (low, high), budget)
    if probe is None:  # nothing between is left; only 0 and n can have been taken on trust
        probe = next((end for end in (high, low) if end not in verdicts), None)
    if probe is None:
        return Search(FOUND, low, high)
    return Search(PROBE, low, high, probe, need)


def _builds_needed(low: int, high: int, known: Container[int]) -> int:
    """Return the most builds that ``low + 1 … high`` can take, were all choices the best.

    A search of depth k tells 2^k candidates apart; an end that nobody has measured takes the
    place of one, as it is one outcome more.
    """
    unmeasured = (low not in known) + (high not in known)
    return (high - low - 1 + unmeasured).bit_length()


def _probe(
    weights: Sequence[float], known: Container[int], ends: tuple[int, int], budget: int
) -> int | None:
    """Return the position that halves the weight best, of those that keep within the budget.

    None where every position between the ends is known. Where those that would keep within
    the budget cannot be built, the one nearest to the middle.
    """
    low, high = ends
    cumulated = list(accumulate(weights[low:high]))  # of the candidates up to low + 1, …
    total = cumulated[-1]

    def is_within(position: int) -> bool:
        measured = {position, *(end for end in ends if end in known)}
        if_bad = _builds_needed(low, position, measured)
        if_good = _builds_needed(position, high, measured)
        return 1 + max(if_bad, if_good) <= budget

    def imbalance(position: int) -> tuple[float, int, int]:
        off_weight = abs(2 * cumulated[position - low - 1] - total)
        return off_weight, abs(2 * position - low - high), position

    between = [position for position in range(low + 1, high) if position not in known]
    if allowed := [position for position in between if is_within(position)]:
        return min(allowed, key=imbalance)
    return min(between, key=lambda position: imbalance(position)[1:], default=None)


def group(keys: Sequence[Hashable]) -> list[int]:
    """Return the group of each revision, from 0: neighbours with equal keys are one.

    A change of keys begins a group, and the first revision of a group is what can be a culprit.
    """
    groups: list[int] = []
    for index, key in enumerate(keys):
        if not index:
            groups.append(0)
        else:
            groups.append(groups[-1] + (key != keys[index - 1]))
    return groups


def path(parents: Mapping[str, Sequence[str]], good: str, bad: str) -> list[str]:
    """Return the commits after ``good`` up to ``bad``, oldest first, along first parents.

    parents: of every commit that is a descendant of ``good`` and an ancestor of ``bad`` (git's
    ancestry path), and of ``bad``. Where a first parent does not descend from ``good``, the
    first parent that does is followed. Empty where ``good`` is no ancestor.
    """
    found: list[str] = []
    at: str | None = bad
    while at is not None and at != good:
        found.append(at)
        at = next((p for p in parents[at] if p == good or p in parents), None)
    return found[::-1] if at == good else []


def is_close(low: float | None, high: float | None, bound: float) -> bool:
    """Whether a bound lies within a value's interval: then the verdict is within noise."""
    return low is not None and high is not None and low <= bound <= high


def doubt(*, is_close_before: bool, is_close_after: bool, n_broken: int, n_fixed: int) -> str:
    """Return in words why the culprit may be none; "" where the evidence is clear.

    The two builds predict the same examples, so that the number that changed sides says more
    than two intervals do; only where both leave room there is doubt.
    """
    probability = sign_test(n_broken, n_fixed)
    if not (is_close_before or is_close_after) or probability <= CHANCE:
        return ""
    which = {
        (True, True): "both verdicts are",
        (True, False): "the verdict before it is",
        (False, True): "its verdict is",
    }[is_close_before, is_close_after]
    return (
        f"{which} within noise of the bound: the bound lies in the 95 % interval, and from one "
        f"build to the next {n_broken:,} of the gate's examples broke and {n_fixed:,} were fixed, "
        f"which chance alone does in {100 * probability:.0f} of 100 cases"
    )
