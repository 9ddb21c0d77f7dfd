"""Examples that one side of a diff has and the other has not, as rows of the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.changes import CHANGES, KINDS
from ide.dataset.edit import Edit
from ide.dataset.replay import LABEL_REGISTER, ExampleState
from ide.dataset.schema import EXAMPLE_ID, LABEL

ADDED, REMOVED = "added", "removed"
# what the row of an added or a removed example says already
_TOLD = pa.array(["relabelled", "labelled", "unlabelled", "resolved"])


def with_examples(
    changes: pa.Table,
    *,
    added: pa.Table,
    removed: pa.Table,
    before: Mapping[str, ExampleState],
    after: Mapping[str, ExampleState],
    edits: Iterable[Edit],
) -> pa.Table:
    """Return ``changes.CHANGES`` with the examples that came and those that went.

    added, removed: ``example_id, label`` as imported. ``after`` of an added example is the label
    in force then, ``before`` of a removed one the label that it had; an edit that gave it is
    named. before, after, edits: as ``changes`` was given them. Sorted as there.
    """
    if not len(added) and not len(removed):
        return changes
    by_id = {edit.edit_id: edit for edit in edits}
    ids = pa.concat_arrays([t[EXAMPLE_ID].combine_chunks() for t in (added, removed)])
    is_told = pc.and_(
        pc.is_in(changes[EXAMPLE_ID], value_set=ids), pc.is_in(changes["kind"], value_set=_TOLD)
    )
    is_gone = pc.is_in(changes[EXAMPLE_ID], value_set=removed[EXAMPLE_ID].combine_chunks())
    is_told = pc.or_(is_told, pc.and_(is_gone, pc.equal(changes["kind"], "disputed")))
    tables = [
        changes.filter(pc.invert(is_told)),
        _rows(ADDED, added, after, by_id),
        _rows(REMOVED, removed, before, by_id),
    ]
    table = pa.concat_tables(tables)
    places = pc.index_in(table["kind"], value_set=pa.array(KINDS))
    keyed = table.append_column("_place", places).append_column(
        "_row", pa.array(np.arange(len(table)))
    )
    order = pc.sort_indices(
        keyed, sort_keys=[(c, "ascending") for c in (EXAMPLE_ID, "_place", "_row")]
    )
    return table.take(order)


def _rows(
    kind: str, examples: pa.Table, states: Mapping[str, ExampleState], by_id: Mapping[str, Edit]
) -> pa.Table:
    """Return a row an example: its label in force, and the edit that gave it."""
    n = len(examples)
    ids = examples[EXAMPLE_ID].combine_chunks()
    labels = examples[LABEL].combine_chunks().cast(pa.string())
    told: dict[str, pa.Array] = {
        name: pa.nulls(n, CHANGES.field(name).type)
        for name in ("annotator", "reason", "made_at", "edit_id")
    }
    mask = pc.is_in(ids, value_set=pa.array(sorted(states), pa.string()))
    rows = [(states[i], i) for i in ids.filter(mask).to_pylist()]
    if rows:
        kept = labels.filter(mask).to_pylist()
        found = [
            state.label if state.label is not None else label
            for (state, _), label in zip(rows, kept, strict=True)
        ]
        labels = pc.replace_with_mask(labels, mask, pa.array(found, pa.string()))
        edits = [_giver(state, by_id) for state, _ in rows]
        for name, column in told.items():
            values = [getattr(edit, name) if edit else None for edit in edits]
            told[name] = pc.replace_with_mask(column, mask, pa.array(values, column.type))
    empty = pa.nulls(n, pa.string())
    columns = {
        EXAMPLE_ID: ids,
        "kind": pa.repeat(kind, n),
        "before": labels if kind == REMOVED else empty,
        "after": labels if kind == ADDED else empty,
        **told,
    }
    return pa.table(columns, schema=CHANGES)


def _giver(state: ExampleState, by_id: Mapping[str, Edit]) -> Edit | None:
    """Return the newest edit that gave the label in force; None = it is as imported."""
    found = [by_id[i] for i in state.in_force.get(LABEL_REGISTER, ()) if i in by_id]
    given = [edit for edit in found if edit.action == "label"]
    return max(given, key=lambda e: (e.made_at, e.edit_id), default=None)
