"""Files: written so that a reader sees the old or the new one, read so that damage is named."""

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

from ide.dataset.errors import DamagedFileError, StorageError
from ide.dataset.reading import Shape, check_shape, parse_json
from ide.store.inside import make_folders

# what a disk says of itself; anything else that reading raises is said of the file
_OF_THE_DISK = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE}
)

_OF_PARSERS = (
    *(OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError),
    pa.ArrowException,
)


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


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, *, schema: pa.Schema | None = None
) -> pa.Table:
    """Read a Parquet file, or raise ``DamagedFileError``, or ``FileNotFoundError``.

    schema: what its columns are; one of them that is of another kind is damage, one that the file
    lacks is not (an older version wrote it). A third of a second faster than ``pq.read_table`` in
    a new process: that one imports pyarrow.dataset, and it pandas.
    """
    with damage_named(path), pq.ParquetFile(path) as file:
        table = file.read(None if columns is None else list(columns))
        return table if schema is None else as_declared(table, schema)


def read_schema(path: Path) -> pa.Schema:
    """Read the columns and the metadata of a Parquet file; raises as ``read_parquet``."""
    with damage_named(path):
        return pq.read_schema(path)


def read_json(path: Path, shape: Shape = None) -> Any:
    """Read a JSON file, or raise ``DamagedFileError``, or ``FileNotFoundError``.

    shape: what the reader relies on (``reading.check_shape``).
    """
    with damage_named(path):
        value = parse_json(path.read_bytes())
        check_shape(value, shape)
        return value


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever a parser can say of a file into one sentence that names it."""
    try:
        yield
    except FileNotFoundError:
        raise
    except _OF_PARSERS as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise StorageError(storage_sentence(error, path, "read")) from error
        raise damaged_file(path, error) from None


def damaged_file(path: Path, error: Exception) -> DamagedFileError:
    """Return the sentence on a file that a parser could not read, with how to get it back."""
    return DamagedFileError(f"{shown_path(path)} is damaged: {_short(error)}. {_mend(path)}")


def shown_path(path: Path) -> str:
    """Return a path as a person in its workspace would write it, without asking which one."""
    for folder in path.parents:
        if (folder / "dvc.yaml").is_file() and (folder / "datasets").is_dir():
            return path.relative_to(folder).as_posix()
    return str(path)


def is_folder_name(text: str) -> bool:
    """Whether an id that was read from a file names a folder, and that below where it stands."""
    return text.isascii() and text.replace("-", "").isalnum() and len(text) <= 80


def as_declared(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table whose columns are of the declared types; raise ``ValueError`` if they are not.

    A text is a text however it is packed, and a whole number however wide.
    """
    for place, field in enumerate(table.schema):
        index = schema.get_field_index(field.name)
        if index < 0 or field.type == schema.field(index).type:
            continue
        wanted = schema.field(index).type
        if not same_kind(field.type, wanted):
            raise ValueError(f"its column {field.name} holds {field.type}, wanted {wanted}")
        cast = table[field.name].cast(wanted)  # raises where a value does not fit
        table = table.set_column(place, pa.field(field.name, wanted), cast)
    return table


def same_kind(got: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type can be those of another, packed otherwise."""
    if pa.types.is_dictionary(got):
        return same_kind(got.value_type, wanted)
    if pa.types.is_null(got):
        return True
    if _is_list(got) and _is_list(wanted):
        return same_kind(got.value_type, wanted.value_type)
    if pa.types.is_struct(got) and pa.types.is_struct(wanted):
        names = [field.name for field in wanted]
        return [field.name for field in got] == names and all(
            same_kind(got.field(name).type, wanted.field(name).type) for name in names
        )
    kinds = (_is_text, _is_bytes, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp)
    return got == wanted or any(kind(got) and kind(wanted) for kind in kinds)


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _short(error: Exception) -> str:
    text = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    return " ".join((text or type(error).__name__).split())[:160].rstrip(".")


def _mend(path: Path) -> str:
    """Say how a file of a workspace is made anew, from where it lies."""
    parts = Path(shown_path(path)).parts
    if parts[:1] == ("datasets",) and len(parts) > 2:
        return f"Get it again with: dvc checkout --force {'/'.join(parts[:3])}"
    if parts[:2] == (".upwell", "builds") and len(parts) > 4:
        return f"Delete its folder and make it anew with: upwell compile {parts[2]}"
    if parts[:1] == ("builds",) and len(parts) > 2:
        return f"Make it anew with: upwell compile {parts[1]}"
    return "Delete it; it is made anew when it is needed"


def expanded(path: str | Path) -> Path:
    """Return a path with ``~`` as a person's folder; ``~x`` is a name where there is no user x."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
