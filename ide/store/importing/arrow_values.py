"""Arrow's types as they are kept beside examples, and their values as JSON can hold them.

Every type becomes one that Parquet, DuckDB and the workbench have, without loss: half floats are
floats; decimals of more than 38 digits, times of day, durations, unique ids, fixed bytes and all
that is nested are text. What has no such form is refused with the column's name.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

_FIXED_BYTES = 64  # a hash has at most so many; more is a payload


def stored(array: pa.Array) -> pa.Array:
    """Return an array of a plain type: dictionaries and runs written out, extensions unpacked."""
    kind = array.type
    while True:
        if isinstance(kind, pa.UuidType):
            return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        elif pa.types.is_dictionary(kind):
            array = array.dictionary_decode()
        elif pa.types.is_run_end_encoded(kind):
            array = pc.run_end_decode(array)
        else:
            return array
        kind = array.type


def stored_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of what ``stored`` makes of an array."""
    while True:
        if isinstance(kind, pa.UuidType):
            return pa.string()
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def kept_type(kind: pa.DataType, *, has_odd_years: bool = False) -> pa.DataType | None:
    """Return the type that a column is kept with; None = there is none that holds it.

    has_odd_years: some of its times are before the year 1 or after 9999.
    """
    kind = stored_type(kind)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return kind
    if pa.types.is_timestamp(kind) and not has_odd_years:
        return kind if _is_known_zone(kind.tz) else pa.timestamp(kind.unit, "UTC")
    if pa.types.is_date(kind) and not has_odd_years:
        return pa.date32()
    if pa.types.is_decimal(kind) and kind.precision <= 38 and kind.scale >= 0:
        return pa.decimal128(kind.precision, kind.scale)
    return pa.string() if _is_text(kind) else None


def to_plain(array: pa.Array, kept: pa.DataType) -> list[Any]:
    """Return values as they are staged for a column of a kept type; times as whole numbers.

    Raises ``ValueError`` where a nested value has no form in JSON.
    """
    if pa.types.is_string(kept) or pa.types.is_decimal(kept):
        return to_texts(array)
    array = stored(array)
    if pa.types.is_timestamp(kept):
        array = array.cast(pa.int64())
    elif pa.types.is_date(kept):
        array = array.cast(pa.date32()).cast(pa.int32())
    values: list[Any] = array.to_pylist()
    return values


def to_role(array: pa.Array) -> list[Any]:
    """Return values of a label, an id, a split or a payload; times and decimals as text.

    A float of 16 or 32 bits is the shortest number that it is nearest to: 0.1 and not
    0.10000000149011612.
    """
    array = stored(array)
    kind = array.type
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        texts = array.cast(pa.float32()).cast(pa.string()).to_pylist()
        return [None if text is None else float(text) for text in texts]
    is_text = pa.types.is_temporal(kind) or pa.types.is_decimal(kind)
    is_hash = pa.types.is_fixed_size_binary(kind) and kind.byte_width <= _FIXED_BYTES
    return to_texts(array) if is_text or is_hash else _python(array)


def to_texts(array: pa.Array) -> list[Any]:
    """Return values as text, exactly; nested ones as JSON."""
    array = stored(array)
    kind = array.type
    if pa.types.is_duration(kind):
        whole = array.cast(pa.int64()).to_pylist()
        return [None if v is None else f"{v} {kind.unit}" for v in whole]
    if pa.types.is_fixed_size_binary(kind):
        return [None if v is None else v.hex() for v in array.to_pylist()]
    if pa.types.is_nested(kind):
        rows = _python(array)
        return [None if v is None else json.dumps(_json(v), ensure_ascii=False) for v in rows]
    if pa.types.is_float16(kind):
        array = array.cast(pa.float32())
    return list(array.cast(pa.string()).to_pylist())


def from_plain(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return staged values as a column of a kept type."""
    if pa.types.is_timestamp(kind):
        if any(isinstance(v, str) for v in values):  # of a source without types
            return pa.array(values, pa.string()).cast(kind)
        return pa.array(values, pa.int64()).cast(kind)
    if pa.types.is_date32(kind):
        if any(isinstance(v, str) for v in values):
            return pa.array(values, pa.string()).cast(kind)
        return pa.array(values, pa.int32()).cast(kind)
    if pa.types.is_decimal(kind):
        return pa.array([None if v is None else Decimal(v) for v in values], kind)
    is_plain = pa.types.is_string(kind) or pa.types.is_boolean(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_plain or is_number:
        return pa.array(values, kind)
    return pa.array(values, pa.string()).cast(kind)  # of a part that an older version wrote


def _is_text(kind: pa.DataType) -> bool:
    """Whether ``to_texts`` writes a type; bytes have no text, but for short ones of fixed size."""
    if pa.types.is_fixed_size_binary(kind):
        return bool(kind.byte_width <= _FIXED_BYTES)
    if pa.types.is_nested(kind):
        return not _holds_bytes(kind)
    return not (_holds_bytes(kind) or pa.types.is_interval(kind))


def _holds_bytes(kind: pa.DataType) -> bool:
    kind = stored_type(kind)
    if pa.types.is_nested(kind):
        return any(_holds_bytes(kind.field(i).type) for i in range(kind.num_fields))
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _python(array: pa.Array) -> list[Any]:
    try:
        return list(array.to_pylist())
    except (pa.ArrowException, OverflowError, NotImplementedError) as error:
        raise ValueError(" ".join(str(error).split())[:100]) from None


def _json(value: Any) -> Any:
    """Return a nested value of Arrow's as JSON can hold it."""
    if isinstance(value, dict):
        return {str(k): _json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID, dt.timedelta)):
        return str(value)
    raise ValueError(f"{type(value).__name__} has no form in JSON")


def _is_known_zone(zone: str | None) -> bool:
    if zone is None:
        return True
    try:
        pa.scalar(0, pa.timestamp("s", zone)).as_py()
    except (pa.ArrowException, ValueError, LookupError, OSError):
        return False
    return True
