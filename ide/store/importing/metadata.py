"""The other columns of a source: kept beside the examples, each with one type that holds it all.

A value is kept as it is or refused. A column whose values have no type in common is text, each
value as the source writes it; a column that the dataset has already keeps its type.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ide.dataset.errors import ImportRefusedError
from ide.dataset.source_columns import held_name
from ide.store.importing.arrow_values import from_plain
from ide.store.importing.cells import (
    BIG,
    FRACTION,
    HUGE,
    LOOSE,
    POINT_ZERO,
    TRUTH,
    WHOLE,
    kind_of_cell,
    kind_of_value,
)

_FLOATS = frozenset({FRACTION, POINT_ZERO, LOOSE})
_UINT64 = range(2**64)


@dataclass(slots=True)
class _Column:
    """A column while rows pass."""

    name: str
    held: pa.DataType | None  # the dataset's
    given: pa.DataType | None  # the source's, where it declares one
    is_cells: bool  # values are a CSV's cells
    is_wide: bool  # the dataset's whole numbers may be beyond 2^53
    kinds: set[str] = field(default_factory=set)

    def take(self, value: Any, where: str) -> Any:
        """Return a value as it is staged; refuse what the column cannot hold."""
        if value is None or (self.is_cells and value == ""):
            return None
        if isinstance(value, (dict, list)):
            value = json.dumps(value, ensure_ascii=False)
        if isinstance(value, str):
            _refuse_surrogates(self.name, value, where)
        if self.given is not None and self.held in (None, self.given):
            return value
        self.kinds.add(kind_of_cell(value) if self.is_cells else kind_of_value(value))
        if self.held is not None and not pa.types.is_string(self.held) and not self._fits(value):
            raise ImportRefusedError(
                f"{where}: {self.name} is {str(value)[:60]!r}, and the dataset's column holds "
                f"{self.held}; correct it or leave it empty. Nothing was imported."
            )
        return value

    def _fits(self, value: Any) -> bool:
        """Whether the dataset's type, or one that it can grow into, holds a value exactly."""
        held, kinds = self.held, self.kinds
        if pa.types.is_uint64(held):
            return kinds <= {WHOLE, BIG, HUGE} and int(value) in _UINT64
        if pa.types.is_integer(held):
            may_grow = not self.is_wide and BIG not in kinds and LOOSE not in kinds
            return kinds <= {WHOLE, BIG} or (may_grow and kinds <= {WHOLE, *_FLOATS})
        if pa.types.is_floating(held):
            return kinds <= {WHOLE, *_FLOATS} and (not self.is_cells or _is_exact(value))
        if pa.types.is_boolean(held):
            return kinds == {TRUTH} or (self.is_cells and value.lower() in ("true", "false"))
        return isinstance(value, str) and _casts(value, held)

    def type(self) -> pa.DataType:
        """Return the type that holds what was seen."""
        held, kinds = self.held, self.kinds
        if held is not None and pa.types.is_string(held):
            return held
        if self.given is not None and held in (None, self.given):
            return self.given
        if held is None or not kinds:
            return _type_of(kinds) if held is None else held
        if pa.types.is_integer(held) and not pa.types.is_uint64(held):
            return pa.float64() if kinds & _FLOATS else pa.int64()
        return pa.float64() if pa.types.is_floating(held) else held

    def array(self, values: list[Any]) -> pa.Array:
        """Return staged values as a column."""
        kind = self.type()
        if self.given is not None and self.given != kind and not _are_numbers(self.given, kind):
            return from_plain(values, self.given).cast(kind)
        if pa.types.is_string(kind) and self.given is None:
            return pa.array([None if v is None else _text(v) for v in values], kind)
        return from_plain([self._value(v, kind) for v in values], kind)

    def _value(self, value: Any, kind: pa.DataType) -> Any:
        if value is None or not self.is_cells:
            return value
        if pa.types.is_boolean(kind):
            return value.lower() == "true"
        if pa.types.is_integer(kind):
            return int(value)
        return float(value) if pa.types.is_floating(kind) else value


class MetadataTypes:
    """Finds the type of each column while rows pass, and makes columns of what was staged."""

    def __init__(
        self,
        *,
        held: Mapping[str, pa.DataType],
        given: Mapping[str, pa.DataType],
        is_text_table: bool,
        wide: Collection[str] = (),
    ) -> None:
        """``held``: types of the dataset's columns so far; ``given``: those the source declares.

        wide: the dataset's columns of whole numbers that may be beyond 2^53.
        """
        self._held, self._given, self._is_text_table = held, given, is_text_table
        self._wide = wide
        self._columns: dict[str, _Column] = {}
        self._spelling: dict[str, str] = {n.lower(): n for n in held}

    def observe(self, metadata: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return a row's metadata as they are staged; refuse what its column cannot hold."""
        staged = {}
        for name, value in metadata.items():
            column = self._columns.get(name) or self._begin(name, where)
            staged[column.name] = column.take(value, where)
        return staged

    def schema(self) -> list[pa.Field]:
        """Return the columns that were seen, in the order of their first row."""
        return [pa.field(column.name, column.type()) for column in self._columns.values()]

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[pa.Array]:
        """Return a column a field of staged rows, null where a row has no such value."""
        return [c.array([row.get(c.name) for row in rows]) for c in self._columns.values()]

    def _begin(self, source_name: str, where: str) -> _Column:
        name = held_name(source_name, self._held)
        self._refuse_other_spelling(name, where)
        held, given = self._held.get(name), self._given.get(source_name)
        _refuse_other_type(name, held, given, where)
        column = _Column(name, held, given, self._is_text_table, name in self._wide)
        self._columns[source_name] = column
        return column

    def _refuse_other_spelling(self, name: str, where: str) -> None:
        first = self._spelling.setdefault(name.lower(), name)
        if first != name:
            raise ImportRefusedError(
                f"{where}: the columns {first!r} and {name!r} differ only in case, which SQL "
                "cannot tell apart; rename one. Nothing was imported."
            )


def _type_of(kinds: set[str]) -> pa.DataType:
    """Return the type that holds values of these kinds, no two that differ as one."""
    if not kinds:
        return pa.string()
    if kinds <= {WHOLE, BIG}:
        return pa.int64()
    if kinds <= {WHOLE, FRACTION} or kinds <= {FRACTION, POINT_ZERO}:
        return pa.float64()
    return pa.bool_() if kinds == {TRUTH} else pa.string()


def _refuse_other_type(
    name: str, held: pa.DataType | None, given: pa.DataType | None, where: str
) -> None:
    if held is None or given is None or pa.types.is_string(held) or held == given:
        return
    if not _are_numbers(held, given):
        raise ImportRefusedError(
            f"{where}: the column {name} holds {given}, and the dataset's holds {held}; "
            "convert or rename it. Nothing was imported."
        )


def _are_numbers(*kinds: pa.DataType) -> bool:
    return all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds)


def _is_exact(text: str) -> bool:
    """Whether a float holds a cell's number to its last digit, as 1.50."""
    return Decimal(text) == Decimal(repr(float(text)))


def _casts(text: str, kind: pa.DataType) -> bool:
    try:
        pa.scalar(text).cast(kind)
    except (pa.ArrowException, ValueError):
        return False
    return True


def _text(value: Any) -> str:
    """Return a value of JSON as JSON writes it; text is itself."""
    return value if isinstance(value, str) else json.dumps(value)


def _refuse_surrogates(name: str, text: str, where: str) -> None:
    if not text.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise ImportRefusedError(
            f"{where}: {name} holds half of a character, which UTF-8 cannot; clean it. "
            "Nothing was imported."
        )
