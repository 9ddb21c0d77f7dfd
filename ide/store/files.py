"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import StorageError
from ide.store.inside import make_folders


@contextmanager
def storage_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn what a disk can say (full, read-only, forbidden) into one sentence."""
    try:
        yield
    except OSError as error:
        raise StorageError(storage_sentence(error, path, doing)) from error


def storage_sentence(error: OSError, path: Path, doing: str) -> str:
    """Say what the disk refused, and what to do about it."""
    advice = {
        errno.ENOSPC: "the disk is full; free some space and try again",
        errno.EDQUOT: "the disk quota is used up; free some space and try again",
        errno.EROFS: "the disk is read-only; mount it for writing, or work in a copy elsewhere",
        errno.EACCES: "permission is denied; give yourself write permission and try again",
        errno.EPERM: "permission is denied; give yourself write permission and try again",
        errno.EFBIG: "the file would be larger than is allowed here",
    }.get(error.errno or 0, error.strerror or str(error))
    return f"could not {doing} {path}: {advice}. Nothing that was acknowledged is lost."


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; what is written there replaces ``path`` whole.

    The bytes are on the disk before the name is: a power cut leaves the old or the new file.
    Raises ``StorageError``, or ``LinkError`` where a link leads out of a workspace; then the old
    file stands and the temporary one is gone.
    """
    with storage_errors(path, "write"):
        make_folders(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the operating system put a file or a folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file's bytes atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Replace a file's text (UTF-8) atomically."""
    write_bytes(path, text.encode())


def write_out(path: Path, text: str) -> None:
    """Write text where a person said: a file is replaced whole, anything else is written into.

    A link stays a link, and ``/dev/null`` or a pipe what it is; replaced, it would be none. A link
    on the way there is the person's too.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with storage_errors(path, "write"):
            path.write_text(text, encoding="utf-8", newline="")
    else:
        write_text(path.parent.resolve() / path.name, text)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically: indented, keys in the order given, NaN refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def write_parquet(
    path: Path,
    table: pa.Table,
    *,
    metadata: Mapping[str, str] | None = None,
    row_group_size: int | None = None,
) -> None:
    """Replace a Parquet file atomically; the same table and metadata give the same bytes."""
    if metadata:
        known = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
        table = table.replace_schema_metadata({**known, **metadata})
    with replacing(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=row_group_size or 64 * 1024,
            use_dictionary=True,
            write_statistics=True,
        )


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file; a third of a second faster than ``pq.read_table`` in a new process.

    That one imports pyarrow.dataset, and it pandas.
    """
    with pq.ParquetFile(path) as file:
        return file.read(None if columns is None else list(columns))
