"""The lock of a workspace's build: one `upwell compile` at a time, told without asking anyone.

``flock`` goes with the process that holds it, so that a killed build never leaves it behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.store.files import storage_errors
from ide.store.workspace import Workspace

_PATIENCE_S = 0.3  # a reader that looks holds the lock for some microseconds


@contextmanager
def compile_lock(workspace: Workspace) -> Iterator[bool]:
    """Hold the lock while the block runs; yields False, at once, where another holds it."""
    path = _lock_path(workspace)
    with storage_errors(path, "lock"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _lock(handle, fcntl.LOCK_EX, patience_s=_PATIENCE_S)
    finally:
        os.close(handle)


def is_compiling(workspace: Workspace) -> bool:
    """Whether a build runs now."""
    try:
        handle = os.open(_lock_path(workspace), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _lock(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for, and hold, a lock on what happens in a folder; for moments, not for builds."""
    with storage_errors(folder, "write to"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock_path(workspace: Workspace) -> Path:
    return workspace.local_path / "compile.lock"


def _lock(handle: int, kind: int, *, patience_s: float = 0.0) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
