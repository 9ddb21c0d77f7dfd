"""What an import may hold in memory, and what a packed source may unpack to.

A Parquet file of some kilobytes can stand for gigabytes: pages are compressed, and a value that is
repeated is written once. So a file's own figures are looked at before anything of it is read;
then, as they can lie, what is read is counted, and what is repeated is unpacked a few rows at a
time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.validation import MAX_FILE_BYTES

MAX_UNPACKED_BYTES = 2**30  # of a source, or
MAX_UNPACKED_TIMES = 100  # times the bytes of its file, where that is more
MAX_GROUP_BYTES = 2 * 2**30  # of a row group, or a quarter of the memory that is free now
MAX_BATCH_BYTES = 32 * 2**20  # of rows that are looked at together
MAX_BATCH_ROWS = 256
MAX_PEEK_BYTES = 8 * 2**20
_LEAST_GROUP_BYTES = 64 * 2**20  # what every machine can hold

Record = tuple[str, Mapping[str, Any]]


def take_first(records: Iterator[Record], n: int) -> list[Record]:
    """Return at most the first n records, fewer where they are large."""
    first: list[Record] = []
    n_bytes = 0
    for where, record in itertools.islice(records, n):
        first.append((where, record))
        n_bytes += sum(len(v) for v in record.values() if isinstance(v, str | bytes))
        if n_bytes > MAX_PEEK_BYTES:
            break
    return first


def open_bounded(path: Path) -> pq.ParquetFile:
    """Open a Parquet file; raise ``ImportRefusedError`` where it says itself that it is too large.

    Raises what pyarrow does for a file that is none.
    """
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    allowed, free = max_unpacked(path), _free_bytes()
    for number, group in enumerate(groups, 1):
        if group.total_byte_size > min(MAX_GROUP_BYTES, max(free // 4, _LEAST_GROUP_BYTES)):
            raise ImportRefusedError(
                f"{path.name}: its row group {number:,} unpacks to "
                f"{_size(group.total_byte_size)}, and all of one has to be held in memory, of "
                f"which {_size(free)} are free; write the file with smaller row groups. "
                "Nothing was imported."
            )
    if sum(group.total_byte_size for group in groups) > allowed:
        raise _too_much(path.name, path, allowed)
    return file


def bounded_batches(file: pq.ParquetFile, path: Path) -> Iterator[pa.RecordBatch]:
    """Yield all rows, of which no batch unpacks to much more than ``MAX_BATCH_BYTES``.

    Raises ``ImportRefusedError`` for a row beyond ``MAX_FILE_BYTES``, and where all rows so far
    have unpacked to more than ``max_unpacked``.
    """
    allowed, n_bytes, n_rows = max_unpacked(path), 0, 0
    repeated = _repeated_columns(file)
    with pq.ParquetFile(path, read_dictionary=repeated) as packed:
        for batch in packed.iter_batches(batch_size=_batch_rows(file)):
            sizes = np.zeros(batch.num_rows, np.int64)
            for column in batch.columns:
                sizes += _row_bytes(column)
            for start, end in _slices(sizes):
                largest = start + int(np.argmax(sizes[start:end]))
                where = f"{path.name}, row {n_rows + largest + 1}"
                if sizes[largest] > MAX_FILE_BYTES:
                    raise ImportRefusedError(
                        f"{where}: it unpacks to {_size(int(sizes[largest]))}, wanted at most "
                        f"{_size(MAX_FILE_BYTES)} a row; make it smaller. Nothing was imported."
                    )
                n_bytes += int(sizes[start:end].sum())
                if n_bytes > allowed:
                    raise _too_much(where, path, allowed)
                part = batch.slice(start, end - start)
                columns = [_unpacked(column) for column in part.columns]
                yield pa.record_batch(columns, names=batch.schema.names)
            n_rows += batch.num_rows


def max_unpacked(path: Path) -> int:
    """Return how many bytes a packed file may unpack to."""
    return max(MAX_UNPACKED_BYTES, MAX_UNPACKED_TIMES * path.stat().st_size)


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows to read at a time, from what a file says of its largest group."""
    groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
    largest = max((g.total_byte_size // max(g.num_rows, 1) for g in groups), default=1)
    return int(min(max(MAX_BATCH_BYTES // max(largest, 1), 1), MAX_BATCH_ROWS))


def _repeated_columns(file: pq.ParquetFile) -> list[str]:
    """Return the texts and bytes, also within a struct, of which some are written once."""
    found = set()
    for i in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(i)
        for j in range(group.num_columns):
            column = group.column(j)
            is_packed = any("DICTIONARY" in encoding for encoding in column.encodings)
            is_of_list = ".list." in column.path_in_schema or ".key_value" in column.path_in_schema
            if is_packed and column.physical_type == "BYTE_ARRAY" and not is_of_list:
                found.add(column.path_in_schema)
    return sorted(found)


def _row_bytes(column: pa.Array) -> np.ndarray:
    """Return what each row of a column unpacks to: (N,) int64."""
    if pa.types.is_dictionary(column.type):
        lengths = _row_bytes(column.dictionary)
        indices = np.asarray(pc.fill_null(column.indices, -1), np.int64)
        return np.where(indices >= 0, np.append(lengths, 0)[indices], 0)
    if pa.types.is_struct(column.type):
        total = np.zeros(len(column), np.int64)
        for child in column.flatten():
            total += _row_bytes(child)
        return total
    try:
        return np.asarray(pc.fill_null(pc.binary_length(column), 0), np.int64)
    except pa.ArrowNotImplementedError:  # neither text nor bytes: as long as it is, on average
        return np.full(len(column), column.nbytes // max(len(column), 1), np.int64)


def _slices(sizes: np.ndarray) -> Iterable[tuple[int, int]]:
    """Yield the (start, end) of runs of rows of at most ``MAX_BATCH_BYTES``, one row at least."""
    start, held = 0, 0
    for row, size in enumerate(sizes.tolist()):
        if row > start and held + size > MAX_BATCH_BYTES:
            yield start, row
            start, held = row, 0
        held += size
    if len(sizes):
        yield start, len(sizes)


def _unpacked(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    if not pa.types.is_struct(column.type) or not _has_dictionary(column.type):
        return column
    fields: Sequence[pa.Field] = list(column.type)
    children = [_unpacked(column.field(field.name)) for field in fields]
    names = [field.name for field in fields]
    return pa.StructArray.from_arrays(children, names=names, mask=column.is_null())


def _has_dictionary(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_has_dictionary(field.type) for field in kind)
    return bool(pa.types.is_dictionary(kind))


def _too_much(where: str, path: Path, allowed: int) -> ImportRefusedError:
    return ImportRefusedError(
        f"{where}: a file of {_size(path.stat().st_size)} that unpacks to more than "
        f"{_size(allowed)} is not taken; is it what you think it is? Write it without "
        "compression, or in parts. Nothing was imported."
    )


def _free_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
