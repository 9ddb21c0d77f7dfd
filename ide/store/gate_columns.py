"""What a gate's condition can name: labels, tags, metadata, measured facts; whom gates name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.checks.check_input import NamedByGate
from ide.dataset.errors import QueryError, UnknownColumnError
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL, MEDIA, SPLIT
from ide.dataset.source_columns import with_kept_names
from ide.store.builds import BuildInfo, build_table
from ide.store.conditions import Ask, asking, counted
from ide.store.duck_types import for_duckdb
from ide.store.examples import read_examples
from ide.store.media import read_measured
from ide.store.state import current_labels, dataset_state
from ide.store.workspace import Workspace


def read_gates(
    workspace: Workspace, name: str, labels: pa.Table, media: pa.Table | None
) -> tuple[NamedByGate, ...]:
    """Return the gates of ``dataset.toml``, each with the number of examples that it names.

    labels: ``schema.LABELS``; examples without a label, excluded or in conflict count for no gate.
    media: what was measured of the examples; None = unknown.
    """
    gates = workspace.config(name).gates
    if not gates:
        return ()
    with asking(labels, *columns_of(workspace, name, labels, media)) as ask:
        return tuple(_named(gate, labels, ask, is_measured=media is not None) for gate in gates)


def n_named(workspace: Workspace, name: str, gate: Gate) -> int:
    """Count the examples that count for a gate by the labels of now; raise ``QueryError``."""
    labels = current_labels(workspace, name)
    columns = columns_of(workspace, name, labels, read_measured(workspace, name))
    with asking(labels, *columns) as ask:
        return int(np.count_nonzero(ask(gate.condition) & counted(labels, gate.split)))


def columns_of(
    workspace: Workspace, name: str, labels: pa.Table, media: pa.Table | None
) -> list[pa.Table]:
    """Return what conditions can name besides labels, rows in the order of ``labels``.

    Metadata with ``imported_label``, tags as they stand now, and what was measured.
    """
    ids = labels[EXAMPLE_ID]
    examples = read_examples(workspace, name)
    own = [c for c in examples.column_names if c not in (LABEL, SPLIT)]
    source = for_duckdb(with_kept_names(examples.select(own), {"tags"}))
    imported = source.append_column("imported_label", examples[LABEL])
    found = [aligned(imported, ids), _tags(workspace, name, labels)]
    if media is not None:
        known = [c for c in media.column_names if c != "content_hash"]
        found.append(aligned(media.select(known), ids))
    return found


def media_of(workspace: Workspace, name: str, build: BuildInfo) -> pa.Table | None:
    """Return what was measured of the examples on this machine, else by the build; or None."""
    media = read_measured(workspace, name)
    if media is None and (build.path / "media.parquet").exists():
        return build_table(build, "media")
    return media


def aligned(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """Return a table's rows in the order of ids; what it does not have is null."""
    if table[EXAMPLE_ID].equals(ids):
        return table
    places = pc.index_in(ids, value_set=table[EXAMPLE_ID].combine_chunks())
    return table.drop_columns([EXAMPLE_ID]).take(places).append_column(EXAMPLE_ID, ids)


def _named(gate: Gate, labels: pa.Table, ask: Ask, *, is_measured: bool) -> NamedByGate:
    try:
        named = ask(gate.condition) & counted(labels, gate.split)
    except QueryError as error:
        is_of_media = isinstance(error, UnknownColumnError) and error.column in MEDIA.names
        problem = str(error) if is_measured or not is_of_media else None  # nobody knows yet
        return NamedByGate(gate.name, gate.where, None, problem)
    return NamedByGate(gate.name, gate.where, int(np.count_nonzero(named)))


def _tags(workspace: Workspace, name: str, labels: pa.Table) -> pa.Table:
    """Return ``tags`` as they stand now, a list a row of ``labels``; written ``'x' IN tags``."""
    states = dataset_state(workspace, name)
    tagged = {i: sorted(state.tags) for i, state in sorted(states.items()) if state.tags}
    of_tagged = pa.array([[], *tagged.values()], pa.list_(pa.string()))
    places = pc.index_in(labels[EXAMPLE_ID], value_set=pa.array(list(tagged), pa.string()))
    return pa.table({"tags": of_tagged.take(pc.fill_null(pc.add(places, 1), 0))})
