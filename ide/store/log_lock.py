"""The lock between those who append to edit logs and those who have git put other logs there.

Git replaces a file by deleting it and writing a new one. Whoever waits for a lock on the deleted
one would append to it afterwards, acknowledge the edit and lose it; so there is one lock for all
logs of a workspace, shared by appenders and held alone while a branch changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.store.file_lock import SHARED, file_lock
from ide.store.workspace import Workspace


@contextmanager
def appending(workspace: Workspace) -> Iterator[None]:
    """Hold the lock together with other appenders; waits while git replaces logs."""
    with file_lock(_path(workspace), kind=SHARED, patience_s=None):
        yield


@contextmanager
def replacing_logs(workspace: Workspace) -> Iterator[None]:
    """Hold the lock alone: nobody appends meanwhile. For moments; do not append within."""
    with file_lock(_path(workspace), patience_s=None):
        yield


def _path(workspace: Workspace) -> Path:
    return workspace.local_path / "edits.lock"
