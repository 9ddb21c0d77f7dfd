"""Judging a build by a gate: what it measures, whether it passes, and what that can tell."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset import gate_words
from ide.dataset.gate_metrics import PREDICTED, against, measure
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL

IS_OUT_OF_SAMPLE = "is_out_of_sample"
SLACK = 1e-9  # 0.97 − 0.02 is 0.95, whatever a float says


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate says of a build.

    n: how many examples were judged. value: the metric on them, None where nothing was measured;
    low, high: its 95 % interval. base_value: the same of the base build. says: the judgement in
    plain words. failed_ids: the examples that count against the build, worst first, also where
    the gate passes all the same. problem: why the gate could not be asked at all.
    """

    gate: Gate
    n: int
    value: float | None
    low: float | None
    high: float | None
    base_value: float | None
    is_passed: bool
    says: str
    failed_ids: tuple[str, ...] = ()
    problem: str | None = None


def judge(
    gate: Gate,
    rows: pa.Table,
    base_rows: pa.Table | None = None,
    *,
    n_named: int | None = None,
    base_ids: pa.Array | None = None,
) -> GateResult:
    """Judge a build by what it makes of a gate's examples.

    rows, base_rows: a row an example that the gate is about and that counts (labelled, not
    excluded, not in conflict), of the build and of the base: ``example_id, label, predicted,
    loss, is_out_of_sample``. Their order changes nothing. base_rows are of the base's network and
    the build's labels; the two are compared on the examples that both have. n_named: how many
    examples fulfil the condition at all. base_ids: the examples that the base was judged on by its
    own labels; None = those of ``base_rows``. Where nothing is measured the gate fails: none
    passes silently.
    """
    now = measure(gate, rows)
    same, then = rows, None
    if base_rows is not None:
        same, then = _of_both(rows, base_rows), _of_both(base_rows, rows)
    beside = measure(gate, same)
    base_value = measure(gate, then).value if then is not None else None
    if now.value is None:
        says = gate_words.nothing(gate, len(rows), len(rows) if n_named is None else n_named)
        return GateResult(gate, 0, None, None, None, base_value, False, says)
    keeps_bound = is_kept(gate, now.value)
    keeps_base = (
        base_value is None or beside.value is None or is_tolerated(gate, beside.value, base_value)
    )
    left = base_rows[EXAMPLE_ID] if base_ids is None and base_rows is not None else base_ids
    n_trained = len(rows) - int(pc.sum(rows[IS_OUT_OF_SAMPLE]).as_py() or 0)
    says = " ".join(
        part
        for part in (
            gate_words.measured(gate, now),
            gate_words.judgement(gate, now, is_kept=keeps_bound),
            gate_words.compared(gate, beside, base_value, *_flips(gate, same, then)),
            gate_words.gone(_n_gone(rows, left), 0 if left is None else len(left)),
            gate_words.trained(n_trained, len(rows)),
        )
        if part
    )
    return GateResult(
        gate=gate,
        n=now.n,
        value=now.value,
        low=now.low,
        high=now.high,
        base_value=base_value,
        is_passed=keeps_bound and keeps_base,
        says=says,
        failed_ids=against(gate, rows),
    )


def unanswered(gate: Gate, problem: str) -> GateResult:
    """Return the result of a gate that could not be asked: it fails."""
    return GateResult(gate, 0, None, None, None, None, False, f"{problem}.", problem=problem)


def is_kept(gate: Gate, value: float) -> bool:
    """Whether a value keeps the gate's bound."""
    if gate.measure.is_at_most:
        return value <= gate.bound + SLACK
    return value >= gate.bound - SLACK


def is_tolerated(gate: Gate, value: float, base_value: float) -> bool:
    """Whether a value is not worse than the base's by more than the tolerance."""
    worse = value - base_value if gate.measure.is_at_most else base_value - value
    return gate.tolerance is None or worse <= gate.tolerance + SLACK


def _flips(gate: Gate, rows: pa.Table, base_rows: pa.Table | None) -> tuple[int, int]:
    """Count the examples of both builds that became wrong, and those that became right."""
    if gate.tolerance is None or base_rows is None:
        return 0, 0
    sides = [
        pa.table({EXAMPLE_ID: t[EXAMPLE_ID], name: pc.equal(t[LABEL], t[PREDICTED])})
        for t, name in ((rows, "now"), (base_rows, "before"))
    ]
    both = sides[0].join(sides[1], EXAMPLE_ID, join_type="inner")
    n_broken = pc.sum(pc.and_(both["before"], pc.invert(both["now"]))).as_py() or 0
    n_fixed = pc.sum(pc.and_(both["now"], pc.invert(both["before"]))).as_py() or 0
    return int(n_broken), int(n_fixed)


def _of_both(rows: pa.Table, others: pa.Table) -> pa.Table:
    """Return the rows whose example the other table has too."""
    return rows.filter(pc.is_in(rows[EXAMPLE_ID], value_set=others[EXAMPLE_ID].combine_chunks()))


def _n_gone(rows: pa.Table, base_ids: pa.Array | pa.ChunkedArray | None) -> int:
    """Count the base's examples that the gate is no longer about."""
    if base_ids is None:
        return 0
    stays = pc.is_in(base_ids, value_set=rows[EXAMPLE_ID].combine_chunks())
    return len(base_ids) - int(pc.sum(stays).as_py() or 0)
