"""Writes a report as one HTML page that needs nothing else: no network, no script, no font.

Its policy lets it load nothing but the pictures that it holds itself, and its own style, named by
its hash; so whatever people wrote into labels and reasons could do nothing even if it were markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape

from ide.dataset.document import (
    Block,
    Card,
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
from ide.dataset.html_style import STYLE

MAX_ROWS = 200  # of a table
WORDY = 60  # characters; a table with a longer cell is stacked where the screen is narrow
SMALL = 3  # columns; cards with so few stand closer


NOTHING = Look()


def html_page(parts: Sequence[Part], *, title: str) -> str:
    """Return the page. parts: blocks, and how the examples in them look, by id.

    An example without a look is shown by its id alone. ``Look.image`` begins with ``data:image/``;
    anything else is not shown.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    body = "\n".join(_block(block, looks) for blocks, looks in parts for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block, looks: Mapping[str, Look]) -> str:
    if isinstance(block, Heading):
        level = block.level - 1
        return f"<h{level}>{_text(block.text)}</h{level}>"
    if isinstance(block, Paragraph):
        return f"<p>{_line(block.line)}</p>"
    if isinstance(block, Fold):
        inner = "\n".join(_block(b, looks) for b in block.blocks)
        is_open = " open" if block.is_open else ""
        return f"<details{is_open}><summary>{_line(block.summary)}</summary>\n{inner}\n</details>"
    return _cards(block, looks) if isinstance(block, Cards) else _table(block)


def _table(table: Table) -> str:
    shown = table.rows[:MAX_ROWS]
    n_more = table.n_more + len(table.rows) - len(shown)
    head = "".join(f"<th>{_text(column)}</th>" for column in table.columns)
    rows = "\n".join(_row(table.columns, row) for row in shown)
    is_wordy = any(
        len(span) > WORDY for row in shown for cell in row for span in cell if isinstance(span, str)
    )
    more = f"<p class=more>and {n_more:,} more</p>" if n_more else ""
    kind = "wide stack" if is_wordy else "wide"
    return (
        f'<div class="{kind}" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>{more}"
    )


def _row(columns: Sequence[str], row: Sequence[Line]) -> str:
    """Write a row; a cell has its column's name for where a narrow screen stacks them."""
    cells = zip(columns, row, strict=True)
    tds = "".join(
        f'<td data-of="{_text(of)}"><span>{_line(cell)}</span></td>' for of, cell in cells
    )
    return f"<tr>{tds}</tr>"


def _cards(block: Cards, looks: Mapping[str, Look]) -> str:
    caption = f"<h4>{_line(block.caption)}</h4>\n" if block.caption else ""
    shown = "\n".join(_card(card, block.columns, looks) for card in block.cards)
    more = f"<p class=more>and {block.n_more:,} more</p>" if block.n_more else ""
    kind = "cards small" if len(block.columns) <= SMALL else "cards"
    return f'{caption}<ul class="{kind}">\n{shown}\n</ul>{more}'


def _card(card: Card, columns: Sequence[str], looks: Mapping[str, Look]) -> str:
    facts = "".join(
        f"<div><dt>{_text(column)}</dt><dd>{_line(cell)}</dd></div>"
        for column, cell in zip(columns, card.cells, strict=True)
        if column != "example" and any(s != "" for s in cell)
    )
    others = "".join(_look(i, looks, "other") for i in card.others)
    by = f"<div class=others>{others}</div>" if others else ""
    name = f"<code class=id>{_text(clean(card.example_id, 60))}</code>"
    return f"<li>{_look(card.example_id, looks)}<div>{name}<dl>{facts}</dl>{by}</div></li>"


def _look(example_id: str, looks: Mapping[str, Look], kind: str = "look") -> str:
    """Show an example: its picture, else its text, else nothing."""
    look = looks.get(example_id, NOTHING)
    name = _text(clean(example_id, 60))
    if look.image and look.image.startswith("data:image/"):
        return f'<img class={kind} src="{escape(look.image)}" alt="{name}" title="{name}">'
    if look.text is not None and kind == "look":
        return f"<blockquote>{_text(look.text)}</blockquote>"
    return ""


def _line(spans: Line) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    if isinstance(span, Code):
        return "–" if span.text is None else f"<code>{_text(clean(span.text, 200))}</code>"
    if isinstance(span, Strong):
        tone = f" class={span.tone}" if span.tone else ""
        return f"<strong{tone}>{_text(span.text)}</strong>"
    return _text(span)


def _text(text: str) -> str:
    return escape(clean(text, 2_000))
