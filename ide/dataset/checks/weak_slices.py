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
MIN_LIFT = 1.5  # times the error rate elsewhere, at the lower end of the interval
MAX_SLICES = 10
MAX_LITERALS = 300
MAX_VALUES = 30  # categories of a column that are looked at


@dataclass(frozen=True, slots=True)
class Literal:
    """One condition on one column, and the rows that fulfil it."""

    column: str
    condition: str  # SQL
    mask: np.ndarray  # (M,) bool


@check("weak_slices", severity="note", needs=["media", "predicted", "is_out_of_sample"])
def weak_slices(dataset: CheckInput) -> Iterator[Issue]:
    """Find conditions under which the build errs more than elsewhere, by one column or two.

    All conditions on a class, a category or a quarter of a measured range, and all pairs of them,
    are searched from short to long as SliceFinder does (Chung et al., "Slice Finder: automated
    data slicing for model validation", ICDE 2019), over the examples that the build was not
    trained on. Told is a slice of at least 20 whose error rate is 1.5 times that of the rest at
    the lower end of an interval that allows for all that was looked at (Bonferroni, 1 %), and a
    longer condition only where it says more than the shorter one. Score: the error rate; the
    condition is the subject, and works in Browse.
    """
    assert dataset.predicted is not None and dataset.is_out_of_sample is not None
    rows = np.flatnonzero(dataset.is_usable & dataset.is_out_of_sample)
    is_wrong = dataset.predicted[rows] != dataset.label_numbers[rows]
    if len(rows) < 2 * MIN_ROWS or not is_wrong.any():
        return
    literals = _literals(dataset, rows)
    pairs = _pairs(literals, is_wrong)
    n_tests = len(literals) + len(pairs)
    z = z_of(ALPHA / max(n_tests, 1))
    told: list[frozenset[int]] = []
    found: list[tuple[float, int, int, frozenset[int]]] = []
    singles = [(frozenset([i]), x.mask) for i, x in enumerate(literals)]
    for members, mask in (*singles, *_masks(pairs, literals)):
        if any(known <= members for known in told):
            continue
        n, k = int(mask.sum()), int((mask & is_wrong).sum())
        if n < MIN_ROWS or len(rows) - n < MIN_ROWS:
            continue
        elsewhere = (is_wrong.sum() - k) / (len(rows) - n)
        if wilson(k, n, z)[0] > MIN_LIFT * max(elsewhere, 1 / len(rows)):
            told.append(members)
            found.append((k / n, n, k, members))
    found.sort(key=lambda f: (-f[0], sorted(f[3])))
    for rate, n, k, members in found[:MAX_SLICES]:
        low, high = wilson(k, n)
        condition = " AND ".join(literals[i].condition for i in sorted(members))
        elsewhere = (is_wrong.sum() - k) / (len(rows) - n)
        yield Issue(
            None,
            None,
            rate,
            f"{k:,} of {n:,} held-out examples are wrong ({rate:.0%}, 95 % {low:.0%} … {high:.0%}) "
            f"where {condition}; elsewhere {elsewhere:.1%}",
            subject=condition,
        )


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


def _pairs(literals: list[Literal], is_wrong: np.ndarray) -> list[tuple[int, int]]:
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
    return [(int(a[i]), int(b[i])) for i in order]


def _masks(
    pairs: list[tuple[int, int]], literals: list[Literal]
) -> Iterator[tuple[frozenset[int], np.ndarray]]:
    for a, b in pairs:
        yield frozenset((a, b)), literals[a].mask & literals[b].mask
