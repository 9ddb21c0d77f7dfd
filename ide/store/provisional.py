"""Edits that stand only if what follows succeeds, such as the commit they are made for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.edit import Edit
from ide.dataset.errors import GitError
from ide.store.edit_log import append_held, read_edits
from ide.store.files import storage_errors, sync, write_bytes
from ide.store.log_lock import replacing_logs
from ide.store.workspace import Workspace


@contextmanager
def appended(
    workspace: Workspace, edits: Mapping[str, Sequence[Edit]]
) -> Iterator[dict[str, bytes]]:
    """Append edits (by dataset); where the block raises, the logs are as they were.

    Yields path → the lines appended to that file. The lock of the logs is free meanwhile, for the
    block may run a person's hooks, and these may edit: at a failure just these lines are taken
    out again. Where somebody has edited on top of them by then, they stay and stand uncommitted,
    which the error says; so they do when the process is killed.
    """
    paths = sorted(
        {
            workspace.edits_path(name) / f"{edit.annotator}.jsonl"
            for name, found in edits.items()
            for edit in found
        }
    )
    with replacing_logs(workspace):
        sizes = {path: path.stat().st_size if path.exists() else None for path in paths}
        try:
            for name, found in edits.items():
                append_held(workspace, name, found)
            lines = {path: _end(path, size) for path, size in sizes.items()}
        except BaseException:
            for path, size in sizes.items():
                _cut(path, size)
            raise
    try:
        yield {workspace.relative(path): own for path, own in lines.items()}
    except BaseException as error:
        with replacing_logs(workspace):
            if n := _built_on(workspace, edits):
                raise GitError(_stays(error, n)) from error
            for path, own in lines.items():
                _take_out(path, own, sizes[path])
        raise


def _built_on(workspace: Workspace, edits: Mapping[str, Sequence[Edit]]) -> int:
    """Count the edits that somebody has made on top of some."""
    n = 0
    for name, found in edits.items():
        ours = {edit.edit_id for edit in found}
        every = read_edits(workspace, name).every
        n += sum(e.edit_id not in ours and not ours.isdisjoint(e.previous) for e in every)
    return n


def _stays(error: BaseException, n: int) -> str:
    return (
        f"{str(error) or type(error).__name__}. The edits stand all the same, uncommitted, for "
        f"{n:,} that came in meanwhile {'builds' if n == 1 else 'build'} on them: commit them, "
        "with: upwell commit, or undo them"
    )


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


def _take_out(path: Path, own: bytes, size: int | None) -> None:
    """Take lines of ours out of a log that others may have appended to since; hold the lock."""
    with storage_errors(path, "read"):
        text = path.read_bytes() if path.exists() else b""
    before, found, after = text.partition(own)
    if found and not after and len(before) <= (size or 0) + 1:  # with the newline before it
        _cut(path, size)
    elif found:
        write_bytes(path, before + after)
