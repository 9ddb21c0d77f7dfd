"""The columns that drift, nuisances and slices are looked for in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.checks.check_input import CheckInput
from ide.dataset.schema import EXAMPLE_ID, MEDIA

MAX_CATEGORIES = 50
NOT_MEASURED = frozenset({EXAMPLE_ID, "content_hash", "problem"})


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers (N,) float, NaN = null; or categories (N,) int, −1 = null, else into ``names``."""

    name: str
    values: np.ndarray
    names: tuple[str | bool | int, ...] | None = None  # None: the values are numbers

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers rather than places in ``names``."""
        return self.names is None


def columns_of(dataset: CheckInput) -> Iterator[Column]:
    """Yield the source's columns and what was measured, those that vary; the source's come first.

    Text of more than 50 different values is told by what its base name begins with, as file names
    do; where that is no partition either, it is passed over.
    """
    seen: set[str] = set()
    for table in (dataset.metadata, dataset.media):
        if table is None:
            continue
        for name in table.column_names:
            if name in seen or (table is dataset.media and name in NOT_MEASURED):
                continue
            seen.add(name)
            found = _column(name, table[name], is_measured=name in MEDIA.names)
            if found is not None:
                yield found


def _column(name: str, column: pa.ChunkedArray, *, is_measured: bool) -> Column | None:
    kind = column.type
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and is_measured):
        return _numbers(name, column)
    if pa.types.is_integer(kind):
        return _categories(name, column) or _numbers(name, column)
    if pa.types.is_boolean(kind):
        return _categories(name, column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _categories(name, column) or _categories(f"beginning of {name}", _beginnings(column))
    return None


def _numbers(name: str, column: pa.ChunkedArray) -> Column | None:
    # safe=False: ids beyond 2^53 are compared as rounded numbers, not refused
    values = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    known = values[np.isfinite(values)]
    return Column(name, values) if len(known) and known.min() < known.max() else None


def _categories(name: str, column: pa.ChunkedArray) -> Column | None:
    names = pc.unique(column).drop_null().sort()
    if not 2 <= len(names) <= MAX_CATEGORIES:
        return None
    codes = pc.fill_null(pc.index_in(column, value_set=names), -1).to_numpy()
    return Column(name, codes.astype(np.int64), tuple(names.to_pylist()))


def _beginnings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return what stands before the first digit of each file name."""
    found = [
        None if text is None else re.match(r"\D*", text.replace("\\", "/").rsplit("/", 1)[-1])
        for text in column.to_pylist()
    ]
    return pa.chunked_array([pa.array([m and m[0][:40] for m in found], pa.string())])
