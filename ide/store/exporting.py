"""Export: the examples with the labels in force, as one table or as folders by class."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ide.dataset.errors import WorkspaceError
from ide.dataset.ids import content_id, free_id
from ide.dataset.schema import EXAMPLE_ID, LABEL, POOL, SPLIT
from ide.store.csv_cells import escape_cell
from ide.store.drill_file import drill_in_force
from ide.store.examples import example_parts, open_part, read_examples
from ide.store.files import storage_errors
from ide.store.payloads import mime_type, payload_bytes
from ide.store.state import current_labels
from ide.store.workspace import Workspace

PATH = "path"
_BATCH_ROWS = 256
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "text/plain; charset=utf-8": ".txt",
    "application/json": ".json",
}

OnProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export wrote."""

    n_examples: int
    n_excluded: int  # left out, since people took them out of the dataset
    n_conflicts: int  # written with the imported label, since people disagree
    path: Path


@dataclass(frozen=True, slots=True)
class _Export:
    """What every format needs: the rows in batches, and where they go."""

    payload_column: str
    schema: pa.Schema  # of the batches
    batches: Iterator[pa.RecordBatch]
    target: Path  # the path that was asked for
    temporary: Path  # where it is written first


def export_dataset(
    workspace: Workspace,
    name: str,
    path: str | Path,
    *,
    format: str,
    on_progress: OnProgress | None = None,
) -> ExportResult:
    """Write a dataset with its labels in force to ``path``, which must not be there yet.

    format: ``parquet`` (payloads within), ``csv`` or ``jsonl`` (images as files beside, in
    ``FILE.csv.files/``, named by the column ``path``), or ``folder`` (by split and class). Excluded
    examples are left out. What is written appears whole or not at all, and imports again to the
    same labels. Raises ``WorkspaceError`` if the request is wrong, ``StorageError`` if the disk is.
    """
    writer = WRITERS.get(format)
    if writer is None:
        raise WorkspaceError(
            f"{format[:40]!r} is not a format to export to; wanted one of {', '.join(WRITERS)}"
        )
    target = Path(path).expanduser().absolute()
    config = workspace.config(name)
    labels = current_labels(workspace, name)
    if not len(labels):
        raise WorkspaceError(f"{name!r} has no examples to export; import some first")
    _refuse_existing(target)
    _refuse_drill(workspace, name)
    schema = _schema(workspace, name, config.payload_column)
    batches = _batches(workspace, name, schema, labels, on_progress or (lambda *_: None))
    with _out_of_sight(target) as temporary:
        writer(_Export(config.payload_column, schema, batches, target, temporary))
    n_excluded = pc.sum(labels["is_excluded"]).as_py() or 0
    n_conflicts = pc.sum(labels["is_conflict"]).as_py() or 0
    return ExportResult(len(labels) - n_excluded, n_excluded, n_conflicts, target)


@contextmanager
def _out_of_sight(target: Path) -> Iterator[Path]:
    """Yield a path in a hidden folder beside the target, which is gone afterwards."""
    with storage_errors(target, "write"):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
        try:
            yield folder / target.name
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise WorkspaceError(
            f"{target} is there already, and an export overwrites nothing; name another path"
        )


def _refuse_drill(workspace: Workspace, name: str) -> None:
    drill = drill_in_force(workspace, name)
    if drill is not None:
        raise WorkspaceError(
            f"{name!r} has {len(drill.planted):,} planted wrong labels on this branch "
            f"({drill.branch}), and they must not leave it. End the drill first, with: "
            f"upwell drill {name} --end"
        )


def _schema(workspace: Workspace, name: str, payload_column: str) -> pa.Schema:
    """Return the columns of the export: those of all parts, ids and labels first."""
    metadata = read_examples(workspace, name).schema
    with open_part(workspace, example_parts(workspace, name)[0]) as file:
        payload = file.schema_arrow.field(payload_column)
    first = [pa.field(n, pa.string()) for n in (EXAMPLE_ID, SPLIT, LABEL)]
    rest = [f for f in metadata if f.name not in (EXAMPLE_ID, SPLIT, LABEL)]
    return pa.schema([*first, payload, *rest])


