"""What a gate's condition can name, besides the labels: metadata, tags, what was measured."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.builds import BuildInfo, build_table
from ide.store.conditions import asking, counted, tag_table
from ide.store.examples import read_examples
from ide.store.media import read_measured
from ide.store.state import current_labels
from ide.store.workspace import Workspace


def n_named(workspace: Workspace, name: str, gate: Gate) -> int:
    """Count the examples that count for a gate by the labels of now; raise ``QueryError``."""
    labels = current_labels(workspace, name).sort_by(EXAMPLE_ID)
    with asking(labels, *columns_of(workspace, name, labels, None)) as ask:
        return int(np.count_nonzero(ask(gate.condition) & counted(labels, gate.split)))


def columns_of(
    workspace: Workspace, name: str, labels: pa.Table, build: BuildInfo | None
) -> list[pa.Table]:
    """Return what conditions can name besides labels: metadata, tags, what was measured."""
    ids = labels[EXAMPLE_ID]
    examples = read_examples(workspace, name)
    own = [c for c in examples.column_names if c not in (LABEL, SPLIT)]
    imported = examples.select(own).append_column("imported_label", examples[LABEL])
    found = [aligned(imported, ids), tag_table(workspace, name, labels)]
    media = read_measured(workspace, name)
    if media is None and build is not None and (build.path / "media.parquet").exists():
        media = build_table(build, "media")
    if media is not None:
        found.append(aligned(media.drop_columns(["content_hash"]), ids))
    return found


def aligned(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """Return a table's rows in the order of ids; what it does not have is null."""
    places = pc.index_in(ids, value_set=table[EXAMPLE_ID].combine_chunks())
    return table.drop_columns([EXAMPLE_ID]).take(places).append_column(EXAMPLE_ID, ids)
