"""The metrics of a report: each split before and after, and the classes and slices that moved.

Where both builds are here they are measured on the newer one's labels, and what the answer key
moved stands apart; else each is measured on its own, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ide.dataset.document import BAD, DIM, GOOD, Block, Code, Heading, Paragraph, Strong, table
from ide.dataset.schema import SPLIT
from ide.dataset.significance import ALPHA, Moved, mcnemar, two_proportions
from ide.dataset.two_builds import TEST_FIRST, Shift, TwoBuilds

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


def verdict(shift: Shift) -> Verdict:
    """Say whether the network's change is more than noise: McNemar on what it fixed and broke."""
    return Verdict(mcnemar(shift.n_fixed, shift.n_broken), "McNemar")


def unpaired_verdict(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Verdict | None:
    """Compare two accuracies, each on its own labels; None without both."""
    if not was or not _value(was) or not _value(now):
        return None
    hits = [round(s["accuracy"]["value"] * s["n"]) for s in (was, now)]
    return Verdict(two_proportions(hits[0], was["n"], hits[1], now["n"]), "two proportions")


def key_words(shift: Shift) -> str:
    """Say what the answer key moved: ``the answer key +2.30 points``."""
    if shift.answer_key is None:
        return "the answer key is new"
    return f"the answer key {100 * shift.answer_key:+.2f} points"


def n_flips(flips: pa.Table, flip: str, split: str) -> int:
    """Count the flips of a kind in a split."""
    rows = zip(flips["flip"].to_pylist(), flips[SPLIT].to_pylist(), strict=True)
    return sum(row == (flip, split) for row in rows)


def metric_blocks(
    metrics: Mapping[str, Any] | None,
    base_metrics: Mapping[str, Any] | None,
    pair: TwoBuilds | None,
    *,
    moved: Sequence[Moved] = (),
    n_slices: int = 0,
) -> list[Block]:
    """Return accuracy and macro F1 of each split, before and after, and what moved."""
    if metrics is None:
        return []
    if pair is None:
        return [Heading(4, "Metrics"), *_unpaired_blocks(metrics, base_metrics)]
    rows = [_row(pair, pair.shifts[split]) for split in TEST_FIRST if split in pair.shifts]
    columns = (
        *("split", "n", "accuracy before", "after (95 %)", "the network", "noise?"),
        *("the answer key", "macro F1"),
    )
    blocks: list[Block] = [Heading(4, "Metrics"), table(columns, rows)]
    return [*blocks, Paragraph((Strong(_HOW, DIM),)), *_moved_blocks(moved, n_slices)]


_HOW = (
    "Both builds are measured on the newer one's labels, on the examples that both can be asked; "
    "the answer key is what labels, splits and exclusions did to the accuracies that each reports."
)
_APART = (
    "Each build is measured on its own labels here: without both builds, what the network did and "
    "what corrected labels did cannot be told apart."
)


def _row(pair: TwoBuilds, shift: Shift) -> tuple[str | Strong, ...]:
    was, now = (side["splits"][shift.split] for side in (pair.base, pair.now))
    found = verdict(shift)
    points = f"{100 * shift.network:+.2f} points"
    key = "–" if shift.answer_key is None else f"{100 * shift.answer_key:+.2f} points"
    return (
        shift.split,
        f"{shift.n:,}",
        _interval(was["accuracy"]),
        _interval(now["accuracy"]),
        Strong(points, GOOD if shift.network > 0 else BAD) if found.is_real else points,
        str(found),
        key,
        f"{_number(was['macro_f1'])} → {_number(now['macro_f1'])}",
    )


def _unpaired_blocks(
    metrics: Mapping[str, Any], base_metrics: Mapping[str, Any] | None
) -> list[Block]:
    """Return the splits of two builds that cannot be paired, each on its own labels."""
    before = (base_metrics or {}).get("splits", {})
    rows: list[tuple[str | Strong, ...]] = []
    for split in TEST_FIRST:
        now, was = metrics["splits"].get(split), before.get(split)
        if now is None or not now.get("accuracy"):
            continue
        found = unpaired_verdict(was, now)
        rows.append(
            (
                split,
                f"{now['n']:,}",
                _interval(was and was.get("accuracy")),
                _interval(now["accuracy"]),
                _difference(was, now),
                str(found) if found else "–",
                f"{_number(was and was.get('macro_f1'))} → {_number(now.get('macro_f1'))}",
            )
        )
    columns = ("split", "n", "accuracy before", "after (95 %)", "difference", "noise?", "macro F1")
    notes = [Paragraph((Strong(_APART, DIM),))] if before else []
    return [table(columns, rows), *notes]


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


def _difference(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if not was or not _value(was) or not _value(now):
        return "–"
    return f"{100 * (now['accuracy']['value'] - was['accuracy']['value']):+.2f} points"


def _interval(estimate: Mapping[str, float] | None) -> str:
    if not estimate or estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f} … {estimate['high']:.4f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
