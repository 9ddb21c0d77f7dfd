"""What a gate's result can and cannot tell, in plain words.

Passing is by the value itself, as a unit test passes. Whether that means anything is another
question, and the words answer it: a share of n examples is compared with its bound by the exact
binomial test, one-sided, at 5 %; what is no share, by its 95 % interval.
"""

from __future__ import annotations

import math

from ide.dataset.binomial import CHANCE, at_least, at_most, n_to_tell, sign_test
from ide.dataset.gate_metrics import Measured
from ide.dataset.gates import EVERYTHING, Gate
from ide.dataset.metrics import wilson


def measured(gate: Gate, now: Measured) -> str:
    """Say what was measured, on how many examples, with its interval, and what is wanted."""
    count = f"{now.n_right:,} of {now.n:,} right" if now.n_right is not None else _examples(now.n)
    if now.value is None or now.low is None or now.high is None:
        return f"{count}, nothing measured."
    low, high, n_digits = "", "", 2
    while low == high and n_digits <= 6:  # many examples make an interval narrow
        low, high = (number(gate, end, n_digits=n_digits) for end in (now.low, now.high))
        n_digits += 1
    value = number(gate, now.value, n_digits=n_digits - 1)
    span = f"95 %: {low} or more" if math.isinf(now.high) else f"95 %: {low} to {high}"
    bound = number(gate, gate.bound)
    return f"{count}: {gate.metric} {value} ({span}), wanted {gate.sign} {bound}."


def judgement(gate: Gate, now: Measured, *, is_kept: bool) -> str:
    """Say whether the bound is kept, beyond chance or within it, and what that cannot tell."""
    if now.n_right is None:
        return _of_interval(gate, now, is_kept=is_kept)
    return _passed(gate, now) if is_kept else _failed(gate, now)


def is_beyond_chance(gate: Gate, now: Measured, *, is_kept: bool) -> bool:
    """Whether chance alone, at a true value of just the bound, seldom shows what was measured."""
    if now.n_right is not None:
        tail = at_least if is_kept else at_most
        return tail(now.n_right, now.n, gate.bound) <= CHANCE
    if now.low is None or now.high is None:
        return False
    lower_end, upper_end = (now.high, now.low) if gate.measure.is_at_most else (now.low, now.high)
    worst_is_kept, best_is_kept = _keeps(gate, lower_end), _keeps(gate, upper_end)
    return worst_is_kept if is_kept else not best_is_kept


def power(gate: Gate, n: int) -> str:
    """Say what a share's bound on ``n`` examples cannot tell, and what would be needed.

    "With 5 examples a true accuracy of 0.57 would pass one time in 17; 59, all of them right,
    would be needed to tell 0.95."
    """
    wanted = math.ceil(gate.bound * n - 1e-9)  # so many right pass
    doubtful = wilson(wanted, n)[0]
    odds = frequency(at_least(wanted, n, doubtful))
    shown, bound = number(gate, doubtful), number(gate, gate.bound)
    said = f"with {_examples(n)} a true {gate.kind} of {shown} would pass {odds}"
    needed = n_to_tell(gate.bound)
    if needed is None:
        return f"{said}; no number of examples can tell that all such are right"
    if needed > n:
        return f"{said}; {needed:,}, all of them right, would be needed to tell {bound}"
    clear = _n_right_to_tell(gate.bound, wanted, n)
    return f"{said}; {clear:,} right would be needed to tell {bound}"


def compared(
    gate: Gate, now: Measured, base_value: float | None, n_broken: int, n_fixed: int
) -> str:
    """Say how a value stands to the base build's, where the gate has a tolerance."""
    if gate.tolerance is None or now.value is None:
        return ""
    tolerance = number(gate, gate.tolerance)
    if base_value is None:
        return (
            f"No base build has what it measures, so its tolerance of {tolerance} was not judged."
        )
    worse = now.value - base_value if gate.measure.is_at_most else base_value - now.value
    base = number(gate, base_value)
    if worse <= 0:
        return f"The base build has {base}: not worse."
    is_tolerated = worse <= gate.tolerance + 1e-9
    relation = "within" if is_tolerated else "more than"
    said = f"The base build has {base}: worse by {number(gate, worse)}, {relation} the tolerance"
    if not n_broken + n_fixed:
        return f"{said} of {tolerance}."
    p = sign_test(n_broken, n_fixed)
    chance = "beyond chance" if p <= CHANCE else f"chance alone does as much {frequency(p)}"
    return f"{said} of {tolerance} ({n_broken:,} broken, {n_fixed:,} fixed: {chance})."


