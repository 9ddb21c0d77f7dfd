"""Cells of CSV files that a spreadsheet would run as formulas, made harmless and read back.

Only an export for a spreadsheet has such cells, and each of its rows says so in a column of its
own: nothing is taken off a cell of any other file, or of a row that a person added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

ESCAPED = "upwell_escaped"  # the column; "yes" where the row's cells are escaped
YES = "yes"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run a cell; a number it would not."""
    return text.startswith(_FORMULA) and not _is_number(text)


def escape_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) and not _is_number(text) else text


def unescape_cell(text: str) -> str:
    """Return what ``escape_cell`` was given."""
    is_escaped = text.startswith("'") and text.lstrip("'").startswith(_FORMULA)
    return text[1:] if is_escaped and not _is_number(text) else text


def unescape_rows(
    rows: Iterator[tuple[int, list[str]]],
) -> Iterator[tuple[int, list[str]]]:
    """Take the escapes off the rows of a CSV, the header first, where it says that it has them.

    The column that says so goes too. Rows of a wrong length pass as they are, to be refused.
    """
    first = next(rows, None)
    if first is None:
        return
    number, header = first
    place = _place(header)
    if place is None:
        yield first
        yield from rows
        return
    yield number, _without(list(map(unescape_cell, header)), place)
    for number, cells in rows:
        if len(cells) != len(header):
            yield number, cells
            continue
        is_escaped = cells[place].strip().lower() == YES
        yield number, _without(list(map(unescape_cell, cells)) if is_escaped else cells, place)


def _place(header: Sequence[str]) -> int | None:
    names = [name.strip().lower() for name in header]
    return names.index(ESCAPED) if ESCAPED in names else None


def _without(cells: list[str], place: int) -> list[str]:
    return cells[:place] + cells[place + 1 :]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
