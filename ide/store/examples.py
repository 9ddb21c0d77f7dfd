"""The examples of a dataset: Parquet parts that are read, added to, and never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.drill import Drill
from ide.dataset.errors import ConfigError
from ide.dataset.schema import EXAMPLE_ID, LABEL, PAYLOAD_TYPES, SPLIT, URI
from ide.dataset.source_columns import with_kept_names
from ide.store.drill_file import drill_id, drill_in_force
from ide.store.files import as_declared, damage_named, same_kind
from ide.store.workspace import Workspace

_BARE = pa.schema([(EXAMPLE_ID, pa.string()), (SPLIT, pa.string()), (LABEL, pa.string())])


def example_parts(workspace: Workspace, name: str) -> list[Path]:
    """Return the Parquet parts of a dataset in the order of their names; none is no error."""
    return [path for path, _, _ in _parts(workspace, name)]


def examples_revision(workspace: Workspace, name: str) -> str:
    """Return a key that changes whenever the parts do: of names, sizes and times; cheap.

    It changes also where a drill's planted labels begin or cease to count.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update((drill_id(workspace, name) or "").encode())
    for path, size, mtime_ns in _parts(workspace, name):
        digest.update(f"{path.name}\0{size}\0{mtime_ns}\n".encode())
    return digest.hexdigest()


def read_metadata(workspace: Workspace, name: str) -> pa.Table:
    """Return the source's own columns, rows by example id; none is a table without columns."""
    examples = read_examples(workspace, name).sort_by(EXAMPLE_ID)
    own = [c for c in examples.column_names if c not in (EXAMPLE_ID, LABEL, SPLIT)]
    return with_kept_names(examples.select(own))


def n_examples(workspace: Workspace, name: str) -> int:
    """Return how many examples a dataset has; 0 while its parts are not there."""
    return sum(_n_rows(*part) for part in _parts(workspace, name))


def may_lack_labels(workspace: Workspace, name: str) -> bool:
    """Whether an example may have come without a label, by the footers of the parts alone."""
    return any(_may_lack_labels(*part) for part in _parts(workspace, name))


def require_here(workspace: Workspace, name: str) -> None:
    """Raise ``ConfigError`` where DVC has the examples and this machine has none of them."""
    pointer = workspace.examples_path(name).with_name("examples.dvc")
    if pointer.exists() and n_examples(workspace, name) == 0:
        raise ConfigError(
            f"the examples of {name!r} are not on this machine, as in a fresh clone. Bring them "
            "with: upwell pull (or dvc pull)"
        )


