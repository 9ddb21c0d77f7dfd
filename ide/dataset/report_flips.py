"""The flips of a report: what was fixed and broken, and the edits that probably did it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ide.dataset.document import (
    DIM,
    Block,
    Card,
    Cards,
    Code,
    Fold,
    Heading,
    Paragraph,
    Span,
    Strong,
    table,
)
from ide.dataset.flips import BROKEN, FIXED, RELABELLED
from ide.dataset.one_line import one_line
from ide.dataset.report_metrics import n_flips
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.dataset.two_builds import TEST_FIRST

MAX_SHOWN = 100  # examples of each kind
MAX_GROUPS = 8  # of edits
N_PICTURES = 5  # of edited examples beside one that flipped
_COLUMNS = ("example", "split", "label", "predicted", "probably")
_TITLES = {FIXED: "fixed", BROKEN: "broken", RELABELLED: "whose label alone changed sides"}
_HOW = (
    "Probable are a training example's own edit, else those of its nearest training examples that "
    "pull to the new prediction. Only a compile without them would prove it."
)


def flip_blocks(flips: pa.Table | None, causes: pa.Table) -> list[Block]:
    """Return how many examples changed sides, which edits did most of it, and the examples."""
    if flips is None:
        return []
    blocks: list[Block] = [Heading(4, "Fixed and broken")]
    splits = [split for split in TEST_FIRST if split in set(flips[SPLIT].to_pylist())]
    found = [f"{split}: {_counts(flips, split)}" for split in splits]
    blocks.append(Paragraph((f"{'; '.join(found) or 'No example changed sides'}.",)))
    blocks += _edit_blocks(causes)
    by_flip: dict[str, list[dict[str, Any]]] = {}
    for cause in causes.to_pylist():
        by_flip.setdefault(cause[EXAMPLE_ID], []).append(cause)
    rows = sorted(flips.to_pylist(), key=lambda r: (TEST_FIRST.index(r[SPLIT]), r[EXAMPLE_ID]))
    for kind in (BROKEN, FIXED, RELABELLED):
        own = [row for row in rows if row["flip"] == kind]
        if own:
            shown = tuple(_card(row, by_flip.get(row[EXAMPLE_ID], [])) for row in own[:MAX_SHOWN])
            cards = Cards(_COLUMNS, shown, max(0, len(own) - MAX_SHOWN))
            title = f"The {len(own):,} {_TITLES[kind]}"
            blocks.append(Fold((title,), (cards,), is_open=kind == BROKEN))
    return blocks


def _counts(flips: pa.Table, split: str) -> str:
    """Say how many flips of each kind a split has; those of the labels apart."""
    said = f"{n_flips(flips, FIXED, split):,} fixed, {n_flips(flips, BROKEN, split):,} broken"
    n = n_flips(flips, RELABELLED, split)
    return f"{said}, {n:,} by their label alone" if n else said


def _edit_blocks(causes: pa.Table) -> list[Block]:
    """Return which kinds of edits are named most: by kind, values and what came of them."""
    if not len(causes):
        return []
    groups: dict[tuple[str, str | None, str | None], dict[str, set[str]]] = {}
    firsts: set[str] = set()
    for row in causes.to_pylist():
        if row["flip"] == RELABELLED:  # no edit of another example did it
            continue
        key = (row["kind"], row["before"], row["after"])
        group = groups.setdefault(key, {"edited": set(), FIXED: set(), BROKEN: set()})
        group["edited"].add(row["edited_id"])
        if row[EXAMPLE_ID] not in firsts:  # the strongest cause of each flip speaks for it
            firsts.add(row[EXAMPLE_ID])
            group[row["flip"]].add(row[EXAMPLE_ID])
    order = sorted(
        groups.items(),
        key=lambda g: (-len(g[1][BROKEN]), -len(g[1][FIXED]), *map(str, g[0])),
    )
    order = [item for item in order if item[1][BROKEN] or item[1][FIXED]]
    if not order:
        return []
    rows = [
        (
            _edit(key),
            f"{len(group['edited']):,}",
            f"{len(group[BROKEN]):,}",
            f"{len(group[FIXED]):,}",
        )
        for key, group in order[:MAX_GROUPS]
    ]
    columns = ("probably by", "edits", "broke", "fixed")
    more = max(0, len(order) - MAX_GROUPS)
    return [table(columns, rows, more), Paragraph((Strong(_HOW, DIM),))]


def _edit(key: tuple[str, str | None, str | None]) -> tuple[Span, ...]:
    """Say what kind of edit it is: ``relabelled 3 → 8``."""
    kind, before, after = key
    if before is not None and after is not None:
        return (f"{kind} ", Code(before), " → ", Code(after))
    return (f"{kind} ", Code(before if before is not None else after))


def _card(row: dict[str, Any], causes: list[dict[str, Any]]) -> Card:
    return Card(
        row[EXAMPLE_ID],
        (
            (Code(row[EXAMPLE_ID]),),
            (row[SPLIT],),
            _change(row["base_label"], row[LABEL]),
            _change(row["base_predicted"], row["predicted"]),
            (_because(causes),),
        ),
        tuple(c["edited_id"] for c in causes[:N_PICTURES] if c["nearness"]),
    )


def _change(before: str | None, after: str | None) -> tuple[Span, ...]:
    return (Code(after),) if before == after else (Code(before), " → ", Code(after))


def _because(causes: list[dict[str, Any]]) -> str:
    """Say the strongest cause in a line."""
    if not causes:
        return "no edit near it"
    first, more = causes[0], len(causes) - 1
    said = one_line(first["says"], 160) + (f", and {more:,} more" if more else "")
    moved = sum(cause["score"] for cause in causes if cause["nearness"])
    return said if not moved else f"{said}; {100 * moved:.0f} % of its neighbours' vote moved"
