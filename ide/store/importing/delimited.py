"""CSV and TSV: a header, then a row an example."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import is_shown
from ide.store.csv_cells import unescape_rows
from ide.store.importing.lines import decoded_lines
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import N_PEEKED, Record, find_roles, peek, table_rows
from ide.store.importing.validation import MAX_TEXT_CHARACTERS, too_long

_SEPARATOR = re.compile(r"sep=([,;\t])", re.IGNORECASE)
MAX_ROW_CHARACTERS = 8 * MAX_TEXT_CHARACTERS  # of a row, whose quoted cells may span lines


def open_delimited(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a CSV or TSV; raises ``ImportRefusedError`` for a header that cannot be used."""
    header, records = read_delimited(path)
    _refuse_odd_names(header, path.name)
    first, records = peek(records)
    roles = find_roles(header, columns, first, file=path.name, modality=modality)
    return Source(
        name=path.name,
        modality=roles.modality,
        rows=table_rows(records, roles, path.parent),
        is_text_table=True,
        notes=roles.notes,
    )


def read_delimited(path: Path) -> tuple[list[str], Iterator[Record]]:
    """Return the columns of a CSV or TSV, and its rows, whatever parts the columns play.

    Raises ``ImportRefusedError`` where a column stands twice, or a row is none, as it is taken.
    """
    csv.field_size_limit(MAX_TEXT_CHARACTERS + 1)  # the process's; its default is 131,072
    rows = unescape_rows(_rows(path))
    _, header = next(rows, (0, []))
    opening = list(itertools.islice(rows, N_PEEKED))
    header = _named(header, [cells for _, cells in opening])
    _refuse_repeats(header, path.name)
    return header, _records(itertools.chain(opening, rows), header, path.name)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, cells) of each row that is not blank.

    A spreadsheet's first line ``sep=;`` says what separates cells and is no row.
    """
    lines = decoded_lines(path)
    opening = next(lines, (1, ""))[1]
    delimiter = _delimiter(path, opening)
    position, held = [1], [0]
    said = _SEPARATOR.fullmatch(opening.strip("\r\n"))
    if said is not None:
        delimiter = said[1]
        position[0], opening = next(lines, (2, ""))

    def text() -> Iterator[str]:
        yield opening
        for number, line in lines:
            position[0] = number
            held[0] += len(line)
            if held[0] > MAX_ROW_CHARACTERS:  # its cells are bounded, their number is not
                raise too_long(f"{path.name}, line {last + 1}")
            yield line

    reader = csv.reader(text(), delimiter=delimiter, strict=True)
    last = position[0] - 1
    try:
        for cells in reader:
            held[0] = 0
            if any(cells):
                yield last + 1, cells
            last = position[0]
    except csv.Error as error:
        where = f"{path.name}, line {last + 1}"
        if "field limit" in str(error):
            raise too_long(where) from None
        raise ImportRefusedError(
            f"{where}: not a row of CSV ({error}); is a quote missing? Nothing was imported."
        ) from None


def _records(
    rows: Iterable[tuple[int, list[str]]], header: list[str], file: str
) -> Iterator[Record]:
    for number, row in rows:
        where = f"{file}, line {number}"
        cells = row[: len(header)] if not any(row[len(header) :]) else row
        if len(cells) != len(header):
            raise ImportRefusedError(
                f"{where}: the row has {len(cells)} cells, and the header {len(header)}; is a "
                "quote or a comma missing? Nothing was imported."
            )
        yield where, dict(zip(header, cells, strict=True))


def _named(header: list[str], rows: Sequence[list[str]]) -> list[str]:
    """Return the columns' names: one without a name has its number.

    rows: the first ones. Columns at the end that have neither a name nor a cell are none; a
    spreadsheet writes as many as it ever showed.
    """
    n = len(header)
    while n and not header[n - 1].strip() and not any(row[n - 1 : n] != [""] for row in rows):
        n -= 1
    return [h if h.strip() else f"column_{i}" for i, h in enumerate(header[:n], 1)]


def _delimiter(path: Path, opening: str) -> str:
    if path.suffix.lower() == ".tsv" and "\t" in opening:
        return "\t"
    return max(",;\t", key=lambda d: (opening.count(d), d == ","))


def _refuse_repeats(header: list[str], file: str) -> None:
    names = [h.strip().lower() for h in header]
    counts = Counter(names)
    repeated = next((h for h, n in zip(header, names, strict=True) if counts[n] > 1), None)
    if repeated is not None:
        raise ImportRefusedError(
            f"{file}, line 1: the column {repeated[:60]!r} stands twice in the header; rename "
            "one. Nothing was imported."
        )


def _refuse_odd_names(header: list[str], file: str) -> None:
    if not header or any(not is_shown(h) or len(h) > 200 for h in header):
        raise ImportRefusedError(
            f"{file}, line 1: wanted a header with the columns' names, such as text,label, each a "
            "line of at most 200 characters that can be shown. Nothing was imported."
        )
