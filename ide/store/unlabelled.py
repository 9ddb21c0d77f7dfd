"""The examples that nobody has labelled, in the order of the dataset, while people label them.

An edit costs what the edit changes: of a pool of a million, a label does not look at each again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pyarrow.compute as pc

from ide.dataset.replay import UNTOUCHED, ExampleState
from ide.dataset.schema import EXAMPLE_ID, LABEL
from ide.store.edit_log import EditLog
from ide.store.examples import examples_revision, may_lack_labels
from ide.store.log_growth import added_since
from ide.store.replaying import Replayed, replayed
from ide.store.state import imported_table
from ide.store.workspace import Workspace

_N_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class Unlabelled:
    """The examples that were imported without a label, and which of them still have none.

    ``rows``: (U,) of ``ids``, those that are open, in order.
    """

    ids: Sequence[str]
    row_by_id: Mapping[str, int]
    rows: np.ndarray

    def __len__(self) -> int:
        """Return how many examples have no label."""
        return len(self.rows)


@dataclass(slots=True)
class _Kept:
    """What is open of a dataset as it was last, and what going on from there takes."""

    number: int  # of the replayed log
    log: EditLog
    examples: str  # their revision
    ids: list[str]
    row_by_id: Mapping[str, int]
    is_open: np.ndarray  # (N,) bool


_KEPT: OrderedDict[tuple[Workspace, str], _Kept] = OrderedDict()
_LOCK = Lock()


def is_open(state: ExampleState) -> bool:
    """Whether an example that came without a label has none: no person gave it one or excluded it.

    Where people gave it different ones it is a conflict, and waits among those.
    """
    return state.label is None and not state.is_excluded and not state.is_conflict


def unlabelled(workspace: Workspace, name: str, now: Replayed | None = None) -> Unlabelled:
    """Return what has no label. ``now``: the log as it was read a moment ago."""
    now = now or replayed(workspace, name)
    examples = examples_revision(workspace, name)
    with _LOCK:
        kept = _KEPT.get((workspace, name))
        if kept is None or kept.examples != examples:
            kept = _begun(workspace, name, now, examples)
        elif now.number > kept.number and (added := added_since(now.log, kept.log)) is not None:
            _go_on(kept, now, {edit.example_id for edit in added})
        elif now.number > kept.number:
            kept.is_open[:] = True
            _go_on(kept, now, now.states)
        _KEPT[workspace, name] = kept
        _KEPT.move_to_end((workspace, name))
        while len(_KEPT) > _N_KEPT:
            _KEPT.popitem(last=False)
        return Unlabelled(kept.ids, kept.row_by_id, np.flatnonzero(kept.is_open))


def n_unlabelled(workspace: Workspace, name: str) -> int:
    """Count the examples without a label; where each came with one, no table is read for it."""
    return len(unlabelled(workspace, name)) if may_lack_labels(workspace, name) else 0


def _begun(workspace: Workspace, name: str, now: Replayed, examples: str) -> _Kept:
    table = imported_table(workspace, name)
    ids = table.filter(pc.is_null(table[LABEL]))[EXAMPLE_ID].to_pylist()
    row_by_id = {x: row for row, x in enumerate(ids)}
    kept = _Kept(now.number, now.log, examples, ids, row_by_id, np.ones(len(ids), bool))
    _go_on(kept, now, now.states)
    return kept


def _go_on(kept: _Kept, now: Replayed, ids: Iterable[str]) -> None:
    """Take in what was said of some examples, as it stands now."""
    for example_id in ids:
        if (row := kept.row_by_id.get(example_id)) is not None:
            kept.is_open[row] = is_open(now.states.get(example_id, UNTOUCHED))
    kept.number, kept.log = now.number, now.log
