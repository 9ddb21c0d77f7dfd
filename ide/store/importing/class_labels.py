"""Hugging Face's columns of classes: numbers in the file, their names in its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.errors import ImportRefusedError
from ide.dataset.reading import parse_json


def class_names_of(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names behind the numbers of a file's columns of classes, by column."""
    try:
        features = parse_json((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {k: v.get("names") for k, v in features.items() if isinstance(v, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, list) and k in schema.names}


def class_labels(
    values: Sequence[Any], names: Sequence[str], file: str, n_before: int, column: str
) -> list[str | None]:
    """Return the class that each number stands for.

    A negative one means that nobody has labelled the row; text is a name already. Raises
    ``ImportRefusedError`` for a number beyond the names, with its row.
    """
    labels: list[str | None] = []
    for row, value in enumerate(values, n_before + 1):
        if value is None or value != value or isinstance(value, str):  # noqa: PLR0124 (NaN)
            labels.append(value if isinstance(value, str) else None)
            continue
        if value != int(value) or value >= len(names):
            raise ImportRefusedError(
                f"{file}, row {row}: {column} is {value}, and its metadata names {len(names)} "
                "classes, from 0 on; correct the row or the metadata. Nothing was imported."
            )
        labels.append(str(names[int(value)]) if value >= 0 else None)
    return labels
