"""The content hashes of a part's payloads, kept on this machine: a part is never read twice.

Parts never change, so importing into a dataset reads the payloads of none that was seen before,
and costs in proportion to what is added.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ide.dataset.errors import StorageError
from ide.dataset.ids import content_id
from ide.store.examples import part_batches
from ide.store.files import read_parquet, write_parquet
from ide.store.payloads import payload_bytes
from ide.store.workspace import Workspace

_SCHEMA = pa.schema([("content", pa.string())])
_BATCH = 256  # payloads in memory at once
_OF_IMPORT = re.compile(r"part-[0-9a-f]{12}\.parquet")


def content_hashes(
    workspace: Workspace, name: str, part: Path, column: str, n_rows: int
) -> Sequence[str]:
    """Return ``content_id`` of each payload of a part, in the order of its rows."""
    path = _path(workspace, name, part)
    try:
        known: list[str] = read_parquet(path, schema=_SCHEMA)["content"].to_pylist()
    except (FileNotFoundError, StorageError, KeyError):  # it is made again
        known = []
    if len(known) == n_rows and None not in known:
        return known
    found: list[str] = []
    for batch in part_batches(workspace, part, batch_size=_BATCH, columns=[column]):
        found += [content_id(payload_bytes(p)) for p in batch.column(0).to_pylist()]
    _keep(path, found)
    return found


def keep_hashes(workspace: Workspace, name: str, part: Path, hashes: Sequence[str]) -> None:
    """Keep the hashes of a part that has just come in, so that it is not read for them."""
    if part.exists():
        _keep(_path(workspace, name, part), hashes)


def _keep(path: Path, hashes: Sequence[str]) -> None:
    """Write hashes down; a disk that refuses costs time at the next import, no more."""
    try:
        write_parquet(path, pa.table({"content": hashes}))
    except (StorageError, OSError):
        return


def _path(workspace: Workspace, name: str, part: Path) -> Path:
    """The file of a part's hashes.

    An import names a part by its content, so that it is known again on every branch; of any
    other, another size or time is another content.
    """
    stat = part.stat()
    mtime_ns = 0 if _OF_IMPORT.fullmatch(part.name) else stat.st_mtime_ns
    key = f"{part.name}\0{stat.st_size}\0{mtime_ns}"
    digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
    return workspace.local_path / "contents" / name / f"{digest}.parquet"
