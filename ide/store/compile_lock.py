"""The lock of a workspace's build: one `upwell compile` at a time, told without asking anyone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.store.file_lock import SHARED, file_lock, is_taken
from ide.store.workspace import Workspace

_PATIENCE_S = 0.3  # a reader that looks holds the lock for some microseconds


@contextmanager
def compile_lock(workspace: Workspace) -> Iterator[bool]:
    """Hold the lock while the block runs; yields False, at once, where another holds it."""
    with file_lock(_lock_path(workspace), patience_s=_PATIENCE_S) as handle:
        yield handle is not None


def is_compiling(workspace: Workspace) -> bool:
    """Whether a build runs now."""
    try:
        handle = os.open(_lock_path(workspace), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        return not is_taken(handle, kind=SHARED)
    finally:
        os.close(handle)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for, and hold, a lock on what happens in a folder; for moments, not for builds."""
    with file_lock(folder / ".lock", patience_s=None):
        yield


def _lock_path(workspace: Workspace) -> Path:
    return workspace.local_path / "compile.lock"
