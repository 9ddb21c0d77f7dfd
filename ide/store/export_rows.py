"""The rows of an export as text: numbers, times and nothing, so that they can be read back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

_NO_FRACTION = re.compile(r"\.0+(?=$|Z|[+-])")
_OFFSET = re.compile(r"(T.+[+-]\d\d)(\d\d)$")


def plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch; times and decimals as text, to the last digit."""
    arrays = [_exact(column) if _is_exact(column.type) else column for column in batch.columns]
    rows: list[dict[str, Any]] = pa.record_batch(arrays, names=batch.schema.names).to_pylist()
    return rows


def regrouped(batches: Iterator[pa.RecordBatch], n_rows: int) -> Iterator[pa.Table]:
    """Yield the same rows, ``n_rows`` at a time, whatever the batches are that they come in."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(len(b) for b in held) >= n_rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, n_rows)
            held = table.slice(n_rows).to_batches()
    if sum(len(b) for b in held):
        yield pa.Table.from_batches(held)


def csv_cell(value: Any) -> str:
    """Return a value as a CSV has it; nothing is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def json_value(value: Any) -> Any:
    """Return a value as JSON has it; what is no number to JSON is its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    is_plain = value is None or isinstance(value, (bool, int, float, str, list, dict))
    return value if is_plain else str(value)


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pa.types.is_temporal(kind) or pa.types.is_decimal(kind))


def _exact(column: pa.Array) -> pa.Array:
    texts = column.cast(pa.string()).to_pylist()
    if pa.types.is_timestamp(column.type):
        texts = [None if t is None else _iso(t) for t in texts]
    return pa.array(texts, pa.string())


def _iso(text: str) -> str:
    """Return a time as ISO 8601 has it: no fraction where there is none."""
    return _OFFSET.sub(r"\1:\2", _NO_FRACTION.sub("", text.replace(" ", "T", 1)))
