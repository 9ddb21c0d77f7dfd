"""What a person asks an import for, as one value: it is previewed first, and imported then."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from ide.store.importing.source import Columns, as_split_of_all


def class_names(text: str) -> list[str]:
    """Return the names in ``cat,dog,"a, b"``, as a line of CSV has them."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The arguments of ``import_source`` by their names; what they mean stands there."""

    source: str
    name: str
    title: str | None = None
    licence: str | None = None
    label_column: str | None = None
    payload_column: str | None = None
    id_column: str | None = None
    split_column: str | None = None
    split: str | None = None
    classes: Sequence[str] = ()
    add_classes: bool = False
    skip_broken: bool = False

    def columns(self) -> Columns:
        """Return which columns of a table play which part. Raises for a split that is none."""
        return Columns(
            self.label_column,
            self.payload_column,
            self.id_column,
            self.split_column,
            as_split_of_all(self.split),
        )
