"""The examples of a dataset: Parquet parts that are read, added to, and never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.drill import Drill
from ide.dataset.errors import ConfigError, StorageError
from ide.dataset.schema import EXAMPLE_ID, LABEL, PAYLOAD_TYPES, SPLIT
from ide.dataset.source_columns import with_kept_names
from ide.store.drill_file import drill_id, drill_in_force
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
    return sum(
        _n_rows(workspace, path, size, mtime_ns) for path, size, mtime_ns in _parts(workspace, name)
    )


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
    Raises ``DatasetNotFoundError``, or ``StorageError`` naming the part that is damaged.
    """
    config = workspace.config(name)
    tables = []
    for path in example_parts(workspace, name):
        file = open_part(workspace, path)
        with file:
            known = file.schema_arrow.names
            wanted = (
                [c for c in known if c != config.payload_column] if columns is None else columns
            )
            if LABEL in wanted and EXAMPLE_ID not in wanted:
                wanted = [EXAMPLE_ID, *wanted]
            try:
                tables.append(file.read([c for c in wanted if c in known]))
            except (OSError, pa.ArrowException) as error:
                raise _damaged(workspace, path, error) from None
    if not tables:
        payload = pa.field(config.payload_column, PAYLOAD_TYPES[config.modality])
        names = _BARE.names if columns is None else columns
        return pa.schema([f for f in (*_BARE, payload) if f.name in names]).empty_table()
    table = pa.concat_tables(tables, promote_options="permissive").replace_schema_metadata(None)
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
    """Open a part, or raise ``StorageError`` with the way to get it back."""
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(workspace, path, error) from None


def _damaged(workspace: Workspace, path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"{workspace.relative(path)} cannot be read as Parquet ({str(error)[:120]}). "
        f"Get it again with: dvc checkout --force {workspace.relative(path.parent)}"
    )


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
def _n_rows(workspace: Workspace, path: Path, _size: int, _mtime_ns: int) -> int:
    with open_part(workspace, path) as file:
        return int(file.metadata.num_rows)
