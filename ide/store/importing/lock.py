"""One import at a time, in a folder of its own that a killed one leaves and the next clears."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.store.files import storage_errors
from ide.store.workspace import Workspace

PREFIX = ".import-"  # within datasets/; readers pass over what is hidden, and git ignores it
_PATIENCE_S = 10.0


@contextmanager
def import_folder(workspace: Workspace) -> Iterator[Path]:
    """Yield an empty folder beside the datasets, so that one rename brings a dataset in.

    The lock is the operating system's: it falls with the process that holds it, however that
    ends. Whoever holds it may therefore clear what others left.
    """
    datasets = workspace.datasets_path
    with storage_errors(datasets, "write in"):
        workspace.local_path.mkdir(exist_ok=True)
        lock = os.open(workspace.local_path / "import.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(lock)
        with storage_errors(datasets, "write in"):
            clear_leftovers(workspace)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=datasets))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def clear_leftovers(workspace: Workspace) -> None:
    """Remove what killed imports left; only for the holder of the lock."""
    for folder in workspace.datasets_path.glob(f"{PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _acquire(lock: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ImportRefusedError(
                    "another import is running in this workspace; wait for it to end and try "
                    "again. Nothing was imported."
                ) from None
            time.sleep(0.05)
