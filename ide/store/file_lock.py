"""Locks on files: the operating system's, which fall with the process that holds them.

So a process that is killed, however that happens, leaves no lock behind. A child that is given the
handle of a lock holds it on, without a gap.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.store.files import storage_errors
from ide.store.inside import open_inside

IMPORT_LOCK = "import.lock"  # in .upwell: an import holds it, and what changes branches
HIDDEN_IMPORTS = ".import-*"  # folders within datasets/ that an import works in
EXCLUSIVE, SHARED = fcntl.LOCK_EX, fcntl.LOCK_SH
_PAUSE_S = 0.02  # between two looks


@contextmanager
def file_lock(
    path: Path, *, kind: int = EXCLUSIVE, patience_s: float | None = 0.0
) -> Iterator[int | None]:
    """Hold the lock of a file while the block runs, and yield the file's handle.

    None is yielded where another process holds it still after ``patience_s`` seconds; patience
    None waits until it is free. Raises ``StorageError`` where the file cannot be made,
    ``LinkError`` where it lies behind a link.
    """
    with storage_errors(path, "write"):
        handle = open_inside(path, os.O_RDWR | os.O_CREAT)
    try:
        yield handle if is_taken(handle, kind=kind, patience_s=patience_s) else None
    finally:
        os.close(handle)


def is_taken(handle: int, *, kind: int = EXCLUSIVE, patience_s: float | None = 0.0) -> bool:
    """Take the lock of an open file, as ``file_lock``; False where another process holds it."""
    if patience_s is None:
        fcntl.flock(handle, kind)
        return True
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True
