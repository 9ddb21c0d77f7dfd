"""Where two files of a build differ first, in words that a person can follow up."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import DamagedFileError
from ide.dataset.reading import parse_json
from ide.dataset.schema import EXAMPLE_ID
from ide.store.files import read_parquet

_CHUNK = 1 << 20
_ABSENT = object()


def first_difference(expected: Path, got: Path) -> str | None:
    """Say where ``got`` differs from ``expected`` first; None where every byte is the same.

    A table is told by row, example and column, JSON by key; what differs in neither (the order
    of keys, how a table is packed) and every other file by byte.
    """
    byte = _first_byte(expected, got)
    if byte is None:
        return None
    told = {".parquet": _in_tables, ".json": _in_json}.get(expected.suffix)
    try:
        where = told(expected, got) if told else None
    except (OSError, ValueError, DamagedFileError, RecursionError):  # one cannot be read at all
        where = None
    return where or _bytes_sentence(expected, got, byte)


def _first_byte(expected: Path, got: Path) -> int | None:
    """Return the place of the first byte that differs; None where there is none."""
    start = 0
    with expected.open("rb") as a, got.open("rb") as b:
        while True:
            one, other = a.read(_CHUNK), b.read(_CHUNK)
            if one != other:
                pairs = zip(one, other, strict=False)
                within = next((i for i, (x, y) in enumerate(pairs) if x != y), None)
                return start + (min(len(one), len(other)) if within is None else within)
            if not one:
                return None
            start += len(one)


def _bytes_sentence(expected: Path, got: Path, byte: int) -> str:
    sizes = (expected.stat().st_size, got.stat().st_size)
    length = "" if sizes[0] == sizes[1] else f" ({sizes[1]:,} bytes instead of {sizes[0]:,})"
    return f"byte {byte:,}{length}"


def _in_tables(expected: Path, got: Path) -> str | None:
    a, b = read_parquet(expected), read_parquet(got)
    if a.column_names != b.column_names:
        return f"its columns: {', '.join(b.column_names)} instead of {', '.join(a.column_names)}"
    if len(a) != len(b):
        return f"its rows: {len(b):,} instead of {len(a):,}"
    rows = {name: _first_row(a[name], b[name]) for name in a.column_names}
    found = [(row, name) for name, row in rows.items() if row is not None]
    if not found:
        return None
    row, name = min(found, key=lambda pair: pair[0])
    example = f", example {a[EXAMPLE_ID][row].as_py()!r}" if EXAMPLE_ID in a.column_names else ""
    values = f"{_short(b[name][row].as_py())} instead of {_short(a[name][row].as_py())}"
    return f"row {row:,}{example}, column {name}: {values}"


def _first_row(a: pa.ChunkedArray, b: pa.ChunkedArray) -> int | None:
    if a.equals(b):
        return None
    if pa.types.is_nested(a.type):
        pairs = enumerate(zip(a, b, strict=True))
        return next((i for i, (x, y) in pairs if not x.equals(y)), None)
    is_same = pc.fill_null(pc.equal(a, b), fill_value=False)
    is_same = pc.or_(
        is_same, pc.and_(pc.is_null(a, nan_is_null=True), pc.is_null(b, nan_is_null=True))
    )
    row = pc.index(is_same, value=False).as_py()
    return None if row < 0 else int(row)


def _in_json(expected: Path, got: Path) -> str | None:
    return _in_values(parse_json(expected.read_bytes()), parse_json(got.read_bytes()), "")


def _in_values(a: Any, b: Any, key: str) -> str | None:
    """Say at which key two JSON values differ first."""
    if isinstance(a, dict) and isinstance(b, dict):
        pairs = [(k, a.get(k, _ABSENT), b.get(k, _ABSENT)) for k in dict.fromkeys([*a, *b])]
    elif isinstance(a, list) and isinstance(b, list):
        zipped = zip_longest(a, b, fillvalue=_ABSENT)
        pairs = [(str(i), x, y) for i, (x, y) in enumerate(zipped)]
    else:
        return None if a == b else f"{key}: {_short(b)} instead of {_short(a)}"
    found = (_in_values(x, y, f"{key}.{k}" if key else k) for k, x, y in pairs)
    return next((where for where in found if where), None)


def _short(value: Any) -> str:
    text = "nothing" if value is _ABSENT or value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