def gone(n_gone: int, n_before: int) -> str:
    """Say that examples of the base build left the gate: a relabelled one leaves its class."""
    if not n_gone:
        return ""
    return f"{n_gone:,} of the {n_before:,} that the base build was judged on are not among them."


def trained(n_trained: int, n: int) -> str:
    """Say that training examples tell little of new ones; nothing where there are none."""
    if not n_trained:
        return ""
    some = "They were" if n_trained == n else f"{n_trained:,} of them were"
    return f"{some} trained on, so this says little of examples that the network has not seen."


def nothing(gate: Gate, n_counted: int, n_named: int) -> str:
    """Say why a gate measured nothing; such a gate does not pass."""
    if n_named == 0:
        what = "the dataset is empty" if gate.condition == EVERYTHING else "no example has"
        condition = "" if gate.condition == EVERYTHING else f" {gate.condition[:120]}"
        return f"It names no example, and so tests nothing: {what}{condition}."
    if n_counted == 0:
        where = f"in {gate.split}, " if gate.split else ""
        other = f" Set split = {'all'!r} to judge those of every split." if gate.split else ""
        return (
            f"It tests nothing: of the {_examples(n_named)} that its condition names, none is "
            f"{where}labelled, neither excluded nor in conflict.{other}"
        )
    what = f"predicted as {gate.label!r}" if gate.kind == "precision" else f"of {gate.label!r}"
    lacking = f"is {what}" if gate.label is not None else "has what it measures"
    return f"It tests nothing: of its {_examples(n_counted)} none {lacking}."


def frequency(p: float) -> str:
    """Return a probability as people say it: ``one time in 17``, ``9 times in 10``."""
    if p >= 0.95:
        return "nearly always"
    if p >= 0.35:
        return f"{round(10 * p)} times in 10"
    if p < 0.001:
        return "less than one time in 1,000"
    return f"one time in {round(1 / p):,}"


def number(gate: Gate, value: float, *, n_digits: int = 2) -> str:
    """Return a value of the gate's metric as it is written: a count ``3``, a share ``0.9988``.

    With so many digits, at least ``n_digits``, that what is missing to 0, and of a share to 1, is
    told to a twentieth.
    """
    if gate.measure.is_count:
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    room = value if math.isinf(gate.measure.highest) else min(value, 1 - value)
    for digits in range(n_digits, 7):
        text = f"{value:.{digits}f}"
        if abs(float(text) - value) <= abs(room) / 20 + 1e-12:
            return text
    return f"{value:.2g}"


def _passed(gate: Gate, now: Measured) -> str:
    if is_beyond_chance(gate, now, is_kept=True):
        return "It passes, beyond chance."
    return f"It passes, and cannot tell more: {power(gate, now.n)}."


def _failed(gate: Gate, now: Measured) -> str:
    if gate.bound >= 1:
        n_wrong = now.n - (now.n_right or 0)
        verb = "is" if n_wrong == 1 else "are"
        return f"It fails: every one has to be right, and {n_wrong:,} {verb} not."
    p = at_most(now.n_right or 0, now.n, gate.bound)
    bound = number(gate, gate.bound)
    odds = f"with a true {gate.kind} of {bound} so few would be right {frequency(p)}"
    if p <= CHANCE:
        return f"It fails, beyond chance: {odds}."
    return f"It fails, within chance: {odds}; {_examples(now.n)} cannot tell."


def _n_right_to_tell(bound: float, low: int, n: int) -> int:
    """Return how many of n have to be right, at least ``low``, to be so beyond chance."""
    high = n
    while low < high:
        middle = (low + high) // 2
        if at_least(middle, n, bound) <= CHANCE:
            high = middle
        else:
            low = middle + 1
    return low


def _of_interval(gate: Gate, now: Measured, *, is_kept: bool) -> str:
    verdict = "passes" if is_kept else "fails"
    if is_beyond_chance(gate, now, is_kept=is_kept):
        side = "keeps" if is_kept else "misses"
        return f"It {verdict}, beyond chance: the whole interval {side} the bound."
    return (
        f"It {verdict}, within chance: the bound lies in the interval that {_examples(now.n)} "
        "leave."
    )


def _keeps(gate: Gate, value: float) -> bool:
    return value <= gate.bound if gate.measure.is_at_most else value >= gate.bound


def _examples(n: int) -> str:
    return f"{n:,} example" if n == 1 else f"{n:,} examples"
