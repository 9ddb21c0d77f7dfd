"""What a person looks at, by id: random access to the payload column of the parts."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import ExampleNotFoundError
from ide.dataset.ids import content_id
from ide.dataset.schema import EXAMPLE_ID, PAYLOAD_TYPES, URI
from ide.store.examples import (
    example_parts,
    examples_revision,
    open_part,
    read_part,
    read_row_group,
)
from ide.store.workspace import Workspace

CACHE_BYTES = 64 * 2**20  # of decoded row groups, a reader


@dataclass(slots=True)
class _Index:
    """Where each example lies: its row over all parts, and where each row group begins."""

    revision: str
    row_by_id: dict[str, int] = field(default_factory=dict)
    first_rows: list[int] = field(default_factory=list)  # a row group
    groups: list[tuple[pq.ParquetFile, Path, int]] = field(default_factory=list)


class PayloadReader:
    """Payloads of one dataset by example id; one reader serves any number of threads.

    Parts are written in small row groups, so that a first look at an example decodes a few
    hundred payloads and the next looks none. When the parts change, they are indexed anew.
    """

    def __init__(self, workspace: Workspace, name: str, *, cache_bytes: int = CACHE_BYTES) -> None:
        """Open nothing yet; raises ``DatasetNotFoundError`` if there is no such dataset."""
        self._workspace, self._name = workspace, workspace.require(name)
        self._cache_bytes = cache_bytes
        self._cached_bytes = 0
        self._cache: OrderedDict[int, pa.ChunkedArray] = OrderedDict()
        self._index = _Index(revision="")
        self._lock = Lock()

    def get(self, example_id: str) -> tuple[bytes, str, str]:
        """Return (payload, MIME type, content hash) of an example.

        The hash is ``content_id`` of the payload, so that a URL with it never changes meaning.
        Raises ``ExampleNotFoundError``, or ``StorageError`` if a part is damaged.
        """
        with self._lock:
            index = self._current_index()
            row = index.row_by_id.get(example_id)
            if row is None:
                raise ExampleNotFoundError(self._name, example_id)
            group = bisect_right(index.first_rows, row) - 1
            column = self._row_group(index, group)
        value = column[row - index.first_rows[group]].as_py()
        payload = payload_bytes(value)
        return payload, mime_type(payload, is_text=isinstance(value, str)), content_id(payload)

    def _current_index(self) -> _Index:
        revision = examples_revision(self._workspace, self._name)
        if revision != self._index.revision:
            self._index = self._build_index(revision)
            self._cache.clear()
            self._cached_bytes = 0
        return self._index

    def _build_index(self, revision: str) -> _Index:
        index = _Index(revision)
        n = 0
        for path in example_parts(self._workspace, self._name):
            ids = read_part(self._workspace, path, [EXAMPLE_ID])[EXAMPLE_ID].to_pylist()
            file = open_part(self._workspace, path)
            for row, example_id in enumerate(ids, start=n):
                index.row_by_id.setdefault(example_id, row)
            for group in range(file.metadata.num_row_groups):
                index.first_rows.append(n)
                index.groups.append((file, path, group))
                n += file.metadata.row_group(group).num_rows
        return index

    def _row_group(self, index: _Index, group: int) -> pa.ChunkedArray:
        column = self._cache.get(group)
        if column is not None:
            self._cache.move_to_end(group)
            return column
        file, path, number = index.groups[group]
        config = self._workspace.config(self._name)
        payload = pa.field(config.payload_column, PAYLOAD_TYPES[config.modality])
        is_here = payload.name in file.schema_arrow.names
        wanted = payload if is_here else pa.field(URI, pa.string())
        column = read_row_group(file, path, number, wanted)
        self._cache[group] = column
        self._cached_bytes += column.nbytes
        while self._cached_bytes > self._cache_bytes and len(self._cache) > 1:
            self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return column


def payload_bytes(value: Any) -> bytes:
    """Return a payload as bytes: binary as it is, text as UTF-8, strokes as JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, separators=(",", ":")).encode()


def mime_type(payload: bytes, *, is_text: bool = False) -> str:
    """Return the MIME type by the first bytes, which is what a browser may trust."""
    if is_text:
        return "text/plain; charset=utf-8"
    if payload.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if payload.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if payload[:4] == b"RIFF" and payload[8:12] == b"WEBP":
        return "image/webp"
    if payload[:4] == b"RIFF" and payload[8:12] == b"WAVE":
        return "audio/wav"
    if payload.startswith(b"fLaC"):
        return "audio/flac"
    if payload.startswith((b"[", b"{")):
        return "application/json"
    return "application/octet-stream"
