"""A table's rows with its columns as they are, whatever parts the columns play."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import ImportRefusedError
from ide.store.csv_cells import unescape_rows
from ide.store.export_rows import plain_rows
from ide.store.importing.bounds import bounded_batches, open_bounded
from ide.store.importing.lines import decoded_lines
from ide.store.importing.validation import MAX_TEXT_CHARACTERS

DELIMITERS = ",;\t"  # a spreadsheet writes a comma's file with semicolons where commas are decimal
_N_PEEKED = 100


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table: its columns, and its rows as (where, value by column)."""

    columns: Sequence[str]
    rows: Iterator[tuple[str, Mapping[str, Any]]]
    n_rows: int | None = None
    metadata: Mapping[bytes, bytes] | None = None  # of a Parquet file's schema


def open_records(path: Path) -> Table | None:
    """Open a CSV, TSV, JSON Lines or Parquet file; None for any other, and for one without rows.

    Raises ``ImportRefusedError`` where a row is none, as the rows are taken.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        return None
    if suffix in (".csv", ".tsv"):
        return _open_csv(path)
    if suffix in (".jsonl", ".ndjson"):
        return _open_json_lines(path)
    return _open_parquet(path) if suffix == ".parquet" else None


def _open_csv(path: Path) -> Table | None:
    csv.field_size_limit(MAX_TEXT_CHARACTERS + 1)
    rows = unescape_rows(_csv_rows(path))
    _, header = next(rows, (0, []))
    return Table(header, _csv_records(rows, header, path.name)) if header else None


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its last line, cells) of each row that is not blank."""
    lines = decoded_lines(path)
    opening = next(lines, (1, ""))[1]
    delimiter = max(DELIMITERS, key=lambda d: (opening.count(d), d == ","))
    number = [1]

    def text() -> Iterator[str]:
        yield opening
        for number[0], line in lines:
            yield line

    try:
        for cells in csv.reader(text(), delimiter=delimiter, strict=True):
            if cells:
                yield number[0], cells
    except csv.Error as error:
        raise ImportRefusedError(
            f"{path.name}, line {number[0]}: not a row of CSV ({error}); is a quote missing? "
            "Nothing was imported."
        ) from None


def _csv_records(
    rows: Iterator[tuple[int, list[str]]], header: list[str], file: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, cells in rows:
        if len(cells) != len(header):
            raise ImportRefusedError(
                f"{file}, line {number}: the row has {len(cells)} cells, and the header "
                f"{len(header)}; is a quote or a comma missing? Nothing was imported."
            )
        yield f"{file}, line {number}", dict(zip(header, cells, strict=True))


def _open_json_lines(path: Path) -> Table | None:
    rows = _json_records(path)
    first = list(itertools.islice(rows, _N_PEEKED))
    columns = list(dict.fromkeys(key for _, record in first for key in record))
    return Table(columns, itertools.chain(first, rows)) if columns else None


def _json_records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in decoded_lines(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            record = str(error)[:100]
        if not isinstance(record, dict):
            raise ImportRefusedError(
                f"{path.name}, line {number}: got {str(record)[:100]!r}, wanted a JSON object on "
                "each line. Nothing was imported."
            )
        yield f"{path.name}, line {number}", record


def _open_parquet(path: Path) -> Table | None:
    try:
        file = open_bounded(path)
    except (OSError, pa.ArrowException, ValueError):
        return None  # the ordinary way to open it says what is wrong with it
    schema = file.schema_arrow
    rows = _parquet_records(file, path)
    return Table(schema.names, rows, file.metadata.num_rows, schema.metadata)


def _parquet_records(file: pq.ParquetFile, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    number = 0
    try:
        for batch in bounded_batches(file, path):
            for record in plain_rows(batch):
                number += 1
                yield f"{path.name}, row {number}", record
    except (OSError, pa.ArrowException) as error:
        raise ImportRefusedError(
            f"{path.name} cannot be read as Parquet ({' '.join(str(error).split())[:120]}); "
            "write it again. Nothing was imported."
        ) from None
