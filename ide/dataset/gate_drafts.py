"""Gates as one would begin to write them: of an example, of a failure, of a slice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ide.dataset.gates import EVERYTHING, MAX_NAME, Gate
from ide.dataset.schema import TEST
from ide.dataset.slices import literal

MAX_IDS = 200  # of a condition; more is a slice, and slices have conditions of their own
_USUAL = 0.95


def of_examples(name: str, ids: Iterable[str], splits: Iterable[str | None]) -> Gate:
    """Return a gate that wants every one of some examples right; ids: at least one.

    splits: of these examples; those of the test split alone are judged as that.
    """
    listed = sorted(set(ids))
    values = ", ".join(literal(i) for i in listed)
    condition = f"example_id = {values}" if len(listed) == 1 else f"example_id IN ({values})"
    split = TEST if set(splits) == {TEST} else None
    return Gate(tidy(name), condition, "accuracy", 1.0, split=split)


def of_slice(
    condition: str, *, split: str | None = TEST, wanted: float | None = None, name: str = ""
) -> Gate:
    """Return a gate on a condition; wanted: what the whole split reaches, which is the bound."""
    said = condition.strip() or EVERYTHING
    title = name or (said if said != EVERYTHING else f"everything in {split or 'every split'}")
    return Gate(tidy(title), said, "accuracy", _bound(wanted), split=split)


def of_class(label: str, *, split: str | None = TEST, wanted: float | None = None) -> Gate:
    """Return a gate on the recall of a class."""
    return Gate(
        tidy(f"{label} is found"),
        f"label = {literal(label)}",
        f"recall of {label}",
        _bound(wanted),
        split=split,
    )


def condition_of(values: Sequence[tuple[str, str | None]], where: str = "") -> str:
    """Return a condition of columns that have values (None = any), and of SQL besides."""
    parts = [f"{column} = {literal(value)}" for column, value in values if value is not None]
    if where.strip():
        parts.append(f"({where.strip()}\n)" if "--" in where else f"({where.strip()})")
    return " AND ".join(parts) if len(parts) != 1 or not where.strip() else where.strip()


def tidy(name: str) -> str:
    """Return a text as a gate's name: one line, not too long."""
    shown = "".join(c if c.isprintable() else " " for c in name)
    line = " ".join(shown.split()) or "gate"
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1] + "…"


def _bound(wanted: float | None) -> float:
    """Round down to hundredths, so that what is measured now keeps it."""
    if wanted is None:
        return _USUAL
    return max(0.01, math.floor(wanted * 100 + 1e-9) / 100)
