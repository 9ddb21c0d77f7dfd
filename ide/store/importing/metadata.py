"""The other columns of a source: kept beside the examples, each with one type."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.errors import ImportRefusedError
from ide.dataset.schema import EXAMPLE_ID, LABEL, PAYLOAD_TYPES, SPLIT, URI

RESERVED = frozenset({EXAMPLE_ID, LABEL, SPLIT, URI, *PAYLOAD_TYPES})
_INT64 = range(-(2**63), 2**63)


def metadata_name(column: str, position: int) -> str:
    """Return the name under which a column of a source is kept.

    A name that Upwell uses itself gets ``source_`` before it; none at all becomes its number.
    """
    name = column.strip() or f"column_{position}"
    return f"source_{name}" if name.lower() in RESERVED else name


class MetadataTypes:
    """Finds the type of each column while rows pass: whole number, number, yes or no, text."""

    def __init__(
        self,
        *,
        held: Mapping[str, pa.DataType],
        given: Mapping[str, pa.DataType],
        is_text_table: bool,
    ) -> None:
        """``held``: types of the dataset's columns so far; ``given``: those the source declares."""
        self._held, self._given, self._is_text_table = held, given, is_text_table
        self._kinds: dict[str, set[type]] = {}
        self._spelling: dict[str, str] = {n.lower(): n for n in held}

    def observe(self, metadata: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return a row's metadata as they are kept; refuse what its column cannot hold."""
        kept = {}
        for name, value in metadata.items():
            if name not in self._kinds:
                self._refuse_other_spelling(name, where)
                self._refuse_other_type(name, where)
                self._kinds[name] = set()
            kept[name] = plain = self._value(name, value, where)
            if plain is not None and name not in self._given:
                self._kinds[name].add(type(plain))
                self._check_held(name, plain, where)
        return kept

    def schema(self) -> list[pa.Field]:
        """Return the columns that were seen, in the order of their first row."""
        return [pa.field(name, self._type(name)) for name in self._kinds]

    def _value(self, name: str, value: Any, where: str) -> Any:
        if isinstance(value, str):
            if self._is_text_table:
                value = self._parse(name, value)
            if isinstance(value, str):
                _refuse_surrogates(name, value, where)
            return value
        if isinstance(value, (dict, list)):
            text = json.dumps(value, ensure_ascii=False)
            _refuse_surrogates(name, text, where)
            return text
        if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
            return str(value)
        return value

    def _parse(self, name: str, text: str) -> Any:
        """Return what a CSV's cell stands for; text that a number would not write so stays text."""
        if text == "":
            return None
        if self._held.get(name) == pa.string():
            return text
        if text in ("true", "false", "True", "False"):
            return text.lower() == "true"
        try:
            number = float(text) if len(text) < 40 and text[-1:].isalnum() else None
        except ValueError:
            return text
        if number is None or not math.isfinite(number) or "_" in text or text != text.strip():
            return text
        if text.lstrip("-").isdecimal():
            return int(text) if str(int(text)) == text and int(text) in _INT64 else text
        return number

    def _type(self, name: str) -> pa.DataType:
        held = self._held.get(name)
        if held == pa.string():
            return held
        if name in self._given:
            return self._given[name]
        kinds = self._kinds[name]
        if not kinds:
            return pa.string() if held is None else held
        if kinds == {int}:
            return pa.int64()
        if kinds <= {int, float}:
            return pa.float64()
        return pa.bool_() if kinds == {bool} else pa.string()

    def _check_held(self, name: str, value: Any, where: str) -> None:
        held = self._held.get(name)
        if held is None or held == pa.string():
            return
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = isinstance(value, bool) if pa.types.is_boolean(held) else is_number
        if not fits and not pa.types.is_temporal(held):
            raise ImportRefusedError(
                f"{where}: {name} is {str(value)[:60]!r}, and the dataset's column holds {held}; "
                "correct it or leave it empty. Nothing was imported."
            )

    def _refuse_other_type(self, name: str, where: str) -> None:
        held, given = self._held.get(name), self._given.get(name)
        if held is None or given is None or pa.string() == held or held == given:
            return
        if not (_is_number(held) and _is_number(given)):
            raise ImportRefusedError(
                f"{where}: the column {name} holds {given}, and the dataset's holds {held}; "
                "convert or rename it. Nothing was imported."
            )

    def _refuse_other_spelling(self, name: str, where: str) -> None:
        first = self._spelling.setdefault(name.lower(), name)
        if first != name:
            raise ImportRefusedError(
                f"{where}: the columns {first!r} and {name!r} differ only in case, which SQL "
                "cannot tell apart; rename one. Nothing was imported."
            )


def metadata_arrays(
    rows: Sequence[Mapping[str, Any]], fields: Sequence[pa.Field]
) -> list[pa.Array]:
    """Return a column a field, null where a row has no such value."""
    return [_array([row.get(field.name) for row in rows], field.type) for field in fields]


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([v if v is None or isinstance(v, str) else _text(v) for v in values], kind)
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_surrogates(name: str, text: str, where: str) -> None:
    if not text.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise ImportRefusedError(
            f"{where}: {name} holds half of a character, which UTF-8 cannot; clean it. "
            "Nothing was imported."
        )
