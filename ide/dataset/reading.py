"""Reading JSON and TOML that may be damaged: a value, or ``ValueError`` with a short reason.

The parsers of the standard library raise more than they say: ``RecursionError`` for what is
nested deep, and a bare ``ValueError`` for a number of thousands of digits. Who reads a file names
it in front of the reason.
"""

from __future__ import annotations

import json
import math
import reprlib
from typing import Any

_TOO_DEEP = "nested too deep"
_TOO_MANY_DIGITS = "a number of more than 4,300 digits"
MAX_DEPTH = 32  # lists and objects within one another; what we write has three
MAX_VALUES = 1_000_000  # of one text
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80

# What a value must be: a type; several; a number within a range; [what each item is]; {key: what it
# is}, where "key?" may be absent or null and "*" is every other key; None = anything.
Shape = type | tuple[type, ...] | range | list[Any] | dict[str, Any] | None
MOMENT = range(253_402_300_800)  # Unix seconds, up to the year 9999
PID = range(2**31)


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; raise ``ValueError`` with the reason, whatever is wrong with it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(reason_of(error)) from None


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; raise ``ValueError`` with the reason, whatever is wrong with it."""
    import tomllib  # here, for many commands read none

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(reason_of(error)) from None


def reason_of(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a text, from what its parser raised."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text (byte {error.start:,})"
    return _TOO_MANY_DIGITS if "integer string conversion" in str(error) else str(error)[:200]


def shown(value: object) -> str:
    """Return a value as a sentence shows it: short, however long, deep or large it is."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer that Python does not write out
        return _TOO_MANY_DIGITS


def as_float(value: object) -> float | None:
    """Return a number as a float; None where it is none, is infinite, or a float cannot hold it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def is_text(value: str) -> bool:
    r"""Whether text holds whole characters only, so that UTF-8 and Arrow can hold it.

    JSON can write half of one (``"\ud800"``), and so can a command line that is no UTF-8.
    """
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def check_plain(value: object) -> None:
    """Raise ``ValueError`` where values hold half a character, or are nested too deep.

    Values that YAML names and repeats (``&a``, ``*a``) are counted as often as they stand.
    """
    pending, n_left = [(value, 0)], MAX_VALUES
    while pending:
        item, depth = pending.pop()
        n_left -= 1
        if not n_left:
            raise ValueError(f"more than {MAX_VALUES:,} values")
        if isinstance(item, str):
            if not is_text(item):
                raise ValueError("half of a character, which UTF-8 cannot hold")
        elif isinstance(item, dict | list):
            if depth == MAX_DEPTH:
                raise ValueError(_TOO_DEEP)
            pending += [(v, depth + 1) for v in (item.values() if isinstance(item, dict) else item)]
            pending += [(k, depth) for k in item] if isinstance(item, dict) else []


def check_shape(value: object, shape: Shape, where: str = "") -> None:
    """Raise ``ValueError`` naming the key where a value is not what a reader relies on.

    A number has to be one that a float can hold; a whole number may stand for any number.
    """
    if isinstance(shape, dict):
        _check_object(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise ValueError(f"{where or 'it'} is {shown(value)}, wanted a list")
        for position, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{position}]")
    elif isinstance(shape, range):
        number = as_float(value)
        if number is None or not shape.start <= number < shape.stop:
            raise ValueError(f"{where or 'it'} is {shown(value)}, wanted 0 to {shape.stop - 1:,}")
    elif shape is not None and not _is_one_of(value, shape):
        kinds = shape if isinstance(shape, tuple) else (shape,)
        raise ValueError(
            f"{where or 'it'} is {shown(value)}, wanted {' or '.join(map(_kind, kinds))}"
        )


def _check_object(value: object, shape: dict[str, Any], where: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'it'} is {shown(value)}, wanted an object")
    named = set()
    for key, wanted in shape.items():
        name = key.removesuffix("?")
        named.add(name)
        is_absent = value.get(name) is None
        if key != "*" and not (is_absent and key.endswith("?")):
            if name not in value:
                raise ValueError(f"{where}{'.' * bool(where)}{name} is missing")
            check_shape(value[name], wanted, f"{where}{'.' * bool(where)}{name}")
    if "*" in shape:
        for name in value.keys() - named:
            check_shape(value[name], shape["*"], f"{where}{'.' * bool(where)}{name[:40]}")


def _is_one_of(value: object, kinds: type | tuple[type, ...]) -> bool:
    listed = kinds if isinstance(kinds, tuple) else (kinds,)
    if isinstance(value, bool):
        return bool in listed
    if isinstance(value, int | float):
        is_whole = isinstance(value, int) and -(2**63) <= value < 2**63
        return (float in listed and as_float(value) is not None) or (int in listed and is_whole)
    return isinstance(value, listed)


def _kind(kind: type) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, "null" if kind is type(None) else kind.__name__)
