"""Edits that stand only if what follows succeeds, such as the commit they are made for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.edit import Edit
from ide.store.edit_log import append_held
from ide.store.files import storage_errors, sync
from ide.store.log_lock import replacing_logs
from ide.store.workspace import Workspace


@contextmanager
def appended(
    workspace: Workspace, edits: Mapping[str, Sequence[Edit]]
) -> Iterator[dict[str, bytes]]:
    """Append edits (by dataset); where the block raises, the logs are as they were.

    Yields path → the lines appended to that file. Nobody else appends meanwhile, so that what
    is taken away at a failure is nobody else's. When the process is killed, the edits stand,
    uncommitted.
    """
    paths = {
        workspace.edits_path(name) / f"{edit.annotator}.jsonl"
        for name, found in edits.items()
        for edit in found
    }
    with replacing_logs(workspace):
        sizes = {path: path.stat().st_size if path.exists() else None for path in sorted(paths)}
        try:
            for name, found in edits.items():
                append_held(workspace, name, found)
            yield {workspace.relative(path): _end(path, size) for path, size in sizes.items()}
        except BaseException:
            for path, size in sizes.items():
                _cut(path, size)
            raise


def _end(path: Path, size: int | None) -> bytes:
    """Return the whole lines that a file has got since it had ``size`` bytes."""
    with storage_errors(path, "read"), path.open("rb") as stream:
        stream.seek(size or 0)
        return stream.read().lstrip(b"\n")  # half a line before it got a newline


def _cut(path: Path, size: int | None) -> None:
    """Give a file the length that it had, or take it away."""
    with storage_errors(path, "write"):
        if size is None:
            path.unlink(missing_ok=True)
        elif path.stat().st_size > size:
            os.truncate(path, size)
            sync(path)
