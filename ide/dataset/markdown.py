"""Writes a report as Markdown that GitHub and GitLab show, within what a comment may hold.

What people wrote can become neither Markdown nor HTML, and calls nobody: a pull request from a
stranger is shown with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ide.dataset.document import (
    DIM,
    Block,
    Cards,
    Code,
    Fold,
    Heading,
    Line,
    Look,
    Paragraph,
    Part,
    Span,
    Strong,
    Table,
    clean,
)

MAX_CHARS = 64_000  # GitHub takes 65,536 in a comment, and the workflow adds a line
MAX_TEXT = 120  # characters of an example's text
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


def markdown(parts: Sequence[Part], *, max_chars: int = MAX_CHARS) -> str:
    """Return a report with as many rows in its tables as ``max_chars`` admit, 50 at most.

    parts: blocks, and how the examples in them look, by id; of pictures nothing can be shown.
    """
    written: list[str] = []
    for n_rows in _ROWS:
        written, is_all = _written(parts, n_rows, max_chars - len(_LEFT_OUT))
        if is_all:
            return "\n\n".join(written) + "\n"
    return "\n\n".join(written) + _LEFT_OUT


def _written(parts: Sequence[Part], n_rows: int, room: int) -> tuple[list[str], bool]:
    """Return as many whole blocks as there is room for, and whether those are all."""
    written = [MARKER]
    room -= len(MARKER)
    for blocks, looks in parts:
        for block in blocks:
            text = _block(block, n_rows, looks)
            room -= len(text) + 2
            if room < 0:
                return written, False
            written.append(text)
    return written, True


def _block(block: Block, n_rows: int, looks: Mapping[str, Look]) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {escape(block.text)}"
    if isinstance(block, Paragraph):
        return _line(block.line)
    if isinstance(block, Fold):
        inner = "\n\n".join(_block(b, n_rows, looks) for b in block.blocks)
        return f"<details><summary>{_html_line(block.summary)}</summary>\n\n{inner}\n\n</details>"
    if isinstance(block, Cards):
        caption = f"{_line(block.caption)}\n\n" if block.caption else ""
        return caption + _table(_as_table(block, looks), n_rows)
    return _table(block, n_rows)


def _as_table(cards: Cards, looks: Mapping[str, Look]) -> Table:
    """Return examples as rows, with what there is of their texts behind their ids."""
    texts = [looks[c.example_id].text if c.example_id in looks else None for c in cards.cards]
    if not any(texts):
        return Table(cards.columns, tuple(card.cells for card in cards.cards), cards.n_more)
    columns = (cards.columns[0], "text", *cards.columns[1:])
    rows = tuple(
        (card.cells[0], (clean(text or "", MAX_TEXT),), *card.cells[1:])
        for card, text in zip(cards.cards, texts, strict=True)
    )
    return Table(columns, rows, cards.n_more)


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
