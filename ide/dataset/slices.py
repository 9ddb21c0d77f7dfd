"""Accuracy on parts of a dataset: all of it, each class, each value of a metadata column."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.metrics import wilson
from ide.dataset.schema import EXAMPLE_ID, LABEL, SLICES, SPLIT, SPLITS

MAX_VALUES = 20  # a column with more values than this is no partition worth reading


def slices(labels: pa.Table, predictions: pa.Table, metadata: pa.Table | None = None) -> pa.Table:
    """Give a row (see ``schema.SLICES``) a slice and split: how many, how many right, interval.

    labels, predictions: ``labels.parquet`` and ``predictions.parquet``, rows in the same order.
    metadata: further columns of the examples, rows in that order too; those of text, truth values
    or integers with at most 20 values become slices. Each slice is named by its condition in SQL.
    Examples without a label, excluded or in conflict are left out, and so are empty slices.
    """
    is_counted = _mask(
        pc.and_(
            pc.is_valid(labels[LABEL]),
            pc.invert(pc.or_(labels["is_excluded"], labels["is_conflict"])),
        )
    )
    is_right = _mask(pc.equal(labels[LABEL], predictions["predicted"]))
    in_split = {split: is_counted & _mask(pc.equal(labels[SPLIT], split)) for split in SPLITS}
    rows = []
    for condition, mask in _conditions(labels, metadata):
        for split, of_split in in_split.items():
            n = int(np.count_nonzero(mask & of_split))
            if n:
                k = int(np.count_nonzero(mask & of_split & is_right))
                rows.append((condition, split, n, k, k / n, *wilson(k, n)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(SLICES)
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SLICES, strict=True)], schema=SLICES
    )


def _conditions(labels: pa.Table, metadata: pa.Table | None) -> Iterator[tuple[str, np.ndarray]]:
    yield "true", np.ones(len(labels), bool)
    yield from _values(LABEL, labels[LABEL], max_values=None)
    if metadata is not None:
        for name in metadata.column_names:
            if name not in (EXAMPLE_ID, LABEL, SPLIT) and _is_categorical(metadata[name].type):
                yield from _values(name, metadata[name], max_values=MAX_VALUES)


def members_of(
    labels: pa.Table, metadata: pa.Table, wanted: Collection[str]
) -> dict[str, np.ndarray]:
    """Return which of some examples are in which of the wanted slices: condition → (N,) bool.

    labels, metadata: rows in one order, the columns that ``slices`` makes its conditions of. For
    examples that are few of many; the slices are those of the many.
    """
    found = {}
    for name, column in (
        (LABEL, labels[LABEL]),
        *((n, metadata[n]) for n in metadata.column_names if n not in (EXAMPLE_ID, LABEL, SPLIT)),
    ):
        if not _is_categorical(column.type):
            continue
        for value in pc.unique(column).to_pylist():
            what = "IS NULL" if value is None else f"= {literal(value)}"
            condition = f"{identifier(name)} {what}"
            if condition in wanted:
                is_in = pc.is_null(column) if value is None else _equal(column, value)
                found[condition] = _mask(is_in)
    return found


def _values(
    name: str, column: pa.ChunkedArray, *, max_values: int | None
) -> Iterator[tuple[str, np.ndarray]]:
    values = pc.unique(column).drop_null()
    if max_values is not None and not 2 <= len(values) + bool(column.null_count) <= max_values:
        return
    for value in sorted(values.to_pylist()):
        yield f"{identifier(name)} = {literal(value)}", _mask(_equal(column, value))
    if column.null_count and max_values is not None:
        yield f"{identifier(name)} IS NULL", _mask(pc.is_null(column))


def _is_categorical(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_integer)
    return any(test(kind) for test in tests)


def _equal(column: pa.ChunkedArray, value: str | bool | int) -> pa.ChunkedArray:
    """Compare in the column's own type: half of the unsigned 64-bit numbers have no other."""
    return pc.equal(column, pa.scalar(value, column.type))


def _mask(values: pa.ChunkedArray) -> np.ndarray:
    """A null is not true."""
    return np.asarray(pc.fill_null(values, False).to_numpy(), bool)


def identifier(name: str) -> str:
    """Return a column's name as a condition has it."""
    return name if name == LABEL else '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | int) -> str:
    """Return a value as a condition has it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
