"""JSON Lines: an object an example."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.lines import decoded_lines
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import Record, find_roles, peek, table_rows

_CERTAIN_DIGITS = 15  # so many a float always holds


def open_json_lines(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a JSON Lines file; its columns are the keys of all of its objects."""
    names, rows, n_rows = read_json_lines(path)
    first, records = peek(rows)
    roles = find_roles(names, columns, first, file=path.name, modality=modality)
    return Source(
        name=path.name,
        modality=roles.modality,
        rows=table_rows(records, roles, path.parent),
        n_rows=n_rows or None,
        notes=roles.notes,
    )


def read_json_lines(path: Path) -> tuple[list[str], Iterator[Record], int]:
    """Return the keys of all objects, the objects, and how many there are.

    It is read twice: a key may come up in the last line, and a column's part is found by its name.
    """
    names: dict[str, None] = {}  # keys in the order of their first line
    n_rows = 0
    for _, record in _records(path):
        names.update(dict.fromkeys(record))
        n_rows += 1
    return list(names), _records(path), n_rows


def _records(path: Path) -> Iterator[Record]:
    for number, line in decoded_lines(path):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            record = json.loads(line, object_pairs_hook=_object, parse_float=_number)
        except (ValueError, RecursionError) as error:
            raise ImportRefusedError(
                f"{where}: not JSON ({str(error)[:100]}); wanted an object on each line, such as "
                '{"text": "…", "label": "…"}. Nothing was imported.'
            ) from None
        if not isinstance(record, dict):
            raise ImportRefusedError(
                f"{where}: got {type(record).__name__}, wanted an object such as "
                '{"text": "…", "label": "…"}. Nothing was imported.'
            )
        yield where, record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of two values of one key one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {repeated[:60]!r} stands twice in an object")
    return found


def _number(text: str) -> float | str:
    """Return a number as a float where that holds its digits, else as it is written."""
    number = float(text)
    if len(text) <= _CERTAIN_DIGITS and math.isfinite(number):
        return number
    is_exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if is_exact else text
