"""What is printed, on the terminal and in pipes: tables as text, JSON or CSV; progress."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from types import TracebackType
from typing import Any, Self, TextIO

from ide.store.csv_cells import ESCAPED, YES, escape_cell, is_formula

FORMATS = ("table", "json", "csv", "spreadsheet", "markdown")
MAX_CELL = 60  # characters of a cell on the terminal; JSON and CSV are never cut
QUIET_S = 10.0  # where there is no terminal, a stage that goes on says so this seldom


class ProgressLine:
    """How far a command is, on stderr: one line that is drawn over.

    Where there is no terminal, as in the log of a CI run, a line a stage, and one now and then
    while it lasts. Leaving the block takes the line away, so that what comes next stands alone.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        # what is written here steers the terminal, so not through a guard of what data holds
        stderr: Any = sys.stderr
        self._stream: TextIO = stream or getattr(stderr, "terminal", stderr)
        self._is_terminal = self._stream.isatty()
        self._last = self._stage = ""
        self._told_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_terminal and self._last:
            self._write("\r\x1b[K")

    def __call__(self, message: str, *, stage: str) -> None:
        """Tell where ``stage`` is; a message of a new stage is told at once."""
        if message == self._last:
            return
        self._last = message
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1  # a wrapped line cannot be drawn over
            self._write(f"\r\x1b[K{printable(message, width=width)}")
        elif stage != self._stage or time.monotonic() - self._told_at >= QUIET_S:
            self._stage, self._told_at = stage, time.monotonic()
            self._write(f"{message}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def render(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str], style: str) -> str:
    """Return rows as text in one of ``FORMATS``, without the last newline."""
    listed = list(rows)
    if style == "json":
        return as_json(listed)
    if style == "csv":
        return _csv([columns, *_cells(listed, columns)])
    if style == "spreadsheet":
        return _csv(_escaped([columns, *_cells(listed, columns)]))
    if style == "markdown":
        return _markdown(listed, columns)
    return _table(listed, columns)


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON that every reader takes: a number that is none, or is infinite, is null."""
    return json.dumps(_finite(value), default=plain, indent=indent, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, (list, tuple)) else value


def plain(value: Any) -> Any:
    """Turn what JSON does not know into what it knows: times, bytes, tuples, sets."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def printable(value: Any, *, width: int = MAX_CELL) -> str:
    """Return a value as one short line without control characters, for a terminal."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        value = ", ".join(printable(v) for v in value[:8]) + (", …" if len(value) > 8 else "")
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%d %H:%M:%S")
    text = str(plain(value)) if not isinstance(value, str) else value
    text = "".join(c if c.isprintable() else "·" for c in text[: width * 2])
    return text if len(text) <= width else text[: width - 1] + "…"


def issue_groups(rows: Sequence[Mapping[str, Any]], *, limit: int) -> str:
    """Return issues for a terminal: a block a dataset and check, the worst first.

    rows: of ``schema.ISSUES`` with ``dataset``, in the order they are to stand. limit: lines a
    block; how many more there are is said.
    """
    blocks: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        blocks.setdefault((row["dataset"], row["severity"], row["check"]), []).append(row)
    width = max(shutil.get_terminal_size((160, 24)).columns, 40)
    lines = []
    for (dataset, severity, check), found in blocks.items():
        lines.append(f"{dataset}: {severity}: {check} ({len(found):,})")
        for row in found[:limit]:
            about = " ~ ".join(printable(row[c]) for c in ("example_id", "other_id") if row[c])
            text = f"  {about}: {row['message']}" if about else f"  {row['message']}"
            lines.append(printable(text, width=width))
        if len(found) > limit:
            lines.append(f"  … and {len(found) - limit:,} more; list all with --limit or --format")
    return "\n".join(lines) or "(none)"


def interval(estimate: Mapping[str, float]) -> str:
    """Return a share with its 95 % interval, such as ``0.98 (95 % 0.97 … 0.99)``."""
    return f"{estimate['value']:.4f} (95 % {estimate['low']:.4f} … {estimate['high']:.4f})"


def n_formulas(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """Count the cells of a CSV that a spreadsheet would run."""
    cells = chain(columns, *_cells(rows, columns))
    return sum(isinstance(cell, str) and is_formula(cell) for cell in cells)


def _csv(lines: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue().rstrip("\n")


def _cells(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[list[Any]]:
    return [[_csv_cell(row.get(column)) for column in columns] for row in rows]


def _escaped(lines: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return lines, the header first, as an export for a spreadsheet has them; see csv_cells."""
    ends = [ESCAPED, *[YES] * (len(lines) - 1)]
    return [
        [*(escape_cell(cell) if isinstance(cell, str) else cell for cell in line), end]
        for line, end in zip(lines, ends, strict=True)
    ]


def _csv_cell(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple, dict)):
        return as_json(value, indent=None)
    return value if isinstance(value, str) else str(plain(value))


def _markdown(rows: list[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return a table as GitHub and GitLab show it; what people wrote is no Markdown and no HTML."""
    from ide.dataset.markdown import escape  # it brings Arrow along, which other styles do without

    names = [column if column.isidentifier() else escape(column) for column in columns]
    lines = [names, ["---"] * len(columns)]
    for row in rows:
        cells = (_markdown_cell(row.get(column)) for column in columns)
        lines.append([text if is_ours else escape(text) for text, is_ours in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_cell(value: Any) -> tuple[str, bool]:
    """Return a value's text, and whether it can hold nothing that a person wrote."""
    if value is None or isinstance(value, (bool, int, float, datetime)):
        return printable(value), True
    if isinstance(value, (list, tuple, dict)):
        return as_json(value, indent=None), False
    return value if isinstance(value, str) else str(plain(value)), False


def _table(rows: list[Mapping[str, Any]], columns: Sequence[str]) -> str:
    if not rows:
        return "(none)"
    cells = [[printable(row.get(c)) for c in columns] for row in rows]
    names = [printable(c) for c in columns]
    widths = [max(len(c), *(len(line[i]) for line in cells)) for i, c in enumerate(names)]
    limit = max(shutil.get_terminal_size((160, 24)).columns, 40)
    lines = ["  ".join(c.ljust(w) for c, w in zip(names, widths, strict=True))]
    lines.append("  ".join("─" * w for w in widths))
    lines += ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip()[:limit] for line in lines)
