"""Parquet tables, also those of Hugging Face's hub with images as {bytes, path}."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ide.dataset.errors import ImportRefusedError
from ide.dataset.source_columns import kept_name
from ide.store.importing.arrow_values import kept_type, stored_type, to_plain, to_role
from ide.store.importing.bounds import bounded_batches, open_bounded
from ide.store.importing.class_labels import class_labels, class_names_of
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import N_PEEKED, Record, Roles, find_roles, table_rows

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_897  # of year 1 and of year 10000, from 1970
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def open_parquet(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a Parquet file; each column keeps its type, or gets one that holds all it has.

    See ``ide.store.importing.arrow_values``; raises ``ImportRefusedError`` for a column that has
    no such type.
    """
    try:
        file = open_bounded(path)
        schema = file.schema_arrow
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error) from None
    images = [f.name for f in schema if _holds_bytes(f.type)]
    texts = [f.name for f in schema if _is_text(f.type)]
    roles = find_roles(
        schema.names,
        columns,
        _first_texts(file, path, texts),
        file=path.name,
        modality=modality,
        image_columns=images,
    )
    class_names = class_names_of(schema)
    types = _kept_types(file, path, roles, class_names)
    roles = _with_path_of_images(file, roles)
    reader = _Reader(path, roles, images, class_names, types)
    kept = {k: types[n] for n, k in roles.metadata.items() if n in types}
    kept |= {k: pa.string() for n, k in roles.metadata.items() if n not in types}
    return Source(
        name=path.name,
        modality=roles.modality,
        rows=table_rows(reader.records(file), roles, path.parent),
        n_rows=file.metadata.num_rows,
        metadata_types=kept,
        notes=(*roles.notes, *_notes_on_spans(schema, roles.metadata)),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the columns of a file become values."""

    path: Path
    roles: Roles
    images: Sequence[str]  # columns of bytes, or of {bytes, path}
    class_names: Mapping[str, Sequence[str]]
    types: Mapping[str, pa.DataType]  # what metadata columns are kept as

    def records(self, file: pq.ParquetFile) -> Iterator[Record]:
        """Yield the rows, a batch in memory."""
        number = 0
        try:
            for batch in bounded_batches(file, self.path):
                columns = {
                    name: self._values(name, array, number)
                    for name, array in zip(batch.schema.names, batch.columns, strict=True)
                }
                payload = self.roles.payload
                if payload in self.images:
                    columns |= _bytes_and_paths(payload, columns[payload])
                for values in zip(*columns.values(), strict=True):
                    number += 1
                    where = f"{self.path.name}, row {number}"
                    yield where, dict(zip(columns, values, strict=True))
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self.path, error) from None

    def _values(self, name: str, array: pa.Array, n_before: int) -> list[Any]:
        names = self.class_names.get(name)
        try:
            if names is not None:
                return class_labels(to_role(array), names, self.path.name, n_before, name)
            kept = self.types.get(name)
            return to_role(array) if kept is None else to_plain(array, kept)
        except (ValueError, OverflowError) as error:
            raise _no_such_type(self.path.name, name, array.type, str(error)) from None


def _first_texts(file: pq.ParquetFile, path: Path, names: Sequence[str]) -> list[Record]:
    """Return the text of the first rows, to tell paths from sentences."""
    if not names or not file.metadata.num_rows:
        return []
    try:
        batch = next(bounded_batches(file, path)).slice(0, N_PEEKED).select(list(names))
        columns = [to_role(array) for array in batch.columns]
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from None
    rows = zip(*columns, strict=True)
    return [(path.name, dict(zip(batch.schema.names, row, strict=True))) for row in rows]


def _kept_types(
    file: pq.ParquetFile, path: Path, roles: Roles, class_names: Mapping[str, Sequence[str]]
) -> dict[str, pa.DataType]:
    """Return what each metadata column is kept as, by its name in the file."""
    types: dict[str, pa.DataType] = {}
    for name in roles.metadata:
        if name == roles.payload and roles.is_path:
            continue
        kind = file.schema_arrow.field(name).type
        if name in class_names:
            types[name] = pa.string()
            continue
        if _holds_bytes(kind):
            raise ImportRefusedError(
                f"{path.name}: the column {name!r} holds bytes too, and an example has one "
                "payload; name the right one with --payload-column COLUMN and drop the other. "
                "Nothing was imported."
            )
        kept = kept_type(kind, has_odd_years=_has_odd_years(file, path, name, kind))
        if kept is None:
            raise _no_such_type(path.name, name, kind, "no column beside the examples holds it")
        types[name] = kept
    return types


def _notes_on_spans(schema: pa.Schema, names: Mapping[str, str]) -> list[str]:
    """Say how spans of time are kept, which Parquet itself has no type for."""
    fields = [name for name in names if name in schema.names]  # others are within a field
    kinds = {name: stored_type(schema.field(name).type) for name in fields}
    spans = {name: kind for name, kind in kinds.items() if pa.types.is_duration(kind)}
    return [
        f"the column {name[:60]!r} holds spans of time, which are kept as text, such as "
        f"{f'1500 {kind.unit}'!r}"
        for name, kind in spans.items()
    ]


def _has_odd_years(file: pq.ParquetFile, path: Path, name: str, kind: pa.DataType) -> bool:
    """Whether a column has times that Python's calendar, from year 1 to 9999, has not."""
    kind = stored_type(kind)
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return False
    try:
        column = file.read([name])[name]
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from None
    is_date = pa.types.is_date(kind)
    days = 1 if is_date else _PER_DAY[kind.unit]
    whole = column.cast(pa.date32()).cast(pa.int32()) if is_date else column.cast(pa.int64())
    ends = pc.min_max(whole)
    return ends["min"].is_valid and not (
        _FIRST_DAY * days <= ends["min"].as_py() and ends["max"].as_py() < _LAST_DAY * days
    )


def _with_path_of_images(file: pq.ParquetFile, roles: Roles) -> Roles:
    """Keep the path that Hugging Face writes beside an image's bytes, where any has one."""
    kind = file.schema_arrow.field(roles.payload).type
    if not pa.types.is_struct(kind) or kind.get_field_index("path") < 0:
        return roles
    leaf = f"{roles.payload}.path"
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            if column.path_in_schema != leaf:
                continue
            statistics = column.statistics
            if statistics is None or not statistics.has_null_count:
                return _with_path(roles)
            if statistics.null_count < column.num_values:
                return _with_path(roles)
    return roles


def _with_path(roles: Roles) -> Roles:
    taken = {kept.lower() for kept in roles.metadata.values()}
    name = "path" if "path" not in taken else kept_name(f"{roles.payload}_path", taken)
    return replace(roles, metadata={**roles.metadata, f"{roles.payload}.path": name})


def _bytes_and_paths(name: str, values: list[Any]) -> dict[str, list[Any]]:
    """Return the bytes of a column of images, and the paths beside them."""
    pairs = [v if isinstance(v, dict) else {"bytes": v} for v in values]
    return {
        name: [None if v is None else v.get("bytes") for v in pairs],
        f"{name}.path": [None if v is None else v.get("path") for v in pairs],
    }


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(f.name == "bytes" and _holds_bytes(f.type) for f in kind)
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    kind = stored_type(kind)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _no_such_type(file: str, name: str, kind: pa.DataType, why: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"{file}: the column {name[:60]!r} is of type {str(kind)[:80]} ({why[:120]}); convert it "
        "to text or numbers, or drop it. Nothing was imported."
    )


def unreadable(path: Path, error: Exception) -> ImportRefusedError:
    """Return the refusal of a file that is no whole Parquet."""
    return ImportRefusedError(
        f"{path.name} cannot be read as Parquet ({' '.join(str(error).split())[:120]}); write it "
        "again. Nothing was imported."
    )
