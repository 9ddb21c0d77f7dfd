"""Rows on their way in: checked one by one, kept in a file that nobody reads, then one part."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.config import DatasetConfig, SplitConfig
from ide.dataset.errors import ImportRefusedError, UnknownClassError
from ide.dataset.schema import EXAMPLE_ID, LABEL, PAYLOAD_BY_MODALITY, PAYLOAD_TYPES, POOL, SPLIT
from ide.dataset.splits import assign_splits
from ide.store.files import storage_errors, sync
from ide.store.importing.broken import Broken
from ide.store.importing.known import Known
from ide.store.importing.metadata import MetadataTypes
from ide.store.importing.pictures import CHANGES
from ide.store.importing.source import Source, SourceRow
from ide.store.importing.validation import Payload, check_payload

ROW_GROUP_ROWS = 256  # a first look at an example decodes this many payloads
ROW_GROUP_BYTES = 8 * 2**20  # or fewer, where they are large
_REPORT_EVERY = 100  # rows
MAX_GUESSED_CLASSES = 1_000  # more, and nearly as many as rows, are ids or prose

OnProgress = Callable[[str, int, int | None], None]


@dataclass(slots=True)
class Staged:
    """What passed: the new rows in a file, and of each row what splitting it needs."""

    path: Path
    payload_field: pa.Field
    types: MetadataTypes
    broken: Broken
    example_ids: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    splits: list[str | None] = field(default_factory=list)  # the source's own
    contents: list[str] = field(default_factory=list)  # the payloads' hashes
    n_known: int = 0
    seen_labels: set[str] = field(default_factory=set)
    sides: Counter[int] = field(default_factory=Counter)  # of images, in pixels
    changes: Counter[str] = field(default_factory=Counter)  # examples by what became of them
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=6))


def stage_rows(
    source: Source,
    known: Known,
    path: Path,
    *,
    config: DatasetConfig | None,
    add_classes: bool,
    skip_broken: bool,
    on_progress: OnProgress,
) -> Staged:
    """Check every row of a source and keep the new ones at ``path``; refuse at the first wrong one.

    Payloads that are broken are all named at once, or left out if ``skip_broken``. Memory holds
    one row group and the ids, whatever the size of the source.
    """
    staged = _nothing_staged(source, known, path, skip_broken=skip_broken)
    schema = pa.schema([staged.payload_field, pa.field("metadata", pa.string())])
    batches = _batches(
        source, known, staged, config=config, add_classes=add_classes, on_progress=on_progress
    )
    with storage_errors(path, "write"), pa.ipc.new_file(path, schema) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch(batch, schema=schema))
    staged.broken.refuse_any()
    _refuse_no_classes(source, staged, config)
    return staged


def look_at_rows(
    source: Source,
    known: Known,
    *,
    config: DatasetConfig | None,
    add_classes: bool,
    skip_broken: bool,
    on_progress: OnProgress,
    on_payloads: Callable[[Staged, pa.Array], None],
) -> Staged:
    """Check every row as ``stage_rows`` does, and write nothing.

    on_payloads: called with what is staged so far and the payloads of its newest rows.
    """
    staged = _nothing_staged(source, known, Path(os.devnull), skip_broken=skip_broken)
    for payloads, _ in _batches(
        source, known, staged, config=config, add_classes=add_classes, on_progress=on_progress
    ):
        on_payloads(staged, payloads)
    staged.broken.refuse_any()
    _refuse_no_classes(source, staged, config)
    return staged


def _nothing_staged(source: Source, known: Known, path: Path, *, skip_broken: bool) -> Staged:
    types = MetadataTypes(
        held=known.metadata_types,
        given=source.metadata_types,
        is_text_table=source.is_text_table,
        wide=known.wide_columns,
    )
    column = PAYLOAD_BY_MODALITY[source.modality]
    payload_field = pa.field(column, PAYLOAD_TYPES[source.modality])
    return Staged(path, payload_field, types, Broken(is_skipped=skip_broken))


def _batches(
    source: Source,
    known: Known,
    staged: Staged,
    *,
    config: DatasetConfig | None,
    add_classes: bool,
    on_progress: OnProgress,
) -> Iterator[list[pa.Array]]:
    """Yield the new rows, a row group at a time."""
    classes = None if config is None or add_classes else frozenset(config.classes)
    payloads: list[bytes | str] = []
    metadata: list[str] = []
    n_bytes = n_rows = 0
    for n_rows, row in enumerate(source.rows, 1):
        if n_rows % _REPORT_EVERY == 0:
            on_progress("reading", n_rows, source.n_rows)
        if classes is not None and row.label is not None and row.label not in classes:
            raise UnknownClassError(known.name, row.label, _classes(config), where=row.where)
        kept = _stage_row(row, source.modality, known, staged)
        if kept is None:
            continue
        payloads.append(kept[0])
        metadata.append(kept[1])
        n_bytes += len(kept[0])
        if len(payloads) == ROW_GROUP_ROWS or n_bytes >= ROW_GROUP_BYTES:
            yield [pa.array(payloads, staged.payload_field.type), pa.array(metadata, pa.string())]
            payloads, metadata, n_bytes = [], [], 0
    if payloads:
        yield [pa.array(payloads, staged.payload_field.type), pa.array(metadata, pa.string())]
    if not n_rows:
        raise ImportRefusedError(
            f"{source.name} holds no examples; wanted at least one row. Nothing was imported."
        )
    on_progress("reading", n_rows, n_rows)


def _classes(config: DatasetConfig | None) -> tuple[str, ...]:
    return config.classes if config else ()


def _stage_row(
    row: SourceRow, modality: str, known: Known, staged: Staged
) -> tuple[bytes | str, str] | None:
    """Check a row; return its payload and metadata, or None if it is broken or not new."""
    payload = _payload(row, modality, staged)
    if payload is None:
        return None
    metadata = staged.types.observe(row.metadata, row.where)
    if row.label is not None:
        staged.seen_labels.add(row.label)
    placed = known.place(row, payload.value)
    if placed is None:
        staged.n_known += 1
        return None
    example_id, content = placed
    staged.example_ids.append(example_id)
    staged.contents.append(content)
    staged.labels.append(row.label)
    staged.splits.append(POOL if row.label is None else row.split)
    staged.sides[payload.side] += 1
    staged.changes.update(payload.changes)
    staged.digest.update(f"{example_id}\0{content}\0{row.label}\0{row.split}\n".encode())
    return payload.value, json.dumps(metadata)


def _payload(row: SourceRow, modality: str, staged: Staged) -> Payload | None:
    """Read and check a row's payload; None if it is broken, which is told of all rows at once."""
    try:
        value = row.payload() if callable(row.payload) else row.payload
        return check_payload(value, modality, row.where)
    except ImportRefusedError as error:
        staged.broken.add(row.where, error)
        return None