def read_examples(
    workspace: Workspace, name: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return all parts as one table, in the order of the parts' names.

    On the branch of a drill its planted labels stand in the place of the imported ones.

    columns: None = all but the payload. A metadata column that only some parts have is null in
    the others. Without parts the table has the columns every dataset has, and no rows.
    Raises ``DatasetNotFoundError``, or ``DamagedFileError`` naming the part that is damaged.
    """
    config = workspace.config(name)
    tables = []
    for path in example_parts(workspace, name):
        with open_part(workspace, path) as file:
            known = file.schema_arrow.names
        wanted = [c for c in known if c != config.payload_column] if columns is None else columns
        if LABEL in wanted and EXAMPLE_ID not in wanted:
            wanted = [EXAMPLE_ID, *wanted]
        tables.append(read_part(workspace, path, [c for c in wanted if c in known]))
    if not tables:
        payload = pa.field(config.payload_column, PAYLOAD_TYPES[config.modality])
        names = _BARE.names if columns is None else columns
        return pa.schema([f for f in (*_BARE, payload) if f.name in names]).empty_table()
    with damage_named(workspace.examples_path(name)):  # a column of two types
        table = pa.concat_tables(tables, promote_options="permissive")
    table = table.replace_schema_metadata(None)
    table = _with_planted(table, drill_in_force(workspace, name))
    return (
        table if columns is None else table.select([c for c in columns if c in table.column_names])
    )


def _with_planted(table: pa.Table, drill: Drill | None) -> pa.Table:
    """Lay a drill's labels over a table's, where it has both the ids and the labels."""
    if drill is None or LABEL not in table.column_names:
        return table
    planted = drill.labels
    ids, labels = table[EXAMPLE_ID].to_pylist(), table[LABEL].to_pylist()
    found = [planted.get(i, label) for i, label in zip(ids, labels, strict=True)]
    index = table.column_names.index(LABEL)
    return table.set_column(index, table.schema.field(LABEL), pa.array(found, pa.string()))


def open_part(workspace: Workspace, path: Path) -> pq.ParquetFile:
    """Open a part that has what every part has; else raise ``DamagedFileError``, which says how
    to get it back.

    What is read of it then can still be damaged: read by ``read_part`` and ``part_batches``.
    """
    with damage_named(path):
        file = pq.ParquetFile(path, memory_map=True)
        names = file.schema_arrow.names
        for field in _declared(workspace, path):
            if field.name in _BARE.names and names.count(field.name) != 1:
                how = "stands twice" if field.name in names else "is missing"
                raise ValueError(f"its column {field.name} {how}")
            got = file.schema_arrow.field(field.name).type if field.name in names else field.type
            if not same_kind(got, field.type):
                raise ValueError(f"its column {field.name} holds {got}, wanted {field.type}")
        return file


def read_part(workspace: Workspace, path: Path, columns: Sequence[str]) -> pa.Table:
    """Read columns of a part, those that every dataset has in the types of ``schema``."""
    with open_part(workspace, path) as file, damage_named(path):
        return as_declared(file.read(list(columns)), _declared(workspace, path))


def part_batches(
    workspace: Workspace, path: Path, *, batch_size: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield a part's rows, some at a time, as ``read_part`` has them."""
    wanted = None if columns is None else list(columns)
    with open_part(workspace, path) as file, damage_named(path):
        for batch in file.iter_batches(batch_size=batch_size, columns=wanted):
            table = pa.Table.from_batches([batch])
            yield as_declared(table, _declared(workspace, path)).combine_chunks()


def read_row_group(file: pq.ParquetFile, path: Path, group: int, field: pa.Field) -> Any:
    """Read one column of a row group of an opened part."""
    with damage_named(path):
        table = file.read_row_group(group, columns=[field.name], use_threads=False)
        return as_declared(table, pa.schema([field]))[field.name]


def _declared(workspace: Workspace, path: Path) -> pa.Schema:
    """Return the columns of a part whose types are fixed; metadata have those of the source."""
    config = workspace.config(path.parent.parent.name)
    payload = pa.field(config.payload_column, PAYLOAD_TYPES[config.modality])
    return pa.schema([*_BARE, payload, pa.field(URI, pa.string())])


def _parts(workspace: Workspace, name: str) -> list[tuple[Path, int, int]]:
    """Return (path, size, mtime in ns) of each part; what is hidden is not one."""
    folder = workspace.examples_path(name)
    parts = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".parquet") and not entry.name.startswith("."):
                    stat = entry.stat()
                    parts.append((folder / entry.name, stat.st_size, stat.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(parts)


@lru_cache(maxsize=1024)
def _n_rows(path: Path, _size: int, _mtime_ns: int) -> int:
    with damage_named(path), pq.ParquetFile(path) as file:  # whatever its columns are
        return int(file.metadata.num_rows)


@lru_cache(maxsize=1024)
def _may_lack_labels(path: Path, _size: int, _mtime_ns: int) -> bool:
    """Whether the footer of a part counts an example without a label, or does not count them."""
    with damage_named(path), pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        columns = [group.column(i) for group in groups for i in range(group.num_columns)]
        counts = [
            column.statistics and column.statistics.null_count
            for column in columns
            if column.path_in_schema == LABEL
        ]
        return any(n is None or n > 0 for n in counts)