def _batches(
    workspace: Workspace, name: str, schema: pa.Schema, labels: pa.Table, report: OnProgress
) -> Iterator[pa.RecordBatch]:
    """Yield the examples that are not excluded, with their label and split in force."""
    row = 0
    for path in example_parts(workspace, name):
        with open_part(workspace, path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                state = labels.slice(row, batch.num_rows).combine_chunks()
                row += batch.num_rows
                columns = {n: batch.column(n) for n in batch.schema.names}
                columns |= {n: state[n].combine_chunks() for n in (SPLIT, LABEL)}
                arrays = [
                    columns[f.name].cast(f.type)
                    if f.name in columns
                    else pa.nulls(batch.num_rows, f.type)
                    for f in schema
                ]
                whole = pa.record_batch(arrays, schema=schema)
                yield whole.filter(pc.invert(state["is_excluded"].combine_chunks()))
                report("writing", row, len(labels))


def _write_parquet(export: _Export) -> None:
    others = [n for n in export.schema.names if n != export.payload_column]
    with pq.ParquetWriter(
        export.temporary, export.schema, compression="zstd", use_dictionary=others
    ) as writer:
        for batch in export.batches:
            writer.write_batch(batch, row_group_size=_BATCH_ROWS)
    export.temporary.rename(export.target)


def _write_csv(export: _Export) -> None:
    with export.temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        rows = _rows(export)
        header = _names(export)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(row[name]) for name in header])
    _publish(export)


def _write_json_lines(export: _Export) -> None:
    with export.temporary.open("w", encoding="utf-8") as file:
        for row in _rows(export):
            plain = {k: _json_value(v) for k, v in row.items()}
            file.write(json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n")
    _publish(export)


def _write_folder(export: _Export) -> None:
    """Write ``SPLIT/CLASS/ID.png``; what nobody has labelled lies in ``pool/`` itself."""
    taken: dict[Path, set[str]] = {}
    export.temporary.mkdir()
    for batch in export.batches:
        for row in batch.to_pylist():
            label = row[LABEL]
            folder = export.temporary / (row[SPLIT] if label else POOL)
            if label:
                folder /= _folder_name(label)
            folder.mkdir(parents=True, exist_ok=True)
            value = row[export.payload_column]
            name = _file_name(row[EXAMPLE_ID], value, taken.setdefault(folder, set()))
            (folder / name).write_bytes(payload_bytes(value))
    export.temporary.rename(export.target)


WRITERS: dict[str, Callable[[_Export], None]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_json_lines,
    "folder": _write_folder,
}


def _files_path(path: Path) -> Path:
    """Return the folder beside a table that its payloads lie in."""
    return path.with_name(f"{path.name}.files")


def _has_files(export: _Export) -> bool:
    return bool(export.schema.field(export.payload_column).type == pa.binary())


def _names(export: _Export) -> list[str]:
    """Return the columns of a table whose payloads lie beside it: ``path`` in their place."""
    return [_name(n, export) for n in export.schema.names]


def _name(column: str, export: _Export) -> str:
    if not _has_files(export):
        return column
    if column == export.payload_column:
        return PATH
    return f"source_{column}" if column.lower() == PATH else column


def _rows(export: _Export) -> Iterator[dict[str, Any]]:
    """Yield the rows of a text table, writing payloads beside it where they are not text."""
    folder = _files_path(export.temporary)
    if _has_files(export):
        _refuse_existing(_files_path(export.target))
        folder.mkdir()
    taken: set[str] = set()
    for batch in export.batches:
        for row in batch.to_pylist():
            if _has_files(export):
                value = row[export.payload_column]
                name = _file_name(row[EXAMPLE_ID], value, taken)
                (folder / name).write_bytes(value)
                row[export.payload_column] = f"{_files_path(export.target).name}/{name}"
            yield {_name(n, export): v for n, v in row.items()}


def _publish(export: _Export) -> None:
    """Bring a table in after the files that it names, so that no table lacks its files."""
    files = _files_path(export.temporary)
    target = _files_path(export.target)
    if files.exists():
        files.rename(target)
    try:
        export.temporary.rename(export.target)
    except OSError:
        if _has_files(export):
            shutil.rmtree(target, ignore_errors=True)
        raise


def _file_name(example_id: str, value: Any, taken: set[str]) -> str:
    """Return a name that every file system takes, the id itself where it is one."""
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", example_id)[:80]
    if stem != example_id:
        stem = f"{stem}-{content_id(example_id.encode())[:8]}"
    stem = free_id(stem.lower() if stem.lower() in taken else stem, taken)
    taken.add(stem.lower())
    taken.add(stem)
    suffix = _SUFFIXES.get(mime_type(payload_bytes(value), is_text=isinstance(value, str)), ".bin")
    return stem + suffix


def _folder_name(label: str) -> str:
    if "/" in label or "\\" in label or label.startswith(".") or len(label.encode()) > 200:
        raise WorkspaceError(
            f"the label {label[:60]!r} cannot name a folder; export as parquet, csv or jsonl"
        )
    return label


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape_cell(value.isoformat() if isinstance(value, date) else str(value))


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    is_plain = value is None or isinstance(value, (bool, int, float, str))
    return value if is_plain else value.isoformat() if isinstance(value, date) else str(value)
