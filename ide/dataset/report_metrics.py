"""The metrics of a report: each split before and after, and the classes and slices that moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ide.dataset.document import BAD, DIM, GOOD, Block, Code, Heading, Paragraph, Strong, table
from ide.dataset.flips import BROKEN, FIXED
from ide.dataset.schema import POOL, SPLIT, TEST, TRAIN, VALIDATION
from ide.dataset.significance import ALPHA, Moved, mcnemar, two_proportions

TEST_FIRST = (TEST, VALIDATION, TRAIN, POOL)  # what counts most comes first
MAX_MOVED = 30  # slices in the table


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two accuracies differ by more than chance, and by which test."""

    p: float
    test: str

    @property
    def is_real(self) -> bool:
        """Whether chance alone would seldom do as much."""
        return self.p < ALPHA

    def __str__(self) -> str:
        """Write ``real (p = 0.021, McNemar)``."""
        return f"{'real' if self.is_real else 'within noise'} (p = {self.p:.2g}, {self.test})"


def verdict(
    split: str,
    was: Mapping[str, Any] | None,
    now: Mapping[str, Any],
    flips: pa.Table | None,
) -> Verdict | None:
    """Compare two accuracies of a split by the best test there is data for; None without both."""
    if not was or not _value(was) or not _value(now):
        return None
    if flips is not None:
        return Verdict(
            mcnemar(n_flips(flips, FIXED, split), n_flips(flips, BROKEN, split)), "McNemar"
        )
    hits = [round(s["accuracy"]["value"] * s["n"]) for s in (was, now)]
    return Verdict(two_proportions(hits[0], was["n"], hits[1], now["n"]), "two proportions")


def n_flips(flips: pa.Table, flip: str, split: str) -> int:
    """Count the flips of a kind in a split."""
    rows = zip(flips["flip"].to_pylist(), flips[SPLIT].to_pylist(), strict=True)
    return sum(row == (flip, split) for row in rows)


def metric_blocks(
    metrics: Mapping[str, Any] | None,
    base_metrics: Mapping[str, Any] | None,
    flips: pa.Table | None,
    *,
    moved: Sequence[Moved] = (),
    n_slices: int = 0,
) -> list[Block]:
    """Return accuracy and macro F1 of each split, before and after, and what moved."""
    if metrics is None:
        return []
    before = (base_metrics or {}).get("splits", {})
    rows: list[tuple[str | Strong, ...]] = []
    for split in TEST_FIRST:
        now, was = metrics["splits"].get(split), before.get(split)
        if now is None or not now.get("accuracy"):
            continue
        found = verdict(split, was, now, flips)
        rows.append(
            (
                split,
                f"{now['n']:,}",
                _interval(was and was.get("accuracy")),
                _interval(now["accuracy"]),
                _difference(was, now, is_real=found is not None and found.is_real),
                str(found) if found else "–",
                f"{_number(was and was.get('macro_f1'))} → {_number(now.get('macro_f1'))}",
            )
        )
    columns = ("split", "n", "accuracy before", "after (95 %)", "difference", "noise?", "macro F1")
    return [Heading(4, "Metrics"), table(columns, rows), *_moved_blocks(moved, n_slices)]


def _moved_blocks(moved: Sequence[Moved], n_slices: int) -> list[Block]:
    """Return the classes and slices that moved more than chance would, and of how many."""
    if not n_slices:
        return []
    looked = f"{n_slices:,} classes and slices of held-out examples were looked at"
    if not moved:
        said = f"{looked}; none moved more than noise (McNemar, Holm's correction for so many)."
        return [Paragraph((Strong(said, DIM),))]
    said = f"{looked}; {len(moved):,} moved more than noise (Holm's correction for so many)."
    rows = [_moved_row(each) for each in moved[:MAX_MOVED]]
    columns = ("slice", "split", "n", "fixed", "broken", "before", "after (95 %)", "p")
    more = max(0, len(moved) - MAX_MOVED)
    return [Paragraph((said,)), table(columns, rows, more)]


def _moved_row(moved: Moved) -> Sequence[str | Code | Strong]:
    interval = {"value": moved.after, "low": moved.low, "high": moved.high}
    return (
        Code(moved.slice),
        moved.split,
        f"{moved.n:,}",
        f"{moved.n_fixed:,}",
        f"{moved.n_broken:,}",
        f"{moved.before:.4f}",
        Strong(_interval(interval), GOOD if moved.after > moved.before else BAD),
        f"{moved.p:.2g}",
    )


def _value(split: Mapping[str, Any]) -> bool:
    return bool(split.get("accuracy")) and split["accuracy"]["value"] is not None


def _difference(
    was: Mapping[str, Any] | None, now: Mapping[str, Any], *, is_real: bool
) -> str | Strong:
    if not was or not _value(was) or not _value(now):
        return "–"
    points = 100 * (now["accuracy"]["value"] - was["accuracy"]["value"])
    said = f"{points:+.2f} points"
    return Strong(said, GOOD if points > 0 else BAD) if is_real else said


def _interval(estimate: Mapping[str, float] | None) -> str:
    if not estimate or estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f} … {estimate['high']:.4f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
