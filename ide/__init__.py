"""Upwell: an IDE for Software 2.0. ``ide.connect()`` opens a workspace as SQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__version__ = "0.1.0"


def connect(workspace: str | Path | None = None) -> DuckDBPyConnection:
    """Open a workspace as an in-memory DuckDB database in which each dataset is a schema.

    ``workspace``: a folder in the workspace; default: the nearest one upwards from here.
    Raises ``WorkspaceError`` where there is none. See docs/sql.md for every table and column.
    """
    from ide.store import duck

    database: DuckDBPyConnection = duck.connect(workspace)
    return database
