"""How two parts of a dataset differ, column by column: what both checks of drift do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ide.dataset.checks.check_input import CheckInput
from ide.dataset.checks.columns import Column, columns_of
from ide.dataset.statistics import chi_square_test, holm, ks_test

ALPHA = 0.001  # after Holm's correction for all columns and parts
MIN_D = 0.15  # the effects that are worth a line: Kolmogorov and Smirnov's D,
MIN_V = 0.15  # Cramér's V
MIN_ROWS = 20  # of a part
N_COMPONENTS = 8  # of the payloads' features
MAX_ROWS = 20_000  # that the components are fitted on


@dataclass(frozen=True, slots=True)
class Shift:
    """A column that differs between a part and the rest."""

    part: str
    column: str
    effect: float  # D or V, 0 … 1
    p: float  # adjusted
    sentence: str


def shifts(
    dataset: CheckInput, parts: dict[str, tuple[np.ndarray, np.ndarray]], *, without: set[str]
) -> Iterator[Shift]:
    """Yield the columns that differ: univariate tests on few dimensions, with a correction.

    Rabanser, Günnemann & Lipton, "Failing loudly" (NeurIPS 2019), found this the best of the
    detectors of dataset shift that they compared: Kolmogorov and Smirnov's test of numbers, chi-
    square of categories, and of the payloads' features the first components; Bonferroni's
    correction there, Holm's uniformly better one here. Only what is also of some effect is told.

    parts: name → (rows of the part, rows it is compared with). without: columns left out.
    """
    columns = [c for c in (*_labels(dataset), *columns_of(dataset)) if c.name not in without]
    columns += _components(dataset)
    tests = [
        (part, column, *_compare(column, own, other))
        for part, (own, other) in parts.items()
        if min(len(own), len(other)) >= MIN_ROWS
        for column in columns
    ]
    best: dict[tuple[str, str], Shift] = {}
    for (part, column, effect, _, sentence), p in zip(
        tests, holm([t[3] for t in tests]), strict=True
    ):
        if p < ALPHA and effect >= (MIN_D if column.is_numeric else MIN_V):
            found = Shift(part, column.name, effect, p, sentence)
            known = best.get((part, column.name))
            if known is None or known.effect < effect:  # of several components the worst
                best[part, column.name] = found
    yield from best.values()


def _labels(dataset: CheckInput) -> Iterator[Column]:
    values = np.where(dataset.is_usable, dataset.label_numbers, -1)
    yield Column("label", values, dataset.classes)


def _components(dataset: CheckInput) -> list[Column]:
    """Return the first principal components of the payloads' features, a column each."""
    if dataset.raw_features is None or len(dataset.raw_features) < MIN_ROWS:
        return []
    features = np.nan_to_num(np.asarray(dataset.raw_features, np.float32))
    step = -(-len(features) // MAX_ROWS)
    centred = features[::step] - features[::step].mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    projected = features @ axes[:, ::-1][:, :N_COMPONENTS].astype(np.float32)
    return [Column("what is shown", values.astype(np.float64)) for values in projected.T]


def _compare(column: Column, own: np.ndarray, other: np.ndarray) -> tuple[float, float, str]:
    """Return (effect, p, what to say) of one column."""
    a, b = column.values[own], column.values[other]
    if column.names is None:
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        d, p = ks_test(a, b)
        if column.name == "what is shown":
            return d, p, "what is shown differs"
        middle = [f"{np.median(x):.3g}" if len(x) else "none" for x in (a, b)]
        return d, p, f"{column.name} is {middle[0]} in the middle, there {middle[1]}"
    n = len(column.names)
    counts = np.stack([np.bincount(x[x >= 0], minlength=n) for x in (a, b)])
    v, p = chi_square_test(counts)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    most = int(np.abs(shares[0] - shares[1]).argmax())
    return (
        v,
        p,
        f"{column.name} {column.names[most]} is {shares[0, most]:.0%}, there {shares[1, most]:.0%}",
    )
