"""A table's rows with its columns as they are, whatever parts the columns play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import ImportRefusedError
from ide.store.export_rows import plain_rows
from ide.store.importing.bounds import bounded_batches, open_bounded
from ide.store.importing.delimited import read_delimited
from ide.store.importing.json_lines import read_json_lines
from ide.store.importing.table import Record


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table: its columns, and its rows as (where, value by column)."""

    columns: Sequence[str]
    rows: Iterator[Record]
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
        header, rows = read_delimited(path)
        return Table(header, rows) if header else None
    if suffix in (".jsonl", ".ndjson"):
        keys, rows, n_rows = read_json_lines(path)
        return Table(keys, rows, n_rows) if keys else None
    return _open_parquet(path) if suffix == ".parquet" else None


def _open_parquet(path: Path) -> Table | None:
    try:
        file = open_bounded(path)
    except (OSError, pa.ArrowException, ValueError):
        return None  # the ordinary way to open it says what is wrong with it
    schema = file.schema_arrow
    rows = _parquet_records(file, path)
    return Table(schema.names, rows, file.metadata.num_rows, schema.metadata)


def _parquet_records(file: pq.ParquetFile, path: Path) -> Iterator[Record]:
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