def _refuse_no_classes(source: Source, staged: Staged, config: DatasetConfig | None) -> None:
    """Refuse a label column that holds ids or prose; what dataset.toml lists are classes."""
    listed = frozenset(config.classes) if config else frozenset()
    n_rows = len(staged.example_ids) + staged.n_known
    n_labels = len(staged.seen_labels - listed)
    if n_labels > MAX_GUESSED_CLASSES and n_labels > n_rows / 2:
        raise ImportRefusedError(
            f"{source.name}: its {n_rows:,} rows have {n_labels:,} different labels, so this is "
            "not a column of classes; name another with --label-column COLUMN, or list the classes "
            "in datasets/NAME/dataset.toml first. Nothing was imported."
        )


def staged_notes(staged: Staged) -> list[str]:
    """Return what became of the new examples otherwise than that they were kept as they are."""
    notes = [CHANGES[change].format(n=f"{n:,}") for change, n in sorted(staged.changes.items())]
    broken = staged.broken.note()
    return [*notes, broken] if broken else notes


def write_part(
    staged: Staged, folder: Path, known: Known, split: SplitConfig, on_progress: OnProgress
) -> Path:
    """Write the staged rows as one part with their splits, on the disk, and return its path."""
    path = folder / f"part-{staged.digest.hexdigest()}.parquet"
    splits = deal_splits(staged, known, split)
    fields = staged.types.schema()
    payload = staged.payload_field
    text = [pa.field(n, pa.string()) for n in (EXAMPLE_ID, SPLIT, LABEL)]
    schema = pa.schema([*text, payload, *fields])
    others = [f.name for f in schema if f.name != payload.name]
    is_packed = payload.type == pa.binary()  # PNG, JPEG and WebP do not get smaller
    compression = dict.fromkeys(others, "zstd")
    compression[payload.name] = "none" if is_packed else "zstd"
    n = 0
    with (
        storage_errors(path, "write"),
        pa.memory_map(str(staged.path)) as file,
        pa.ipc.open_file(file) as reader,
        pq.ParquetWriter(
            path,
            schema,
            compression=compression,
            use_dictionary=others,
            write_statistics=others,
        ) as writer,
    ):
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            rows = slice(n, n + batch.num_rows)
            texts = (staged.example_ids[rows], splits[rows], staged.labels[rows])
            metadata = [json.loads(m) for m in batch.column(1).to_pylist()]
            columns = [pa.array(t, pa.string()) for t in texts]
            columns += [batch.column(0), *staged.types.arrays(metadata)]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP_ROWS)
            n += batch.num_rows
            on_progress("writing", n, len(splits))
    sync(path)
    return path


def deal_splits(staged: Staged, known: Known, split: SplitConfig) -> list[str]:
    """Return a split a new row: the source's own, or one dealt beside all that is there."""
    counts = known.counts.copy()
    open_rows = []
    for index, (label, own) in enumerate(zip(staged.labels, staged.splits, strict=True)):
        if own is None:
            open_rows.append(index)
        elif label is not None:
            counts[label, own] += 1
    dealt = assign_splits(
        [staged.example_ids[i] for i in open_rows],
        [staged.labels[i] for i in open_rows],
        seed=split.seed,
        validation=split.validation,
        test=split.test,
        counts=counts,
    )
    splits = [own or POOL for own in staged.splits]
    for index, new in zip(open_rows, dealt, strict=True):
        splits[index] = new
    return splits
