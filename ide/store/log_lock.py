"""The lock between those who append to edit logs and those who have git put other logs there.

Git replaces a file by deleting it and writing a new one. Whoever waits for a lock on the deleted
one would append to it afterwards, acknowledge the edit and lose it; so there is one lock for all
logs of a workspace, shared by appenders and held alone while a branch changes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ide.store.files import storage_errors
from ide.store.workspace import Workspace


@contextmanager
def appending(workspace: Workspace) -> Iterator[None]:
    """Hold the lock together with other appenders; waits while git replaces logs."""
    with _locked(workspace, fcntl.LOCK_SH):
        yield


@contextmanager
def replacing_logs(workspace: Workspace) -> Iterator[None]:
    """Hold the lock alone: nobody appends meanwhile. For moments; do not append within."""
    with _locked(workspace, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(workspace: Workspace, kind: int) -> Iterator[None]:
    path = workspace.local_path / "edits.lock"
    with storage_errors(path, "lock"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
