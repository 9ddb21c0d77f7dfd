"""JSON Lines: an object an example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.lines import decoded_lines
from ide.store.importing.source import Columns, Source
from ide.store.importing.table import Record, find_roles, peek, table_rows


def open_json_lines(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a JSON Lines file; its columns are the keys of its first hundred objects.

    A key that comes up later is passed over, so that every row has the same columns.
    """
    first, records = peek(_records(path))
    names = list(dict.fromkeys(key for _, record in first for key in record))
    roles = find_roles(names, columns, first, file=path.name, modality=modality)
    return Source(
        name=path.name, modality=roles.modality, rows=table_rows(records, roles, path.parent)
    )


def _records(path: Path) -> Iterator[Record]:
    for number, line in decoded_lines(path):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            record = json.loads(line)
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
