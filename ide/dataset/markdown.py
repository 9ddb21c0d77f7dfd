"""Writes a report as Markdown that GitHub and GitLab show, within what a comment may hold.

What people wrote can become neither Markdown nor HTML, and calls nobody: a pull request from a
stranger is shown with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ide.dataset.document import (
    DIM,
    Block,
    Cards,
    Code,
    Fold,
    Heading,
    Line,
    Paragraph,
    Span,
    Strong,
    Table,
    clean,
)

MAX_CHARS = 64_000  # GitHub takes 65,536 in a comment, and the workflow adds a line
MARKER = "<!-- upwell report -->"  # by which the comment is found again
_ROWS = (50, 25, 12, 6, 3, 1, 0)  # of a table, until it fits
# What Markdown, HTML or a finder of links could read: all but a point, a hyphen, a plus and a colon
# where they stand as in plain writing, such as 0.95, +1.2, near-by and "so: that".
_UNSAFE = re.compile(
    r"[\\`*_{}\[\]<>#!|~&@$^/]|:(?!\s|$)|(?<!\d)\.(?!\s|$)|(?<=\d)\.(?![\d\s]|$)|[-+](?!\w)"
    r"|(?:(?<=^\d)|(?<=^\d\d)|(?<=^\d\d\d))[.)](?=\s|$)",  # an item of a numbered list
    re.ASCII,
)
_LEFT_OUT = "\n\n*The report is longer than a comment may be; the rest is left out here.*\n"


def markdown(blocks: Sequence[Block], *, max_chars: int = MAX_CHARS) -> str:
    """Return a report with as many rows in its tables as ``max_chars`` admit, 50 at most."""
    parts: list[str] = []
    for n_rows in _ROWS:
        parts, is_all = _written(blocks, n_rows, max_chars - len(_LEFT_OUT))
        if is_all:
            return "\n\n".join(parts) + "\n"
    return "\n\n".join(parts) + _LEFT_OUT


def _written(blocks: Sequence[Block], n_rows: int, room: int) -> tuple[list[str], bool]:
    """Return as many whole blocks as there is room for, and whether those are all."""
    parts = [MARKER]
    room -= len(MARKER)
    for block in blocks:
        part = _block(block, n_rows)
        room -= len(part) + 2
        if room < 0:
            return parts, False
        parts.append(part)
    return parts, True


def _block(block: Block, n_rows: int) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {escape(block.text)}"
    if isinstance(block, Paragraph):
        return _line(block.line)
    if isinstance(block, Fold):
        inner = "\n\n".join(_block(b, n_rows) for b in block.blocks)
        return f"<details><summary>{_html_line(block.summary)}</summary>\n\n{inner}\n\n</details>"
    if isinstance(block, Cards):
        rows = tuple(card.cells for card in block.cards)
        caption = f"{_line(block.caption)}\n\n" if block.caption else ""
        return caption + _table(Table(block.columns, rows, block.n_more), n_rows)
    return _table(block, n_rows)


def _table(table: Table, n_rows: int) -> str:
    shown = table.rows[:n_rows]
    n_more = table.n_more + len(table.rows) - len(shown)
    if not shown:
        return f"{n_more:,} rows are left out here."
    lines = [table.columns, ("---",) * len(table.columns)]
    lines += [tuple(_line(cell) for cell in row) for row in shown]
    if n_more:
        lines.append((f"and {n_more:,} more", *[""] * (len(table.columns) - 1)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(spans: Line) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    if isinstance(span, Code):
        return code(span.text)
    if isinstance(span, Strong):
        mark = "*" if span.tone == DIM else "**"
        # Emphasis ends at a word's edge; what is not bold says so in words anyway.
        return f"{mark}{escape(span.text)}{mark}" if span.text.strip() else ""
    return escape(span)


def _html_line(spans: Line) -> str:
    """Write a line where Markdown is not read, as in a summary."""
    return "".join(
        code(s.text) if isinstance(s, Code) else escape(s if isinstance(s, str) else s.text)
        for s in spans
    )


def code(text: str | None) -> str:
    """Return a value as it was written, set as code; – where there is none."""
    return "–" if text is None else f"<code>{escape(clean(text, 80))}</code>"


def escape(text: str) -> str:
    """Return text in which nothing is Markdown, HTML, a link or a mention.

    Punctuation becomes entities. GitHub and GitLab look for mentions, references and links in
    what the Markdown made, where an entity is the character again, so a space without width
    stands behind what begins one.
    """
    safe = re.sub(r"(?<=[@#!~$%&:])(?=[\w/])|(?<=www\.)", "\u200b", clean(text, 1_000))
    return re.sub(_UNSAFE, lambda m: f"&#{ord(m[0])};", safe)
