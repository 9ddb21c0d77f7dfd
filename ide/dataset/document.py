"""A report as a tree of blocks, which ``markdown`` and ``html_page`` write.

What people wrote stands in it as plain text; only a writer makes markup, of its own blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ide.dataset.one_line import one_line

GOOD, BAD, DIM = "good", "bad", "dim"


@dataclass(frozen=True, slots=True)
class Code:
    """A value as it was written; None = there is none."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that matter; ``tone``: "", good, bad or dim."""

    text: str
    tone: str = ""


Span = str | Code | Strong
Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` 2 is the report's, 3 a dataset's, 4 a part's."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text."""

    line: Line


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; ``n_more``: how many further rows there are."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    n_more: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """An example, what is said of it by column, and the examples that had to do with it."""

    example_id: str
    cells: tuple[Line, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """Examples with their pictures where a writer can show them, else a row each."""

    columns: tuple[str, ...]
    cards: tuple[Card, ...]
    n_more: int = 0
    caption: Line = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are folded away behind a line."""

    summary: Line
    blocks: tuple[Block, ...]
    is_open: bool = False


Block = Heading | Paragraph | Table | Cards | Fold


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of an example: a small picture as a data URL, or some of its text."""

    image: str | None = None
    text: str | None = None


Part = tuple[Sequence[Block], Mapping[str, Look]]  # blocks, and how the examples in them look


def table(columns: Iterable[str], rows: Iterable[Iterable[Span | Line]], n_more: int = 0) -> Table:
    """Return a table whose cells may be single spans."""
    cells = tuple(tuple(line(cell) for cell in row) for row in rows)
    return Table(tuple(columns), cells, n_more)


def line(cell: Span | Line) -> Line:
    """Return a cell as a line."""
    return cell if isinstance(cell, tuple) else (cell,)


def shown_examples(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the ids of the examples whose pictures a report shows, with repeats."""
    for block in blocks:
        if isinstance(block, Fold):
            yield from shown_examples(block.blocks)
        elif isinstance(block, Cards):
            for card in block.cards:
                yield card.example_id
                yield from card.others


def clean(text: str, limit: int = 400) -> str:
    """Return text on one line, without control characters or marks that turn its direction."""
    return one_line(
        re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", text), limit
    )
