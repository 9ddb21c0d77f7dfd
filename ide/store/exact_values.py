"""Values that Python has none for: nanoseconds, spans of time, floats of 32 bits."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

_NS_PER_S = 1_000_000_000


def spans_as_text(table: pa.Table) -> pa.Table:
    """Return a table whose spans of time are text, such as ``1 day 02:00:00.5``.

    Neither Parquet nor a grid in the browser has such a type.
    """
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_interval(field.type):
            texts = [None if v is None else _span(*v) for v in column.to_pylist()]
        elif pa.types.is_duration(field.type):
            factor = {"s": _NS_PER_S, "ms": 1_000_000, "us": 1000, "ns": 1}[field.type.unit]
            counts = column.cast(pa.int64()).to_pylist()
            texts = [None if n is None else _span(0, 0, n * factor) for n in counts]
        else:
            continue
        table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table


def python_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return a table's rows; times finer than Python's are text, to the last digit.

    A float of 32 bits is the shortest number that it is nearest to: 0.1, not 0.10000000149011612.
    Within lists and structs they are cut to microseconds.
    """
    table = spans_as_text(table)
    for place, field in enumerate(table.schema):
        column, kind = table.column(place), field.type
        if _is_fine(kind):
            table = table.set_column(place, field.name, column.cast(pa.string()))
        elif pa.types.is_float32(kind) or pa.types.is_float16(kind):
            texts = column.cast(pa.float32()).cast(pa.string()).to_pylist()
            numbers = [None if text is None else float(text) for text in texts]
            table = table.set_column(place, field.name, pa.array(numbers, pa.float64()))
        elif pa.types.is_nested(kind) and (coarser := _coarser(kind)) != kind:
            table = table.set_column(place, field.name, column.cast(coarser, safe=False))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _span(months: int, days: int, nanoseconds: int) -> str:
    years, months = int(months / 12), months - 12 * int(months / 12)  # both have its sign
    parts = [
        f"{n} {unit}{'' if abs(n) == 1 else 's'}"
        for n, unit in ((years, "year"), (months, "month"), (days, "day"))
        if n
    ]
    if nanoseconds or not parts:
        seconds, rest = divmod(abs(nanoseconds), _NS_PER_S)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        fraction = f".{rest:09d}".rstrip("0").rstrip(".")
        parts.append(("-" if nanoseconds < 0 else "") + clock + fraction)
    return " ".join(parts)


def _is_fine(kind: pa.DataType) -> bool:
    is_time = pa.types.is_timestamp(kind) or pa.types.is_time64(kind)
    return is_time and bool(kind.unit == "ns")


def _coarser(kind: pa.DataType) -> pa.DataType:
    """Return a type with microseconds in the place of nanoseconds, in all its parts."""
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_time64(kind):
        return pa.time64("us")
    if pa.types.is_list(kind):
        return pa.list_(_coarser(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([f.with_type(_coarser(f.type)) for f in kind])
    if pa.types.is_map(kind):
        return pa.map_(_coarser(kind.key_type), _coarser(kind.item_type))
    return kind
