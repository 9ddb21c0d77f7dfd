"""What a dataset's edit logs have that HEAD's do not, and what HEAD's had that is gone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ide.dataset.edit import Edit
from ide.store import git
from ide.store.edit_log import parse_log, read_edits, read_log, whole_lines
from ide.store.past_edits import parsed_logs
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """Edits that HEAD does not have, each once; a sentence a log that lost committed edits."""

    edits: tuple[Edit, ...] = ()
    lost: tuple[str, ...] = ()


def compare_logs(workspace: Workspace, name: str, blobs: Mapping[str, str | None]) -> Uncommitted:
    """Compare the logs of a dataset that differ from HEAD's.

    blobs: path → HEAD's blob, None where HEAD has no such log. A log is append-only, so mostly
    HEAD's copy is its beginning, which a hash tells, and only what follows is parsed.
    """
    if not blobs:
        return Uncommitted()
    ends = _ends(workspace, {path: blob for path, blob in blobs.items() if blob})
    if ends is None:
        return _compare_edits(workspace, name, blobs)
    edits: list[Edit] = []
    for path, blob in blobs.items():
        file = workspace.root / path
        if blob is not None:
            edits += parse_log(ends[path], path).edits
        elif file.is_file():
            edits += read_log(workspace, file).edits
    return Uncommitted(tuple({e.edit_id: e for e in edits}.values()))


def _ends(workspace: Workspace, blobs: Mapping[str, str]) -> dict[str, bytes] | None:
    """Return path → what was appended to HEAD's copy; None where one was changed otherwise."""
    sizes = git.blob_sizes(workspace.root, blobs.values())
    ends: dict[str, bytes] = {}
    for path, blob in blobs.items():
        file, size = workspace.root / path, sizes.get(blob)
        if size is None or not file.is_file():
            return None
        data = whole_lines(file)
        begin = data[:size]
        if (
            len(begin) < size
            or not (begin.endswith(b"\n") or not begin)
            or _name(begin, blob) != blob
        ):
            return None
        ends[path] = data[size:]
    return ends


def _name(data: bytes, like: str) -> str:
    """Return git's name of a blob, in the kind of hash that another one has."""
    kind = "sha1" if len(like) == 40 else "sha256"
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _compare_edits(workspace: Workspace, name: str, blobs: Mapping[str, str | None]) -> Uncommitted:
    """Compare edit by edit: lines may have moved, or gone."""
    logs = parsed_logs(workspace, {path: blob for path, blob in blobs.items() if blob})
    known = {e.edit_id for log_ in logs.values() for e in log_.edits}
    files = [workspace.root / path for path in blobs]
    edits = [e for file in files if file.is_file() for e in read_log(workspace, file).edits]
    fresh = {e.edit_id: e for e in edits if e.edit_id not in known}
    standing = {e.edit_id for e in read_edits(workspace, name).every}
    gone = {path: {e.edit_id for e in log_.edits} - standing for path, log_ in logs.items()}
    return Uncommitted(tuple(fresh.values()), tuple(_sentences(gone.items())))


def _sentences(gone: Iterable[tuple[str, set[str]]]) -> Iterable[str]:
    for path, ids in gone:
        if ids:
            yield (
                f"{path}: {len(ids):,} committed edits are gone from the file; bring them back "
                f"with: git checkout HEAD -- {path}"
            )
