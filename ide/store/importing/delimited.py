"""CSV and TSV: a header, then a row an example."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.store.csv_cells import unescape_cell
from ide.store.importing.lines import decoded_lines
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import Record, find_roles, peek, table_rows
from ide.store.importing.validation import MAX_TEXT_CHARACTERS, too_long


def open_delimited(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a CSV or TSV; raises ``ImportRefusedError`` for a header that cannot be used."""
    csv.field_size_limit(MAX_TEXT_CHARACTERS + 1)  # the process's; its default is 131,072
    rows = _rows(path)
    _, header = next(rows, (0, []))
    _refuse_header(header, path.name)
    first, records = peek(_records(rows, header, path.name))
    roles = find_roles(header, columns, first, file=path.name, modality=modality)
    return Source(
        name=path.name,
        modality=roles.modality,
        rows=table_rows(records, roles, path.parent),
        is_text_table=True,
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, cells) of each row that is not blank."""
    lines = decoded_lines(path)
    opening = next(lines, (1, ""))[1]
    position = [1]

    def text() -> Iterator[str]:
        yield opening
        for number, line in lines:
            position[0] = number
            yield line

    reader = csv.reader(text(), delimiter=_delimiter(path, opening), strict=True)
    last = 0
    try:
        for cells in reader:
            if cells:
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
    rows: Iterator[tuple[int, list[str]]], header: list[str], file: str
) -> Iterator[Record]:
    for number, cells in rows:
        where = f"{file}, line {number}"
        if len(cells) != len(header):
            raise ImportRefusedError(
                f"{where}: the row has {len(cells)} cells, and the header {len(header)}; is a "
                "quote or a comma missing? Nothing was imported."
            )
        yield where, dict(zip(header, map(unescape_cell, cells), strict=True))


def _delimiter(path: Path, opening: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t", key=lambda d: (opening.count(d), d == ","))


def _refuse_header(header: list[str], file: str) -> None:
    names = [h.strip().lower() for h in header]
    repeated = next((h for h, n in zip(header, names, strict=True) if names.count(n) > 1), None)
    if repeated is not None:
        raise ImportRefusedError(
            f"{file}, line 1: the column {repeated[:60]!r} stands twice in the header; rename "
            "one. Nothing was imported."
        )
    if not header or any(not h.isprintable() or len(h) > 200 for h in header):
        raise ImportRefusedError(
            f"{file}, line 1: wanted a header with the columns' names, such as text,label. "
            "Nothing was imported."
        )
