"""Reading back what Upwell itself exported, by its mark: the very same table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from ide.dataset.errors import ImportRefusedError
from ide.dataset.schema import EXAMPLE_ID, LABEL, POOL, SPLIT, SPLITS
from ide.dataset.source_columns import kept_name
from ide.store.export_mark import (
    FOLDER_MARK,
    FOLDER_ROWS,
    PARQUET_KEY,
    Mark,
    parse_mark,
    read_mark,
    sidecar_path,
)
from ide.store.importing.folder import folder_files, read_file
from ide.store.importing.named_files import read_named
from ide.store.importing.records import Table, open_records
from ide.store.importing.source import Source, SourceRow, as_example_id, as_label, as_split
from ide.store.importing.validation import CHECKS

_FILE_NAME = "file_name"


@dataclass(frozen=True, slots=True)
class OwnExport:
    """An export of Upwell's own: its mark, and its rows."""

    mark: Mark
    source: Source


def open_own_export(path: Path) -> OwnExport | None:
    """Open an export by its mark; None where it has none, or its columns are no longer there.

    Raises ``ImportRefusedError`` where it holds what no import takes.
    """
    found = _open(path)
    if found is not None and found.mark.modality not in CHECKS:
        raise ImportRefusedError(
            f"{path.name} holds {found.mark.modality}, which cannot be imported yet; wanted "
            f"{', '.join(CHECKS)}. Nothing was imported."
        )
    return found


def mark_of(path: Path) -> Mark | None:
    """Return the mark of a table or folder, if it has one."""
    if path.is_dir():
        return read_mark(path / FOLDER_MARK)
    if path.suffix.lower() != ".parquet":
        return read_mark(sidecar_path(path))
    table = open_records(path)
    return parse_mark((table.metadata or {}).get(PARQUET_KEY, b"")) if table else None


def _open(path: Path) -> OwnExport | None:
    mark = mark_of(path)
    if mark is None:
        return None
    if path.is_dir():
        return OwnExport(mark, _source(path.resolve().name, mark, _folder_rows(path, mark)))
    table = open_records(path)
    if table is None or not {EXAMPLE_ID, SPLIT, LABEL, mark.payload} <= set(table.columns):
        return None
    return OwnExport(mark, _source(path.name, mark, _table_rows(path, table, mark), table.n_rows))


def _source(name: str, mark: Mark, rows: Iterator[SourceRow], n_rows: int | None = None) -> Source:
    return Source(
        name=name,
        modality=mark.modality,
        rows=rows,
        n_rows=n_rows,
        title=mark.title,
        description=mark.description,
        licence=mark.licence,
        metadata_types={f.name: f.type for f in mark.metadata},
        classes=mark.classes,
    )


def _table_rows(path: Path, table: Table, mark: Mark) -> Iterator[SourceRow]:
    root = path.parent.resolve()
    columns = _columns(table, mark)
    empty: dict[str, Literal[True] | frozenset[str]] = {
        c: True if ids is True else frozenset(ids) for c, ids in mark.empty_texts.items()
    }
    is_csv = path.suffix.lower() in (".csv", ".tsv")
    for where, record in table.rows:
        example_id = as_example_id(record.get(EXAMPLE_ID), where)
        payload = record.get(mark.payload)
        if mark.is_path and payload:
            payload = read_named(root, payload, where)
        values = dict(record)
        if is_csv:
            values |= {c: None for c in columns if not record[c] and not _has(empty, c, example_id)}
        yield SourceRow(
            where=where,
            payload=payload,
            label=_label(record.get(LABEL), mark, where),
            split=_split(record.get(SPLIT), where),
            example_id=example_id,
            metadata=_metadata(values, columns, mark, where),
        )


def _has(empty: Mapping[str, Literal[True] | frozenset[str]], column: str, example_id: str) -> bool:
    ids = empty.get(column, frozenset())
    return ids is True or example_id in ids


def _columns(table: Table, mark: Mark) -> dict[str, str]:
    """Return the name in the dataset by that in the file; the dataset's order, then new ones."""
    kept = {mark.names.get(f.name, f.name): f.name for f in mark.metadata}
    columns = {file: own for file, own in kept.items() if file in table.columns}
    for place, column in enumerate(table.columns, 1):
        if column not in columns and column not in (EXAMPLE_ID, SPLIT, LABEL, mark.payload):
            columns[column] = kept_name(column.strip() or f"column_{place}")
    return columns


def _metadata(
    values: Mapping[str, Any], columns: Mapping[str, str], mark: Mark, where: str
) -> dict[str, Any]:
    types = {f.name: f.type for f in mark.metadata}
    found = {}
    for column, name in columns.items():
        value = values.get(column)
        kind = types.get(name)
        found[name] = value if value is None or kind is None else _typed(value, kind, name, where)
    return found


def _typed(value: Any, kind: pa.DataType, name: str, where: str) -> Any:
    """Return a value of a text table as its column has it; refuse one that cannot be."""
    try:
        if pa.types.is_string(kind):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if pa.types.is_boolean(kind):
            return {"true": True, "false": False}[str(value).lower()]
        if pa.types.is_integer(kind):
            return int(value)
        if pa.types.is_floating(kind):
            return float(value)
        pa.scalar(str(value), pa.string()).cast(kind)
        return str(value)
    except (ValueError, KeyError, TypeError, OverflowError, pa.ArrowException):
        raise ImportRefusedError(
            f"{where}: {name} is {str(value)[:60]!r}, and the column holds {kind}; correct it or "
            "leave it empty. Nothing was imported."
        ) from None


def _label(value: Any, mark: Mark, where: str) -> str | None:
    return value if value in mark.classes else as_label(value, where)


def _split(value: Any, where: str) -> str | None:
    return value if value in SPLITS else as_split(value, where, SPLIT)


def _folder_rows(path: Path, mark: Mark) -> Iterator[SourceRow]:
    """Yield the files that are there: of each the label is its folder's, the rest as exported.

    A file that was moved into another class's folder keeps its id; a new one gets its own.
    """
    name = path.resolve().name
    files = folder_files(path, name)
    by_name = {f.name: f for f in files if len(f.parts) > 1}
    known = open_records(path / FOLDER_ROWS)
    if known is not None:
        columns = _columns(known, mark)
        columns.pop(_FILE_NAME, None)
        for where, record in known.rows:
            file = by_name.pop(Path(str(record.get(_FILE_NAME))).name, None)
            if file is not None:
                example_id = as_example_id(record.get(EXAMPLE_ID), where)
                yield _file_row(
                    path, file, mark, example_id, _metadata(record, columns, mark, where)
                )
    for file in by_name.values():
        yield _file_row(path, file, mark, None, {})


def _file_row(
    path: Path, file: Path, mark: Mark, example_id: str | None, metadata: dict[str, Any]
) -> SourceRow:
    where = f"{path.resolve().name}/{file.as_posix()}"
    split, *folders = file.parts[:-1]
    if split not in SPLITS or (not folders and split != POOL):
        raise ImportRefusedError(
            f"{where}: wanted SPLIT/CLASS/FILE, as the export had it, with a split of "
            f"{', '.join(SPLITS)}. Nothing was imported."
        )
    label = _label(folders[0], mark, where) if folders else None
    return SourceRow(where, read_file(path / file, where), label, split, example_id, metadata)
