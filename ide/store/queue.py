"""The queue of suspects: what to look at next, the judged left out."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import build_table, require_build
from ide.store.state import dataset_state
from ide.store.workspace import Workspace


def judged_ids(workspace: Workspace, name: str) -> list[str]:
    """Return the ids on which a person's verdict stands, sorted."""
    states = dataset_state(workspace, name)
    return [example_id for example_id, state in states.items() if state.is_judged]


def suspect_queue(workspace: Workspace, name: str, *, with_judged: bool = False) -> pa.Table:
    """Return the current build's suspects in rank order; see ``schema.SUSPECTS``."""
    table = build_table(require_build(workspace, name), "suspects")
    if with_judged:
        return table
    judged = pa.array(judged_ids(workspace, name), pa.string())
    return table.filter(pc.invert(pc.is_in(table[EXAMPLE_ID], value_set=judged)))


def suspect_rows(
    workspace: Workspace, name: str, *, limit: int, with_judged: bool = False
) -> list[dict[str, Any]]:
    """Return the first rows of the queue."""
    queue = suspect_queue(workspace, name, with_judged=with_judged)
    rows: list[dict[str, Any]] = queue.slice(0, limit).to_pylist()
    return rows
