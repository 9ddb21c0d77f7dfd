"""The metrics that a gate can hold a build to, each with a 95 % interval that few examples widen.

A metric is a pure function of a table of predictions; the order of its rows changes nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.gates import METRICS, Gate
from ide.dataset.metrics import Z_95, wilson
from ide.dataset.schema import EXAMPLE_ID, LABEL

PREDICTED, LOSS = "predicted", "loss"


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric on some examples: its value, None where nothing was measured, with its interval.

    n: how many examples the value is of (of recall those of the class, of precision what is
    predicted so, of f1 both). n_right: how many of them are right, where the value is the share
    of these; else None. high is infinite where nothing bounds it.
    """

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n_right: int | None = None


def measure(gate: Gate, rows: pa.Table) -> Measured:
    """Return the gate's metric on ``rows``: ``label, predicted, loss``, no label null."""
    return _MEASURES[gate.kind](rows, gate.label)


def against(gate: Gate, rows: pa.Table) -> tuple[str, ...]:
    """Return the ids of the examples that count against a gate, highest loss first, then by id."""
    is_wrong = pc.not_equal(rows[LABEL], rows[PREDICTED])
    if gate.kind == "loss":
        is_wrong = pc.fill_null(pc.greater(rows[LOSS], gate.bound), False)
    of_label, of_predicted = (pc.equal(rows[c], gate.label or "") for c in (LABEL, PREDICTED))
    concerns = {"recall": of_label, "precision": of_predicted, "f1": pc.or_(of_label, of_predicted)}
    if gate.kind in concerns:
        is_wrong = pc.and_(is_wrong, concerns[gate.kind])
    found = rows.filter(is_wrong).select([EXAMPLE_ID, LOSS])
    order = [(LOSS, "descending"), (EXAMPLE_ID, "ascending")]
    ids: list[str] = found.sort_by(order)[EXAMPLE_ID].to_pylist()
    return tuple(ids)


def _share(n_right: int, n: int) -> Measured:
    if n == 0:
        return Measured(0)
    low, high = wilson(n_right, n)
    return Measured(n, n_right / n, low, high, n_right)


def _accuracy(rows: pa.Table, _label: str | None) -> Measured:
    return _share(_count(pc.equal(rows[LABEL], rows[PREDICTED])), len(rows))


def _recall(rows: pa.Table, label: str | None) -> Measured:
    return _accuracy(rows.filter(pc.equal(rows[LABEL], label or "")), None)


def _precision(rows: pa.Table, label: str | None) -> Measured:
    return _accuracy(rows.filter(pc.equal(rows[PREDICTED], label or "")), None)


def _f1(rows: pa.Table, label: str | None) -> Measured:
    of_label, predicted = (pc.equal(rows[c], label or "") for c in (LABEL, PREDICTED))
    return _f1_of(_count(pc.and_(of_label, predicted)), _count(pc.or_(of_label, predicted)))


def _f1_of(n_both: int, n_either: int) -> Measured:
    """F1 is 2j/(1 + j) of Jaccard's share j = both/either, and rises with it, as its ends do."""
    if n_either == 0:
        return Measured(0)
    low, value, high = (
        2 * j / (1 + j) for j in (wilson(n_both, n_either)[0], n_both / n_either, 1.0)
    )
    top = wilson(n_both, n_either)[1]
    return Measured(n_either, value, low, min(high, 2 * top / (1 + top)))


def _macro_f1(rows: pa.Table, _label: str | None) -> Measured:
    """The mean of K estimates with intervals of their own, by MOVER (Zou & Donner 2008)."""
    labels, predicted = rows[LABEL].to_pylist(), rows[PREDICTED].to_pylist()
    given, told = Counter(labels), Counter(predicted)
    both = Counter(a for a, b in zip(labels, predicted, strict=True) if a == b)
    every = sorted(given.keys() | told.keys())
    if not every:
        return Measured(0)
    found = [_f1_of(both[c], given[c] + told[c] - both[c]) for c in every]
    values = np.array([(m.value, m.low, m.high) for m in found], float)
    mean = math.fsum(values[:, 0]) / len(found)
    below, above = (
        math.sqrt(math.fsum((values[:, 0] - values[:, i]) ** 2)) / len(found) for i in (1, 2)
    )
    return Measured(len(rows), mean, max(0.0, mean - below), min(1.0, mean + above))


def _loss(rows: pa.Table, _label: str | None) -> Measured:
    """A mean with Student's interval; of one example nothing bounds it."""
    losses = np.sort(rows[LOSS].drop_null().to_numpy().astype(np.float64))
    n = len(losses)
    if n == 0:
        return Measured(0)
    mean = math.fsum(losses) / n
    if n == 1:
        return Measured(1, mean, 0.0, math.inf)
    spread = math.sqrt(math.fsum((losses - mean) ** 2) / (n - 1) / n)
    reach = t_95(n - 1) * spread
    return Measured(n, mean, max(0.0, mean - reach), mean + reach)


def _n_wrong(rows: pa.Table, _label: str | None) -> Measured:
    n = len(rows)
    if n == 0:
        return Measured(0)
    n_wrong = n - _count(pc.equal(rows[LABEL], rows[PREDICTED]))
    low, high = wilson(n_wrong, n)
    return Measured(n, float(n_wrong), n * low, n * high)


def t_95(n_free: int) -> float:
    """Return what Student's t of ``n_free`` degrees of freedom exceeds, either way, 1 time in 20.

    The first two are exact, the rest is Cornish and Fisher's expansion (Abramowitz & Stegun
    26.7.5), to 0.003 at three degrees and better above.
    """
    if n_free in (1, 2):
        return (12.7062, 4.3027)[n_free - 1]
    z, v = Z_95, float(n_free)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


_MEASURES: Mapping[str, Callable[[pa.Table, str | None], Measured]] = {
    "accuracy": _accuracy,
    "recall": _recall,
    "precision": _precision,
    "f1": _f1,
    "macro_f1": _macro_f1,
    "loss": _loss,
    "n_wrong": _n_wrong,
}
assert _MEASURES.keys() == METRICS.keys()
