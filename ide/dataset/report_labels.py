"""The label diff of a report: what changed, by kind and class pair, each with its example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.changes import (
    KINDS,
    UNPAIRED_KINDS,
    class_pairs,
    counts,
    summarise,
    words_of,
)
from ide.dataset.document import Block, Card, Cards, Code, Fold, Heading, Paragraph, clean, table
from ide.dataset.schema import EXAMPLE_ID

MAX_PAIRS = 6  # class pairs in the table
LEAST_GROUP = 3  # changes; of fewer alike, those of a kind stand together
MAX_GROUPS = 40
MAX_SHOWN = 400  # changes of a dataset that are shown
MAX_OF_GROUP = 48
_WHO = ("annotator", "reason")


def label_blocks(changes: pa.Table) -> list[Block]:
    """Return the label diff: counts by kind, by class pair, and the examples by group."""
    blocks: list[Block] = [Heading(4, "Labels")]
    if not len(changes):
        return [*blocks, Paragraph(("Nothing changed.",))]
    blocks.append(Paragraph((f"{summarise(counts(changes))}.",)))
    pairs = class_pairs(changes)
    often = [pair for pair in pairs if pair[2] > 1]
    if often:
        rows = [(Code(was), Code(now), f"{n:,}") for was, now, n in often[:MAX_PAIRS]]
        blocks.append(table(("from", "to", "examples"), rows, len(pairs) - len(rows)))
    groups = _groups(changes)
    n_shown = 0
    cards: list[Block] = []
    for group in groups[:MAX_GROUPS]:
        own = group[: min(MAX_OF_GROUP, MAX_SHOWN - n_shown)]
        n_shown += len(own)
        if own:
            cards.append(_cards(own, len(group) - len(own), _caption(group)))
    if n_shown < len(changes):
        left = f"{len(changes) - n_shown:,} of {len(changes):,} changes are left out here."
        cards.append(Paragraph((left,)))
    return [*blocks, Fold((f"The {len(changes):,} changes",), tuple(cards), is_open=True)]


def _groups(changes: pa.Table) -> list[list[dict[str, Any]]]:
    """Return the changes by kind and values, in the order of the kinds, the largest first.

    Of each kind the few that are like no others are one group, the last.
    """
    groups: dict[tuple[str, str | None, str | None], list[dict[str, Any]]] = {}
    for row in changes.to_pylist():
        is_paired = row["kind"] not in UNPAIRED_KINDS
        values = (row["before"], row["after"]) if is_paired else (None, None)
        groups.setdefault((row["kind"], *values), []).append(row)
    n_of = Counter({key: len(rows) for key, rows in groups.items()})
    keys = sorted(groups, key=lambda k: (KINDS.index(k[0]), -n_of[k], str(k[1]), str(k[2])))
    found: list[list[dict[str, Any]]] = []
    for kind in dict.fromkeys(key[0] for key in keys):
        own = [groups[key] for key in keys if key[0] == kind]
        rest = [row for group in own if len(group) < LEAST_GROUP for row in group]
        found += [group for group in own if len(group) >= LEAST_GROUP]
        found += [rest] if rest else []
    return found


def _caption(group: Sequence[dict[str, Any]]) -> tuple[str | Code, ...]:
    """Say what a group has in common: ``relabelled 3 → 8: 12``."""
    first = group[0]
    values = {(row["before"], row["after"]) for row in group}
    n = f": {len(group):,}"
    if len(values) > 1:
        return (f"{words_of(first['kind'])}{n}",)
    kind, before, after = words_of(first["kind"]), first["before"], first["after"]
    if before is not None and after is not None and before != after:
        return (f"{kind} ", Code(before), " → ", Code(after), n)
    value = after if after is not None else before
    return (f"{kind} ", Code(value), n) if value is not None else (f"{kind}{n}",)


def _cards(rows: Sequence[dict[str, Any]], n_more: int, caption: tuple[str | Code, ...]) -> Cards:
    """Return a group's examples; what all of them have in common stands in the caption alone."""
    is_one = len({(row["before"], row["after"]) for row in rows}) == 1
    values = () if is_one else ("before", "after")
    cards = tuple(
        Card(
            row[EXAMPLE_ID],
            (
                (Code(row[EXAMPLE_ID]),),
                *((Code(row[column]),) for column in values),
                (row["annotator"] or "",),
                (clean(row["reason"] or "", 160),),
            ),
        )
        for row in rows
    )
    return Cards(("example", *values, *_WHO), cards, n_more, caption)
