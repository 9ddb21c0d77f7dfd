"""The gates and checks of a report: what passed and failed, what came and what went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.check_settings import SEVERITIES
from ide.dataset.document import (
    BAD,
    GOOD,
    Block,
    Card,
    Cards,
    Code,
    Fold,
    Heading,
    Paragraph,
    Strong,
    table,
)
from ide.dataset.schema import EXAMPLE_ID

MAX_GATES = 60
MAX_FAILED = 12  # examples that are shown of a failed gate
MAX_ISSUES = 60


def gate_blocks(gates: Sequence[Any] | None) -> list[Block]:
    """Return a row a gate, the failed first, each with what its number can tell."""
    if not gates:
        return []
    ordered = sorted(gates, key=lambda g: g.is_passed)
    rows = [
        (
            Strong("passed", GOOD) if result.is_passed else Strong("failed", BAD),
            Code(result.gate.name),
            f"{result.n:,}",
            result.says,
        )
        for result in ordered[:MAX_GATES]
    ]
    blocks: list[Block] = [Heading(4, "Gates")]
    columns = ("gate", "name", "examples", "what it says")
    blocks.append(table(columns, rows, max(0, len(ordered) - MAX_GATES)))
    for result in ordered[:MAX_GATES]:
        if not result.is_passed and result.failed_ids:
            ids = result.failed_ids
            cards = tuple(Card(i, ((Code(i),),)) for i in ids[:MAX_FAILED])
            shown = Cards(("example",), cards, max(0, len(ids) - MAX_FAILED))
            summary = (f"{len(ids):,} examples failed ", Code(result.gate.name))
            blocks.append(Fold(summary, (shown,)))
    return blocks


def check_blocks(new: pa.Table, gone: pa.Table) -> list[Block]:
    """Return what the checks find now and did not before, and the reverse."""
    if not len(new) and not len(gone):
        return []
    blocks: list[Block] = [Heading(4, "Checks"), Paragraph((_counted(new, gone),))]
    for word, issues in (("new", new), ("gone", gone)):
        if len(issues):
            rows = sorted(issues.to_pylist(), key=_order)
            shown = [
                (_severity(r["severity"]), r["check"], Code(r[EXAMPLE_ID]), r["message"])
                for r in rows[:MAX_ISSUES]
            ]
            columns = ("severity", "check", "example", "message")
            rows_table = table(columns, shown, max(0, len(rows) - MAX_ISSUES))
            blocks.append(Fold((f"{len(issues):,} {word}",), (rows_table,)))
    return blocks


def _order(row: dict[str, Any]) -> tuple[int, str, str, str]:
    rank = SEVERITIES.index(row["severity"]) if row["severity"] in SEVERITIES else len(SEVERITIES)
    return rank, row["check"], row[EXAMPLE_ID] or "", row["issue_id"]


def _severity(severity: str) -> str | Strong:
    return Strong(severity, BAD) if severity == "error" else severity


def _counted(new: pa.Table, gone: pa.Table) -> str:
    """Say how many of which check: ``New: 3 outliers. Gone: 1 duplicates.``."""
    said = []
    for word, issues in (("New", new), ("Gone", gone)):
        found = Counter(issues["check"].to_pylist())
        if found:
            each = sorted(found.items(), key=lambda c: (-c[1], c[0]))
            parts = ", ".join(f"{n:,} {check.replace('_', ' ')}" for check, n in each)
            said.append(f"{word}: {parts}.")
    return " ".join(said)
