"""Damage: what can befall a file, and every reader that must name the file it befell.

A new reader is a line of ``READERS``; a new kind of file, an entry of ``FILES``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DEEP = 3_000
Damage = tuple[str, Callable[[], bytes]]  # what it is, and what makes the bytes when asked
ODD_JSON = (
    *("null", "true", "-1", "0", "1e999", "NaN", "9" * 5_000, "9" * 400, '""', '"\\ud800"'),
    *("[]", "{}", "[[]]", '{"": null}', "[" * DEEP + "]" * DEEP, '"' + "x" * 20_000 + '"'),
    *('"\\u0000"', "1.5", '["x"]', '[1, "x"]'),
)
ODD_TOML = (
    *('""', "true", "-1", "0", "inf", "nan", "9" * 5_000, "0x" + "f" * 5_000, "1979-05-27"),
    *("[]", "{}", '["image"]', "[[]]", "{a = 1}", "[" * DEEP + "]" * DEEP, "1e400", '["", 1]'),
    '"' + "x" * 20_000 + '"',
)


def odd_arrays(n: int) -> list[pa.Array]:
    """Return columns of n rows that are of the wrong type, or of the wrong values."""
    return [
        pa.array(range(n), pa.int64()),
        pa.array([float("nan")] * n, pa.float64()),
        pa.array(["x"] * n, pa.string()),
        pa.array(["x"] * n).dictionary_encode(),
        pa.array(["x"] * n, pa.large_string()),
        pa.nulls(n, pa.string()),
        pa.nulls(n),
        pa.array([["x"]] * n, pa.list_(pa.string())),
        pa.array([[1.0] * (i % 3) for i in range(n)], pa.list_(pa.float32())),
        pa.array([b"\xff"] * n, pa.binary()),
        pa.array([2**62] * n, pa.int64()),
        pa.array([{"x": 1}] * n),
        pa.array([True] * n),
    ]


def parquet_damages(data: bytes) -> list[Damage]:
    """Return a Parquet file with each of its columns replaced, removed or repeated in turn."""
    table = pq.read_table(io.BytesIO(data))
    found: list[Damage] = [
        ("no rows", partial(_parquet, table.slice(0, 0))),
        ("no columns", partial(_parquet, table.select([]))),
    ]
    arrays = odd_arrays(len(table))
    for place, name in enumerate(table.column_names):
        found.append((f"{name} removed", partial(_parquet, table.drop_columns([name]))))
        for array in arrays:
            odd = table.set_column(place, name, array)
            found.append((f"{name} is {array.type}", partial(_parquet, odd)))
    first = table.column_names[0]
    twice = table.append_column(first, table[first])
    found.append(("a column twice", partial(_parquet, twice)))
    return found


def json_damages(data: bytes) -> list[Damage]:
    """Return a JSON text with each of its values replaced or removed in turn."""
    value = json.loads(data)
    found: list[Damage] = [("an odd text", odd.encode) for odd in ODD_JSON]
    for path in _paths(value):
        found.append((f"{path} removed", partial(_json_without, value, path)))
        for odd in ODD_JSON:
            found.append((f"{path} is {odd[:20]}", partial(_json_with, value, path, odd)))
    return found


def byte_damages(data: bytes) -> list[Damage]:
    """Return bytes cut, emptied, overwritten, and of quite another kind."""
    middle = len(data) // 2
    damaged = [
        ("empty", b""),
        ("half", data[:middle]),
        ("all but the end", data[:-5]),
        ("zeros", bytes(len(data))),
        ("a hole", data[:middle] + bytes(40) + data[middle + 40 :]),
        ("twice", data + data),
        ("not UTF-8", b"\xff\xfe" + data),
        ("text", b"<<<<<<< HEAD\n"),
        ("deep", b"[" * DEEP),
    ]
    return [(what, partial(bytes, fresh)) for what, fresh in damaged]


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _json_without(value: Any, path: tuple[Any, ...]) -> bytes:
    return json.dumps(_without(value, path)).encode()


def _json_with(value: Any, path: tuple[Any, ...], odd: str) -> bytes:
    return json.dumps(_with(value, path, "@odd@")).replace('"@odd@"', odd, 1).encode()


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where the values of JSON stand; of a list only its first item is looked into."""
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [p for k, v in list(value.items())[:12] for p in _paths(v, (*at, k))]
    elif isinstance(value, list) and value:
        inner = _paths(value[0], (*at, 0))
    return ([at] if at else []) + inner


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(copy[path[0]], path[1:], new)
    return copy


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(copy[path[0]], path[1:])
    return copy


def damages(path: Path, data: bytes) -> list[Damage]:
    """Return what can befall a file, by its suffix; a test takes a few of some hundred."""
    own: dict[str, Callable[[bytes], list[Damage]]] = {
        ".parquet": parquet_damages,
        ".json": json_damages,
    }
    return byte_damages(data) + own.get(path.suffix, lambda _: [])(data)
