"""How many labels are thought wrong, as people read it: whole numbers, and an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyarrow as pa

from ide.dataset.schema import LABEL, SPLIT, SPLITS


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many of ``n`` labels are thought wrong, with a 95 % interval where one is known."""

    name: str  # the split or the class; "" = all labels
    n: int | None  # None where a build does not tell
    n_errors: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Write ``54 (40–70)``: the bounds rounded outwards, and below one half ``< 1``."""
        text = f"{round(self.n_errors):,}" if round(self.n_errors) else "< 1"
        bounds = self.bounds
        return text if bounds is None else f"{text} ({bounds[0]:,}–{bounds[1]:,})"

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The interval in whole labels."""
        if self.low is None or self.high is None:
            return None
        return math.floor(self.low), math.ceil(self.high)


def estimate_of_all(label_errors: pa.Table) -> Estimate | None:
    """Return the estimate for all labels of ``schema.LABEL_ERRORS``; None where there are none."""
    rows = (r for r in label_errors.to_pylist() if r[SPLIT] is None and r[LABEL] is None)
    row = next(rows, None)
    return _estimate("", row) if row and row["n"] else None


def estimates_by_split(label_errors: pa.Table) -> list[Estimate]:
    """Return an estimate a split, in the order in which splits are always named."""
    rows = {r[SPLIT]: r for r in label_errors.to_pylist() if r[SPLIT] and r[LABEL] is None}
    return [_estimate(split, rows[split]) for split in SPLITS if split in rows]


def estimates_by_class(label_errors: pa.Table) -> list[Estimate]:
    """Return an estimate a class, that with the most wrong labels first."""
    rows = [r for r in label_errors.to_pylist() if r[SPLIT] is None and r[LABEL] is not None]
    found = [_estimate(row[LABEL], row) for row in rows]
    return sorted(found, key=lambda e: (-e.n_errors, e.name))


def sentence(label_errors: pa.Table) -> str | None:
    """Say it in one line; None where no label was ranked.

    Such as: About 54 of 1,797 labels are wrong (40 to 70): train 30, validation 9, test 15.
    """
    found = estimate_of_all(label_errors)
    if found is None or found.bounds is None:
        return None
    n = round(found.n_errors)
    about = f"About {n:,}" if n else "Fewer than 1"
    be = "is" if n <= 1 else "are"
    low, high = found.bounds
    splits = estimates_by_split(label_errors)
    by_split = ", ".join(f"{e.name} {round(e.n_errors):,}" for e in splits)
    where = f": {by_split}" if n and len(splits) > 1 else ""
    return f"{about} of {found.n:,} labels {be} wrong ({low:,} to {high:,}){where}."


def _estimate(name: str, row: dict[str, float]) -> Estimate:
    return Estimate(name, int(row["n"]), row["n_errors"], row["low"], row["high"])
