"""What a dataset holds already, so that importing again adds only what is new."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import ImportRefusedError
from ide.dataset.ids import content_id, free_id
from ide.dataset.replay import UNTOUCHED, ExampleState
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.examples import example_parts, open_part, read_part
from ide.store.importing.content_hashes import content_hashes
from ide.store.importing.source import SourceRow
from ide.store.payloads import payload_bytes
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

_EXACT = 2**53
_N_NAMED = 5


class KnownExample(NamedTuple):
    """An example that the dataset has: its payload's hash, and label and split as imported."""

    content: str
    label: str | None
    split: str


@dataclass(slots=True)
class Differences:
    """What a source says otherwise than the dataset of examples that the dataset has.

    An import brings none of it in: labels and splits are changed by edits, and the columns of an
    example never change.
    """

    labels: Counter[tuple[str | None, str]] = field(default_factory=Counter)  # in force, here
    splits: Counter[tuple[str, str]] = field(default_factory=Counter)
    example_ids: list[str] = field(default_factory=list)  # the first few
    columns: set[str] = field(default_factory=set)  # which the dataset has not
    first: tuple[str, str, str | None, str] | None = None  # where, example id, in force, here


@dataclass(slots=True)
class Known:
    """The examples of a dataset by id and by content, growing with the rows of an import."""

    name: str
    by_id: dict[str, KnownExample] = field(default_factory=dict)
    ids_by_content: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by label and split
    metadata_types: dict[str, pa.DataType] = field(default_factory=dict)
    wide_columns: set[str] = field(default_factory=set)  # whole numbers perhaps beyond 2^53
    where_by_id: dict[str, str] = field(default_factory=dict)  # explicit ids of this source
    taken: set[str] = field(default_factory=set)  # all ids, old and new
    n_by_content: Counter[str] = field(default_factory=Counter)  # rows that got an id of ours
    states: Mapping[str, ExampleState] = field(default_factory=dict)  # of what people edited
    differences: Differences = field(default_factory=Differences)

    def in_force(self, example_id: str) -> tuple[str | None, str]:
        """Return label and split of an example as they stand now."""
        known, state = self.by_id[example_id], self.states.get(example_id, UNTOUCHED)
        return state.label or known.label, state.split or known.split

    def place(self, row: SourceRow, payload: bytes | str) -> tuple[str, str] | None:
        """Return (example id, content) of a row that is new, None for one that is known.

        What the source says otherwise of a known one is noted in ``differences``. Raises
        ``ImportRefusedError`` for an id that stands twice in the source, and for an example that
        the dataset has with another payload.
        """
        content = content_id(payload_bytes(payload))
        if row.example_id is not None:
            example_id = row.example_id
            self._refuse_repeat(example_id, row.where)
            if example_id in self.by_id:
                self._refuse_other_content(example_id, content, row.where)
                self._compare([example_id], row)
                return None
        else:
            if content in self.ids_by_content:
                self._compare(self.ids_by_content[content], row)
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

    def _refuse_other_content(self, example_id: str, content: str, where: str) -> None:
        if content != self.by_id[example_id].content:
            raise ImportRefusedError(
                f"{where}: {self.name!r} has an example {example_id!r} with another content; "
                "examples never change in place. Give the new one an id of its own. "
                "Nothing was imported."
            )

    def _compare(self, example_ids: Sequence[str], row: SourceRow) -> None:
        """Note what a row says otherwise than was imported, and than stands now."""
        found = self.differences
        found.columns |= {n for n, v in row.metadata.items() if v is not None}.difference(
            self.metadata_types
        )
        now = [self.in_force(i) for i in example_ids]
        labels = {label for label, _ in now} | {self.by_id[i].label for i in example_ids}
        splits = {split for _, split in now} | {self.by_id[i].split for i in example_ids}
        is_other_label = row.label is not None and row.label not in labels
        is_other_split = row.label is not None and row.split is not None
        is_other_split = is_other_split and row.split not in splits
        if is_other_label and row.label is not None:
            found.labels[now[0][0], row.label] += 1
            found.first = found.first or (row.where, example_ids[0], now[0][0], row.label)
        if is_other_split and row.split is not None:
            found.splits[now[0][1], row.split] += 1
        if (is_other_label or is_other_split) and len(found.example_ids) < _N_NAMED:
            found.example_ids.append(example_ids[0])


def refuse_other_labels(found: Differences, name: str, source: str) -> None:
    """Raise ``ImportRefusedError`` for a source that has other labels of known examples."""
    if found.first is None:
        return
    where, example_id, now, label = found.first
    n = found.labels.total()
    all_ = f" (the first of {n:,})" if n > 1 else ""
    raise ImportRefusedError(
        f"{where}{all_}: {name!r} has this example ({example_id}) as {now or 'unlabelled'}, and "
        f"here it is {label}; labels are changed by edits, as in: upwell edit {name} "
        f"{shlex.quote(example_id)} --label {shlex.quote(label)}, or all of a table, with: "
        f"{_as_edits(source, name)}. "
        "Nothing was imported."
    )


def explain_differences(found: Differences, name: str, source: str) -> tuple[str, ...]:
    """Say what a source has otherwise of known examples, and how to bring it in."""
    sentences = []
    if found.labels or found.splits:
        pairs = [f"{a or 'no label'} → {b}: {n:,}" for (a, b), n in found.labels.most_common(6)]
        pairs += [f"split {a} → {b}: {n:,}" for (a, b), n in found.splits.most_common(4)]
        n = max(found.labels.total(), found.splits.total())
        sentences.append(
            f"{n:,} of the known examples have another label or split in the source "
            f"({', '.join(pairs)}; such as {', '.join(found.example_ids)}), and stay as they are. "
            f"Bring these in as edits with: {_as_edits(source, name)}"
        )
    if found.columns:
        listed = ", ".join(sorted(found.columns)[:5])
        sentences.append(
            f"the columns that {name!r} has not ({listed}) are kept of new examples only: those "
            "of known ones never change"
        )
    return tuple(sentences)


def _as_edits(source: str, name: str) -> str:
    return f"upwell import {shlex.quote(source)} --name {name} --as-edits"


def read_known(workspace: Workspace, config: DatasetConfig) -> Known:
    """Read ids, labels and splits, and the hashes of the payloads, which are kept by part."""
    known = Known(config.name, states=dataset_state(workspace, config.name))
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
            known.by_id[example_id] = KnownExample(content, label, split)
            known.ids_by_content.setdefault(content, []).append(example_id)
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
