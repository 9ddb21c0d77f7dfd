"""What of an answer a chart can show: two columns, one of them a number; else why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from ide.app.text import clipped, count

MAX_BARS = 60
MAX_TITLE = 40  # characters of a column's name at an axis


@dataclass(frozen=True, slots=True)
class Chart:
    """Points in the order in which they are drawn; the names as they are, of anybody's making."""

    kind: Literal["bar", "line", "points"]
    xs: Sequence[Any]
    ys: Sequence[float | None]
    x_title: str
    y_title: str


def chart_of(table: pa.Table) -> Chart | str:
    """Return a chart of an answer, or a sentence on why there is none.

    Bars where the other column is words, a line where it is a number or a time and each of its
    values stands once, points where some stand more than once.
    """
    if table.num_columns != 2:
        n = count(table.num_columns, "column")
        return (
            f"A chart has two columns, one of them a number, and this answer has {n}: select two."
        )
    if not len(table):
        return "There is no row to draw."
    numbers = [place for place in (0, 1) if _is_number(table.schema.field(place).type)]
    if not numbers:
        names = " nor ".join(clipped(name, MAX_TITLE) for name in table.column_names)
        return f"Neither {names} is a number: a chart needs one, such as count(*) AS n."
    y_place = numbers[-1]
    x_place = 1 - y_place
    x_kind = table.schema.field(x_place).type
    if pa.types.is_nested(x_kind) or _is_bytes(x_kind):
        name = clipped(table.column_names[x_place], MAX_TITLE)
        return f"{name} holds {x_kind}, which has no place on an axis."
    ys = [_as_number(value) for value in table[y_place].to_pylist()]
    titles = [clipped(table.column_names[place], MAX_TITLE) for place in (x_place, y_place)]
    if not (_is_number(x_kind) or pa.types.is_timestamp(x_kind) or pa.types.is_date(x_kind)):
        if len(table) > MAX_BARS:
            return (
                f"{len(table):,} bars are more than can be read: add ORDER BY … LIMIT {MAX_BARS}."
            )
        xs = ["null" if value is None else str(value) for value in table[x_place].to_pylist()]
        return Chart("bar", xs, ys, titles[0], titles[1])
    if _is_number(x_kind):
        return _by_place([_as_number(x) for x in table[x_place].to_pylist()], ys, titles)
    return _by_place(table[x_place].cast(pa.string()).to_pylist(), ys, titles)


def _by_place(
    placed: Sequence[Any], ys: Sequence[float | None], titles: Sequence[str]
) -> Chart | str:
    """Return a line or points, by the first column's size; what has none is left out."""
    points = sorted(
        ((x, y) for x, y in zip(placed, ys, strict=True) if x is not None), key=lambda p: p[0]
    )
    if not points:
        return f"{titles[0]} has no value to place anything by."
    is_line = len({x for x, _ in points}) == len(points)
    xs, numbers = [x for x, _ in points], [y for _, y in points]
    return Chart("line" if is_line else "points", xs, numbers, titles[0], titles[1])


def _is_number(kind: pa.DataType) -> bool:
    is_plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(is_plain)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _as_number(value: Any) -> float | None:
    """Return a value as a chart takes it: what is infinite or none has no place."""
    number = None if value is None else float(value)
    return number if number is not None and math.isfinite(number) else None
