"""What a dataset holds already, so that importing again adds only what is new."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import ImportRefusedError
from ide.dataset.ids import content_id, free_id
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.examples import example_parts, open_part, read_part
from ide.store.importing.content_hashes import content_hashes
from ide.store.importing.source import SourceRow
from ide.store.payloads import payload_bytes
from ide.store.workspace import Workspace

_EXACT = 2**53


@dataclass(slots=True)
class Known:
    """The examples of a dataset by id and by content, growing with the rows of an import."""

    name: str
    by_id: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # content, label
    labels_by_content: dict[str, set[str | None]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by label and split
    metadata_types: dict[str, pa.DataType] = field(default_factory=dict)
    wide_columns: set[str] = field(default_factory=set)  # whole numbers perhaps beyond 2^53
    where_by_id: dict[str, str] = field(default_factory=dict)  # explicit ids of this source
    taken: set[str] = field(default_factory=set)  # all ids, old and new
    n_by_content: Counter[str] = field(default_factory=Counter)  # rows that got an id of ours

    def place(self, row: SourceRow, payload: bytes | str) -> tuple[str, str] | None:
        """Return (example id, content) of a row that is new, None for one that is known.

        Raises ``ImportRefusedError`` for an id that stands twice in the source, and for an
        example that the dataset has with another payload or label.
        """
        content = content_id(payload_bytes(payload))
        if row.example_id is not None:
            example_id = row.example_id
            self._refuse_repeat(example_id, row.where)
            if example_id in self.by_id:
                self._refuse_change(example_id, content, row)
                return None
        else:
            if content in self.labels_by_content:
                self._refuse_other_label(content, row)
                return None
            self.n_by_content[content] += 1  # so that n equal rows are numbered in n steps
            first = max(2, self.n_by_content[content])
            example_id = free_id(content, self.taken, first=first)
        self.taken.add(example_id)
        return example_id, content

    def _refuse_repeat(self, example_id: str, where: str) -> None:
        first = self.where_by_id.setdefault(example_id, where)
        if first is not where:
            raise ImportRefusedError(
                f"{where}: the id {example_id!r} stands already at {first}; an id names one "
                "example. Make them differ, or say --id-column '' and ids are made from the "
                "content. Nothing was imported."
            )

    def _refuse_change(self, example_id: str, content: str, row: SourceRow) -> None:
        known_content, known_label = self.by_id[example_id]
        if content != known_content:
            raise ImportRefusedError(
                f"{row.where}: {self.name!r} has an example {example_id!r} with another content; "
                "examples never change in place. Give the new one an id of its own. "
                "Nothing was imported."
            )
        if row.label != known_label:
            raise self._other_label(example_id, known_label, row)

    def _refuse_other_label(self, content: str, row: SourceRow) -> None:
        labels = self.labels_by_content[content]
        if row.label not in labels:
            raise self._other_label(content, min(labels, key=str), row)

    def _other_label(
        self, example_id: str, known: str | None, row: SourceRow
    ) -> ImportRefusedError:
        return ImportRefusedError(
            f"{row.where}: {self.name!r} has this example ({example_id}) as {known or 'unlabelled'}"
            f", and here it is {row.label or 'unlabelled'}; labels are changed by edits, as in: "
            f"upwell edit {self.name} {example_id} --label {row.label or 'LABEL'}. "
            "Nothing was imported."
        )


def read_known(workspace: Workspace, config: DatasetConfig) -> Known:
    """Read ids, labels and splits, and the hashes of the payloads, which are kept by part."""
    known = Known(config.name)
    columns = [EXAMPLE_ID, LABEL, SPLIT]
    for path in example_parts(workspace, config.name):
        with open_part(workspace, path) as file:
            for column in file.schema_arrow:
                if column.name not in (*columns, config.payload_column):
                    held = known.metadata_types.get(column.name, column.type)
                    known.metadata_types[column.name] = _both(held, column.type)
            known.wide_columns |= _wide_columns(file)
        table = read_part(workspace, path, columns)
        hashes = content_hashes(workspace, config.name, path, config.payload_column, len(table))
        rows = zip(*(table[c].to_pylist() for c in columns), hashes, strict=True)
        for example_id, label, split, content in rows:
            known.by_id[example_id] = (content, label)
            known.labels_by_content.setdefault(content, set()).add(label)
            known.counts[label, split] += 1
    known.taken.update(known.by_id)
    return known


def _both(held: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the type that reading two parts makes of a column."""
    if held == other:
        return held
    schemas = [pa.schema([("column", kind)]) for kind in (held, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:  # parts that cannot be read together: of the first one
        return held


def _wide_columns(file: pq.ParquetFile) -> set[str]:
    """Return the columns of whole numbers of which some may be beyond what floats hold."""
    wide = set()
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            if column.physical_type != "INT64":
                continue
            ends = column.statistics
            is_known = ends is not None and ends.has_min_max
            if not is_known or not all(
                isinstance(end, int) and abs(end) <= _EXACT for end in (ends.min, ends.max)
            ):
                wide.add(column.path_in_schema)
    return wide
