"""Parquet tables, also those of Hugging Face's hub with images as {bytes, path}."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import Record, find_roles, peek, table_rows

_BATCH_ROWS = 256


def open_parquet(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a Parquet file; types of metadata columns are kept, nested ones become JSON."""
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _unreadable(path, error) from None
    images = [f.name for f in schema if _holds_bytes(f.type)]
    class_names = _class_names(schema)
    first, records = peek(_records(file, path, images, class_names))
    roles = find_roles(
        schema.names, columns, first, file=path.name, modality=modality, image_columns=images
    )
    _refuse_binary(schema, [n for n in roles.metadata if n != roles.payload], path.name)
    types = {kept: _kept_type(schema.field(n).type) for n, kept in roles.metadata.items()}
    return Source(
        name=path.name,
        modality=roles.modality,
        rows=table_rows(records, roles, path.parent),
        n_rows=file.metadata.num_rows,
        metadata_types=types,
    )


def _records(
    file: pq.ParquetFile, path: Path, images: Sequence[str], class_names: dict[str, list[str]]
) -> Iterator[Record]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            for record in _plain(batch):
                number += 1
                for name in images:
                    value = record[name]
                    record[name] = value.get("bytes") if isinstance(value, dict) else value
                for name, names in class_names.items():
                    value = record[name]
                    if isinstance(value, int) and 0 <= value < len(names):
                        record[name] = names[value]
                yield f"{path.name}, row {number}", record
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _plain(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return rows whose values JSON can hold; times as text, exactly."""
    arrays = []
    for column in batch.columns:
        is_exact = pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type)
        arrays.append(column.cast(pa.string()) if is_exact else column)
    rows: list[dict[str, Any]] = pa.record_batch(arrays, names=batch.schema.names).to_pylist()
    return rows


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(f.name == "bytes" and _holds_bytes(f.type) for f in kind)
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )


def _kept_type(kind: pa.DataType) -> pa.DataType:
    is_plain = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    is_exact = pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_decimal(kind)
    return kind if is_plain or is_exact else pa.string()


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names behind the numbers of a Hugging Face class column, by column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {k: v.get("names") for k, v in features.items() if isinstance(v, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, list) and k in schema.names}


def _refuse_binary(schema: pa.Schema, names: Sequence[str], file: str) -> None:
    binary = next((n for n in names if _holds_bytes(schema.field(n).type)), None)
    if binary is not None:
        raise ImportRefusedError(
            f"{file}: the column {binary!r} holds bytes too, and an example has one payload; name "
            "the right one with --payload-column COLUMN and drop the other. Nothing was imported."
        )


def _unreadable(path: Path, error: Exception) -> ImportRefusedError:
    return ImportRefusedError(
        f"{path.name} cannot be read as Parquet ({' '.join(str(error).split())[:120]}); write it "
        "again. Nothing was imported."
    )
