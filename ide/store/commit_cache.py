"""What commits did to labels, kept on this machine: a commit never changes, so it is read once.

``.upwell/commits.jsonl``, a line a commit. It can be deleted at any time; then git is asked again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ide.dataset.errors import LinkError
from ide.dataset.reading import parse_json
from ide.store.inside import open_inside
from ide.store.workspace import Workspace

FILE = "commits.jsonl"
_VERSION = 2  # of what a line means; lines of another one are passed over


def known_commits(workspace: Workspace, prefix: str) -> dict[str, dict[str, Any]]:
    """Return revision → what ``remember`` was given. Treat it as read-only.

    prefix: where the workspace lies in its repository; what was read of another place is not it.
    """
    path = workspace.local_path / FILE
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _read(path, prefix, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(
    path: Path, prefix: str, _ino: int, _size: int, _mtime_ns: int
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return found
    for line in lines:
        try:  # half a line is left where a process was killed
            record = parse_json(line)
            if (record["version"], record["prefix"]) == (_VERSION, prefix):
                found[record["revision"]] = record
        except (ValueError, KeyError, TypeError):
            continue
    return found


def remember(workspace: Workspace, prefix: str, records: Iterable[dict[str, Any]]) -> None:
    """Keep records, each with its ``revision``; a disk that refuses costs the next run time."""
    lines = [
        json.dumps({"version": _VERSION, "prefix": prefix, **record}, ensure_ascii=False)
        for record in records
    ]
    path = workspace.local_path / FILE
    with contextlib.suppress(OSError, LinkError):
        handle = open_inside(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with os.fdopen(handle, "ab") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
            stream.write(b"\n" + "\n".join(lines).encode() + b"\n")
