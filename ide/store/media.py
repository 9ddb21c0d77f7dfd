"""What was measured of each payload: kept on this machine, and in each build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ide.dataset.errors import DamagedFileError, StorageError
from ide.store.build_tables import read_build_table
from ide.store.examples import examples_revision
from ide.store.files import read_schema, write_parquet
from ide.store.workspace import Workspace

VERSION = "4"  # of what is measured; another one measures anew
_KEY = "upwell.measured"


def measured_path(workspace: Workspace, name: str) -> Path:
    """Where the facts of a dataset's examples lie on this machine."""
    return workspace.local_path / "media" / f"{name}.parquet"


def read_measured(
    workspace: Workspace, name: str, columns: Sequence[str] | None = None
) -> pa.Table | None:
    """Return ``schema.MEDIA``, rows by example id; None where the examples were not measured.

    columns: None = all. Facts of examples that have changed since are none.
    """
    path = measured_path(workspace, name)
    try:
        found = (read_schema(path).metadata or {}).get(_KEY.encode(), b"")
        if found != _key(workspace, name).encode():
            return None
        return read_build_table(path, "media", columns).replace_schema_metadata(None)
    except (FileNotFoundError, DamagedFileError):  # it can be measured again
        return None


def write_measured(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Keep the facts of the examples as they are; a disk that refuses costs the next run time."""
    try:
        write_parquet(measured_path(workspace, name), table, metadata={_KEY: _key(workspace, name)})
    except StorageError:
        return


def _key(workspace: Workspace, name: str) -> str:
    return f"{VERSION}|{workspace.config(name).modality}|{examples_revision(workspace, name)}"
