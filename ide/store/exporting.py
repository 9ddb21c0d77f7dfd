"""Export: the examples with the labels in force, as one table or as folders by class."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ide.dataset.errors import WorkspaceError
from ide.dataset.ids import content_id, free_id
from ide.dataset.schema import EXAMPLE_ID, LABEL, POOL, SPLIT
from ide.store.csv_cells import ESCAPED, YES, escape_cell, is_formula
from ide.store.drill_file import drill_in_force
from ide.store.examples import example_parts, open_part, part_batches, read_examples
from ide.store.export_mark import (
    FOLDER_MARK,
    FOLDER_ROWS,
    PARQUET_KEY,
    Mark,
    sidecar_path,
    to_json,
)
from ide.store.export_marking import make_mark
from ide.store.export_rows import csv_cell, json_value, plain_rows, regrouped
from ide.store.files import expanded, storage_errors
from ide.store.importing.folder import NO_CLASSES
from ide.store.payloads import mime_type, payload_bytes
from ide.store.state import current_labels
from ide.store.workspace import Workspace

FILE_NAME = "file_name"  # as Hugging Face's imagefolder calls it
_WITH_SIDECAR = ("csv", "jsonl")
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
    n_formulas: int = 0  # cells of a CSV that a spreadsheet would run


@dataclass(slots=True)
class _Export:
    """What every format needs: the rows in batches, and where they go."""

    payload_column: str
    schema: pa.Schema  # of the batches
    batches: Iterator[pa.RecordBatch]
    target: Path  # the path that was asked for
    temporary: Path  # where it is written first
    mark: Mark  # what it says of itself; names its columns
    is_for_spreadsheet: bool
    n_formulas: int = field(default=0)


def export_dataset(
    workspace: Workspace,
    name: str,
    path: str | Path,
    *,
    format: str,
    for_spreadsheet: bool = False,
    on_progress: OnProgress | None = None,
) -> ExportResult:
    """Write a dataset with its labels in force to ``path``, which must not be there yet.

    format: ``parquet`` (payloads within), ``csv`` or ``jsonl`` (images as files beside, in
    ``FILE.csv.files/``, named by the column ``path``), or ``folder`` (by split and class). Excluded
    examples are left out. What is written appears whole or not at all, and is marked, so that it
    imports again to the same table (``export_mark``). for_spreadsheet: in a CSV, cells that would
    be run as formulas get an apostrophe, which an import takes off again. Raises
    ``WorkspaceError`` if the request is wrong, ``StorageError`` if the disk is.
    """
    writer = WRITERS.get(format)
    if writer is None:
        raise WorkspaceError(
            f"{format[:40]!r} is not a format to export to; wanted one of {', '.join(WRITERS)}"
        )
    target = expanded(path).absolute()
    config = workspace.config(name)
    labels = current_labels(workspace, name)
    if not len(labels):
        raise WorkspaceError(f"{name!r} has no examples to export; import some first")
    _refuse_existing(target)
    if for_spreadsheet and format != "csv":
        raise WorkspaceError(f"--for-spreadsheet is for csv, and {format} has no formulas")
    if format in _WITH_SIDECAR:
        _refuse_existing(sidecar_path(target))
    _refuse_drill(workspace, name)
    schema = _schema(workspace, name, config.payload_column)
    batches = _batches(workspace, name, schema, labels, on_progress or (lambda *_: None))
    mark = make_mark(workspace, name, schema, labels, format=format)
    with _out_of_sight(target) as temporary:
        export = _Export(
            config.payload_column, schema, batches, target, temporary, mark, for_spreadsheet
        )
        writer(export)
    n_excluded = pc.sum(labels["is_excluded"]).as_py() or 0
    n_conflicts = pc.sum(labels["is_conflict"]).as_py() or 0
    n_left = len(labels) - n_excluded
    return ExportResult(n_left, n_excluded, n_conflicts, target, export.n_formulas)


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
        for batch in part_batches(workspace, path, batch_size=_BATCH_ROWS):
            state = labels.slice(row, batch.num_rows).combine_chunks()
            row += batch.num_rows
            columns = {n: batch[n].combine_chunks() for n in batch.schema.names}
            label, split = (state[n].combine_chunks() for n in (LABEL, SPLIT))
            columns |= {LABEL: label, SPLIT: pc.if_else(label.is_valid(), split, POOL)}
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
    schema = export.schema.with_metadata({PARQUET_KEY: to_json(export.mark).encode()})
    with pq.ParquetWriter(
        export.temporary, schema, compression="zstd", use_dictionary=others
    ) as writer:
        for table in regrouped(export.batches, _BATCH_ROWS):
            rows = table.replace_schema_metadata(schema.metadata)
            writer.write_table(rows, row_group_size=_BATCH_ROWS)
    export.temporary.rename(export.target)


def _write_csv(export: _Export) -> None:
    empty: dict[str, list[str]] = {}  # column → ids whose cell is text of no characters
    with_nothing: set[str] = set()  # columns that have cells with nothing in them
    with export.temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        names = [_name(n, export) for n in export.schema.names]
        writer.writerow([*map(escape_cell, names), ESCAPED] if export.is_for_spreadsheet else names)
        for row in _rows(export):
            for column, value in row.items():
                if value is None:
                    with_nothing.add(column)
                elif value == "":
                    empty.setdefault(column, []).append(row[EXAMPLE_ID])
            _write_cells(writer, [csv_cell(row[name]) for name in names], export)
    found: dict[str, Literal[True] | list[str]] = {
        c: ids if c in with_nothing else True for c, ids in empty.items()
    }
    _publish(export, replace(export.mark, empty_texts=found))


def _write_cells(writer: Any, cells: list[str], export: _Export) -> None:
    """Write one row, exactly as it is, or with what a spreadsheet would run made harmless."""
    export.n_formulas += sum(map(is_formula, cells))
    writer.writerow([*map(escape_cell, cells), YES] if export.is_for_spreadsheet else cells)


def _write_json_lines(export: _Export) -> None:
    with export.temporary.open("w", encoding="utf-8") as file:
        for row in _rows(export):
            plain = {k: json_value(v) for k, v in row.items()}
            file.write(json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n")
    _publish(export, export.mark)


def _write_folder(export: _Export) -> None:
    """Write ``SPLIT/CLASS/ID.png``; what nobody has labelled lies in ``pool/`` itself.

    The ids and the other columns stand in ``metadata.jsonl``.
    """
    taken: set[str] = set()
    export.temporary.mkdir()
    with (export.temporary / FOLDER_ROWS).open("w", encoding="utf-8") as file:
        for batch in export.batches:
            for row in plain_rows(batch):
                label, split = row.pop(LABEL), row.pop(SPLIT)
                folder = Path(split) / _folder_name(label) if label else Path(POOL)
                value = row.pop(export.payload_column)
                path = folder / _file_name(row[EXAMPLE_ID], value, taken)
                (export.temporary / folder).mkdir(parents=True, exist_ok=True)
                (export.temporary / path).write_bytes(payload_bytes(value))
                about = {_name(k, export): json_value(v) for k, v in row.items()}
                line = json.dumps({FILE_NAME: path.as_posix(), **about}, ensure_ascii=False)
                file.write(line + "\n")
    (export.temporary / FOLDER_MARK).write_text(to_json(export.mark), encoding="utf-8")
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


def _name(column: str, export: _Export) -> str:
    """Return the name of a column in what is written: ``path`` of payloads that lie beside it."""
    return export.mark.names.get(column, column)


def _rows(export: _Export) -> Iterator[dict[str, Any]]:
    """Yield the rows of a text table, writing payloads beside it where they are not text."""
    folder = _files_path(export.temporary)
    if _has_files(export):
        _refuse_existing(_files_path(export.target))
        folder.mkdir()
    taken: set[str] = set()
    for batch in export.batches:
        for row in plain_rows(batch):
            if _has_files(export):
                value = row[export.payload_column]
                name = _file_name(row[EXAMPLE_ID], value, taken)
                (folder / name).write_bytes(value)
                row[export.payload_column] = f"{_files_path(export.target).name}/{name}"
            yield {_name(n, export): v for n, v in row.items()}


def _publish(export: _Export, mark: Mark) -> None:
    """Bring a table in after its mark and the files that it names, so that it never lacks them."""
    beside = {sidecar_path(export.temporary): sidecar_path(export.target)}
    sidecar_path(export.temporary).write_text(to_json(mark), encoding="utf-8")
    if _has_files(export):
        beside[_files_path(export.temporary)] = _files_path(export.target)
    moved = []
    try:
        for source, target in (*beside.items(), (export.temporary, export.target)):
            source.rename(target)
            moved.append(target)
    except OSError:
        for target in moved:
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
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
    """Return a label as the name of its folder; refuse one that would not be read back from it."""
    is_lost = label.casefold() in NO_CLASSES or label.startswith(".") or label != label.strip()
    if "/" in label or "\\" in label or is_lost or len(label.encode()) > 200:
        raise WorkspaceError(
            f"the label {label[:60]!r} cannot name a folder, since an import would not read it "
            "back from there; export as parquet, csv or jsonl"
        )
    return label
