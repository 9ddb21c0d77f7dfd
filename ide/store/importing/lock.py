"""One import at a time, in a folder of its own that a killed one leaves and the next clears."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.store.file_lock import HIDDEN_IMPORTS, IMPORT_LOCK, file_lock
from ide.store.files import storage_errors
from ide.store.importing.new_classes import take_classes_back
from ide.store.workspace import Workspace

# within datasets/; readers pass over what is hidden, and git ignores it
_PREFIX = HIDDEN_IMPORTS.rstrip("*")
_PATIENCE_S = 10.0


@contextmanager
def import_folder(workspace: Workspace) -> Iterator[Path]:
    """Yield an empty folder beside the datasets, so that one rename brings a dataset in.

    The lock is the operating system's: it falls with the process that holds it, however that
    ends. Whoever holds it may therefore clear what others left.
    """
    datasets = workspace.datasets_path
    lock = workspace.local_path / IMPORT_LOCK
    with file_lock(lock, patience_s=_PATIENCE_S) as handle:
        if handle is None:
            raise ImportRefusedError(
                "another import is running in this workspace; wait for it to end and try "
                "again. Nothing was imported."
            )
        with storage_errors(datasets, "write in"):
            clear_leftovers(workspace)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=datasets))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def undo_killed_imports(workspace: Workspace) -> None:
    """Take back what killed imports left half-done, unless an import is running now."""
    if not any(workspace.datasets_path.glob(HIDDEN_IMPORTS)):
        return
    with file_lock(workspace.local_path / IMPORT_LOCK, patience_s=0) as handle:
        if handle is not None:
            clear_leftovers(workspace)


def clear_leftovers(workspace: Workspace) -> None:
    """Remove what killed imports left; only for the holder of the lock."""
    for folder in workspace.datasets_path.glob(HIDDEN_IMPORTS):
        take_classes_back(workspace, folder)
        shutil.rmtree(folder, ignore_errors=True)
