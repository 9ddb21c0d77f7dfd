"""Raw features of the payloads, kept on this machine until the examples change."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from ide.dataset.errors import StorageError
from ide.store.examples import examples_revision
from ide.store.files import write_bytes
from ide.store.workspace import Workspace

VERSION = "1"  # of how features are made; another one makes them anew
MAX_BYTES = 256 << 20  # more is made anew each time rather than filling the disk


def read_features(workspace: Workspace, name: str) -> np.ndarray | None:
    """Return (N, D) float32, rows by example id; None where they are not known as they are now."""
    try:
        found = np.load(_path(workspace, name), allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, or damaged: they can be made again
        return None
    return found if found.ndim == 2 and found.dtype == np.float32 else None


def write_features(workspace: Workspace, name: str, features: np.ndarray) -> None:
    """Keep the features of the examples as they are; a disk that refuses costs time, no more."""
    if features.nbytes > MAX_BYTES:
        return
    sink = io.BytesIO()
    np.save(sink, features, allow_pickle=False)
    path = _path(workspace, name)
    try:
        write_bytes(path, sink.getvalue())
        for old in path.parent.glob("*.npy"):
            if old != path:
                old.unlink(missing_ok=True)
    except (StorageError, OSError):
        return


def _path(workspace: Workspace, name: str) -> Path:
    key = f"{VERSION}|{workspace.config(name).modality}|{examples_revision(workspace, name)}"
    digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
    return workspace.local_path / "features" / name / f"{digest}.npy"
