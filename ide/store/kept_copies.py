"""What was acknowledged and is in no commit yet, kept a second time, where git does not reach.

Git by hand (``stash``, ``checkout --``, ``reset --hard``, ``clean``) puts an older log in the place
of one with acknowledged edits, and Upwell cannot prevent it. So the lines stand in
``.upwell/saved/<dataset>/<annotator>.jsonl`` too until ``upwell commit`` has them, and
``ide.store.taken`` tells what is gone and brings it back. The copy is not forced onto the disk, as
the log is; it can be deleted at any time, and where it cannot be written the edit is saved all the
same.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ide.dataset.edit import Edit, to_line
from ide.dataset.errors import LinkError
from ide.store.inside import open_inside
from ide.store.workspace import Workspace


def copies_path(workspace: Workspace, name: str) -> Path:
    """The folder of a dataset's copies, a file an annotator."""
    return workspace.local_path / "saved" / name


def keep_copies(workspace: Workspace, name: str, edits: Sequence[Edit]) -> None:
    """Keep edits that were acknowledged; for a caller that holds the lock of ``log_lock``."""
    lines: dict[str, list[str]] = {}
    for edit in edits:
        lines.setdefault(edit.annotator, []).append(f"{to_line(edit)}\n")
    with contextlib.suppress(OSError, LinkError):
        for annotator, own in lines.items():
            path = copies_path(workspace, name) / f"{annotator}.jsonl"
            handle = open_inside(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            with os.fdopen(handle, "ab", buffering=0) as stream:
                stream.write("".join(own).encode())
