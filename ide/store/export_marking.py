"""Making the mark of an export: what a dataset is, and what stood of its edited examples."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.replay import LABEL_REGISTER, SPLIT_REGISTER
from ide.dataset.schema import EXAMPLE_ID, LABEL, POOL, SPLIT
from ide.store.csv_cells import ESCAPED
from ide.store.export_mark import Edited, Mark
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

PATH = "path"  # the column of a table that names the files of its payloads
_OURS = {  # names of columns by format, in lower case, that a source's own may not take
    "csv": {PATH, ESCAPED},
    "jsonl": {PATH},
    "folder": {"file_name"},
    "parquet": set(),
}


def make_mark(
    workspace: Workspace, name: str, schema: pa.Schema, labels: pa.Table, *, format: str
) -> Mark:
    """Return the mark of an export with columns ``schema`` and labels in force ``labels``."""
    config = workspace.config(name)
    payload = config.payload_column
    has_files = schema.field(payload).type == pa.binary() and format in ("csv", "jsonl")
    own = [f for f in schema if f.name not in (EXAMPLE_ID, SPLIT, LABEL, payload)]
    names = _names([f.name for f in own], _OURS[format] - (set() if has_files else {PATH}))
    if has_files:
        names[payload] = PATH
    return Mark(
        modality=config.modality,
        payload=names.get(payload, payload),
        is_path=has_files,
        classes=config.classes,
        metadata=pa.schema(own).remove_metadata(),
        title=config.title,
        description=config.description,
        licence=config.licence,
        names=names,
        edited=dict(_edited(workspace, name, labels)),
    )


def _names(columns: list[str], ours: set[str]) -> dict[str, str]:
    """Return the name in the file of each column whose own one the file needs."""
    taken = {column.lower() for column in columns} | ours
    names = {}
    for column in columns:
        if column.lower() in ours:
            free = f"source_{column}"
            while free.lower() in taken:
                free = f"source_{free}"
            taken.add(free.lower())
            names[column] = free
    return names


def _edited(workspace: Workspace, name: str, labels: pa.Table) -> Iterator[tuple[str, Edited]]:
    """Yield (example id, what is written of it and which edits stand) of each edited example."""
    states = dataset_state(workspace, name)
    is_edited = pc.greater(labels["n_edits"], 0)
    for row in labels.filter(is_edited).select([EXAMPLE_ID, LABEL, SPLIT]).to_pylist():
        heads = states[row[EXAMPLE_ID]].heads
        own = {r: heads[r] for r in (LABEL_REGISTER, SPLIT_REGISTER) if heads.get(r)}
        if own:
            split = row[SPLIT] if row[LABEL] else POOL
            yield row[EXAMPLE_ID], Edited(row[LABEL], split, own)
