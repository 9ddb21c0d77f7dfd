"""Parts of the dataset on which the build is worse than elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ide.dataset.checks.columns import Column, columns_of
from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.metrics import wilson
from ide.dataset.slices import identifier, literal
from ide.dataset.statistics import z_of

ALPHA = 0.01
MIN_ROWS = 20
MAX_SLICES = 10
MAX_LITERALS = 300
MAX_VALUES = 30  # categories of a column that are looked at


@dataclass(frozen=True, slots=True)
class Literal:
    """One condition on one column, and the rows that fulfil it."""

    column: str
    condition: str  # SQL
    mask: np.ndarray  # (M,) bool


@dataclass(frozen=True, slots=True)
class Slice:
    """A condition of one literal or two, and how the build does where it holds."""

    members: frozenset[int]  # places in the list of literals
    n: int
    n_wrong: int

    @property
    def rate(self) -> float:
        """The error rate."""
        return self.n_wrong / self.n


@check("weak_slices", severity="note", needs=["media", "predicted", "is_out_of_sample"])
def weak_slices(dataset: CheckInput) -> Iterator[Issue]:
    """Find conditions under which the build errs more than elsewhere, by one column or two.

    All conditions on a class, a category or a quarter of a measured range, and all pairs of them,
    are searched from short to long as SliceFinder does (Chung et al., "Slice Finder: automated
    data slicing for model validation", ICDE 2019), over the examples that the build was not
    trained on. Told is a slice of at least 20 whose interval of the error rate, made wide enough
    for all that was looked at (Bonferroni, 1 %), lies above that of the rest (95 %), and a longer
    condition only where no part of it is told. Score: the error rate; the condition is the
    subject, and works in Browse.
    """
    assert dataset.predicted is not None and dataset.is_out_of_sample is not None
    rows = np.flatnonzero(dataset.is_usable & dataset.is_out_of_sample)
    is_wrong = dataset.predicted[rows] != dataset.label_numbers[rows]
    if len(rows) < 2 * MIN_ROWS or not is_wrong.any():
        return
    literals = _literals(dataset, rows)
    n_rows, n_wrong = len(rows), int(is_wrong.sum())
    for found in _weakest(literals, is_wrong)[:MAX_SLICES]:
        low, high = wilson(found.n_wrong, found.n)
        condition = " AND ".join(literals[i].condition for i in sorted(found.members))
        elsewhere = (n_wrong - found.n_wrong) / (n_rows - found.n)
        yield Issue(
            None,
            None,
            found.rate,
            f"{found.n_wrong:,} of {found.n:,} held-out examples are wrong ({found.rate:.0%}, "
            f"95 % {low:.0%} … {high:.0%}) where {condition}; elsewhere {elsewhere:.1%}",
            subject=condition,
        )


def _weakest(literals: list[Literal], is_wrong: np.ndarray) -> list[Slice]:
    """Return the slices that are surely weaker than the rest, the weakest first."""
    pairs = _pairs(literals, is_wrong)
    z = z_of(ALPHA / max(len(literals) + len(pairs), 1))
    singles = [
        Slice(frozenset([i]), int(x.mask.sum()), int((x.mask & is_wrong).sum()))
        for i, x in enumerate(literals)
    ]
    n_rows, n_wrong = len(is_wrong), int(is_wrong.sum())
    found: list[Slice] = []
    for one in (*singles, *pairs):
        n_rest = n_rows - one.n
        if min(one.n, n_rest) < MIN_ROWS or one.rate * n_rows <= n_wrong:
            continue
        if any(known.members <= one.members for known in found):
            continue
        if wilson(one.n_wrong, one.n, z)[0] > wilson(n_wrong - one.n_wrong, n_rest)[1]:
            found.append(one)
    return sorted(found, key=lambda s: (-s.rate, sorted(s.members)))


def _literals(dataset: CheckInput, rows: np.ndarray) -> list[Literal]:
    """Return the conditions on one column that hold for enough rows and not for nearly all."""
    columns = [Column("label", dataset.label_numbers, dataset.classes), *columns_of(dataset)]
    found: list[Literal] = []
    for column in columns:
        if column.name.startswith("beginning of "):
            continue  # no column that a condition could name
        of_column = _ranges(column, rows) if column.is_numeric else _categories(column, rows)
        found += [x for x in of_column if MIN_ROWS <= x.mask.sum() <= len(rows) - MIN_ROWS]
    return found[:MAX_LITERALS]


def _categories(column: Column, rows: np.ndarray) -> Iterator[Literal]:
    values = column.values[rows]
    name = identifier(column.name)
    counts = np.bincount(values[values >= 0], minlength=len(column.names or ()))
    for code in sorted(np.argsort(-counts, kind="stable")[:MAX_VALUES]):
        assert column.names is not None
        yield Literal(column.name, f"{name} = {literal(column.names[code])}", values == code)


def _ranges(column: Column, rows: np.ndarray) -> Iterator[Literal]:
    """Yield the four quarters of a column of numbers, with bounds of three digits."""
    values = column.values[rows]
    known = values[np.isfinite(values)]
    if not len(known):
        return
    bounds = [float(f"{q:.3g}") for q in np.quantile(known, (0.25, 0.5, 0.75))]
    name = identifier(column.name)
    with np.errstate(invalid="ignore"):
        yield Literal(column.name, f"{name} < {bounds[0]:g}", values < bounds[0])
        for low, high in pairwise(bounds):
            if low < high:
                condition = f"{name} >= {low:g} AND {name} < {high:g}"
                yield Literal(column.name, condition, (values >= low) & (values < high))
        yield Literal(column.name, f"{name} >= {bounds[-1]:g}", values >= bounds[-1])


def _pairs(literals: list[Literal], is_wrong: np.ndarray) -> list[Slice]:
    """Return the pairs of conditions on different columns that hold for enough rows together.

    The pairs with the highest error rate come first; (L, M) @ (M, L) counts them all at once.
    """
    if len(literals) < 2:
        return []
    masks = np.stack([x.mask for x in literals]).astype(np.float32)
    n, k = masks @ masks.T, (masks * is_wrong) @ masks.T
    names = np.array([x.column for x in literals])
    possible = np.triu(n >= MIN_ROWS, 1) & (names[:, None] != names)
    a, b = np.nonzero(possible)
    order = np.argsort(-(k[a, b] / n[a, b]), kind="stable")
    return [
        Slice(frozenset((int(i), int(j))), round(float(n[i, j])), round(float(k[i, j])))
        for i, j in zip(a[order], b[order], strict=True)
    ]
