"""The labels in force: imported values with the edit log's states laid over them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.replay import ExampleState
from ide.dataset.schema import EXAMPLE_ID, LABEL, LABELS, SPLIT


def label_table(examples: pa.Table, states: Mapping[str, ExampleState]) -> pa.Table:
    """Return ``labels`` (see ``schema.LABELS``), a row an example, in the order of ``examples``.

    examples: (N,) with ``example_id, split, label``. Edits of examples that are not there are
    passed over: another branch may have them. An example in conflict keeps its imported label
    and is marked, so that nothing trains on a value that people dispute.
    """
    ids = examples[EXAMPLE_ID].combine_chunks()
    n = len(ids)
    columns = {
        EXAMPLE_ID: ids,
        LABEL: examples[LABEL].combine_chunks().cast(pa.string()),
        SPLIT: examples[SPLIT].combine_chunks().cast(pa.string()),
        "is_excluded": pa.repeat(pa.scalar(value=False), n),
        "n_edits": pa.repeat(pa.scalar(0, pa.int32()), n),
        "annotator": pa.nulls(n, pa.string()),
        "is_conflict": pa.repeat(pa.scalar(value=False), n),
    }
    if states:
        touched = pa.array(sorted(states), pa.string())
        positions = pc.index_in(ids, value_set=touched)
        mask = positions.is_valid()
        found = [states[i] for i in pc.filter(ids, mask).to_pylist()]
        before = {c: pc.filter(columns[c], mask).to_pylist() for c in (LABEL, SPLIT)}
        rows = [
            _row(state, label, split)
            for state, label, split in zip(found, before[LABEL], before[SPLIT], strict=True)
        ]
        for index, name in enumerate(columns):
            if name == EXAMPLE_ID:
                continue
            new = pa.array([row[index - 1] for row in rows], LABELS.field(name).type)
            columns[name] = pc.replace_with_mask(columns[name], mask, new)
    return pa.table(columns, schema=LABELS)


def _row(
    state: ExampleState, label: str | None, split: str | None
) -> tuple[str | None, str | None, bool, int, str | None, bool]:
    """Return one example's values after its id, in the order of ``schema.LABELS``."""
    return (
        state.label if state.label is not None else label,
        state.split or split,
        state.is_excluded,
        state.n_edits,
        state.annotator,
        state.is_conflict,
    )
