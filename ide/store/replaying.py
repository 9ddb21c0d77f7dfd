"""The edit log of a dataset replayed, and kept: an edit more costs the replay of its example."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

from ide.dataset.edit import Edit
from ide.dataset.replay import ExampleState, edits_by_example, state_of
from ide.store.edit_log import EditLog, read_edits
from ide.store.log_growth import added_since
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Replayed:
    """A log and what its edits make. ``states`` are of one moment; ``by_id`` grows with the log.

    ``number`` is greater of what was read later.
    """

    number: int
    log: EditLog
    states: dict[str, ExampleState]
    by_id: Mapping[str, Edit]


@dataclass(slots=True)
class _Kept:
    """What was replayed last, and what going on from there takes."""

    log: EditLog
    states: dict[str, ExampleState]
    number: int = field(default_factory=count(1).__next__)
    by_id: dict[str, Edit] = field(default_factory=dict)
    by_example: dict[str, dict[str, Edit]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)  # of the examples, sorted


_KEPT: OrderedDict[tuple[Workspace, str], _Kept] = OrderedDict()
_N_KEPT = 8
_LOCK = Lock()


def replayed(workspace: Workspace, name: str) -> Replayed:
    """Replay a dataset's log; where it grew since the last time, only what it grew by.

    Each example is replayed by itself. Treat what is returned as read-only.
    """
    with _LOCK:  # the log is read within: a thread that waited must not bring back an older one
        log = read_edits(workspace, name)
        kept = _KEPT.get((workspace, name))
        if kept is None or kept.log is not log:
            kept = _gone_on(kept, log)
            _KEPT[workspace, name] = kept
        _KEPT.move_to_end((workspace, name))
        while len(_KEPT) > _N_KEPT:
            _KEPT.popitem(last=False)
        return Replayed(kept.number, log, kept.states, kept.by_id)


def _gone_on(kept: _Kept | None, log: EditLog) -> _Kept:
    """Replay what a log has more, or what differs, or all of it."""
    added = added_since(log, kept.log) if kept else None
    if kept is None or added is None or any(edit.edit_id in kept.by_id for edit in added):
        return _compared(kept, log)
    return _with(kept, log, added)


def _with(kept: _Kept, log: EditLog, added: Sequence[Edit]) -> _Kept:
    """Return what was kept with some edits more, none of which has an id that is known."""
    fresh = edits_by_example(added)
    states, ids = dict(kept.states), kept.ids
    for example_id, edits in fresh.items():
        own = {**kept.by_example.get(example_id, {}), **edits}
        kept.by_example[example_id] = own
        if example_id not in states:
            insort(ids, example_id)
        states[example_id] = state_of(own)
        kept.by_id.update(edits)
    if len(states) > len(kept.states):
        states = {example_id: states[example_id] for example_id in ids}
    return _Kept(log, states, by_id=kept.by_id, by_example=kept.by_example, ids=ids)


def _compared(kept: _Kept | None, log: EditLog) -> _Kept:
    """Replay the examples whose edits are not the very same; the others stand as they are.

    An edit that is not the one that was read before is new, also under an id that is known: a
    person may have corrected its line.
    """
    by_example = edits_by_example(log.edits)
    states: dict[str, ExampleState] = {}
    for example_id, own in sorted(by_example.items()):
        is_known = kept is not None and _is_same(own, kept.by_example.get(example_id))
        states[example_id] = kept.states[example_id] if kept and is_known else state_of(own)
    by_id = {edit.edit_id: edit for edit in log.edits}
    return _Kept(log, states, by_id=by_id, by_example=by_example, ids=list(states))


def _is_same(own: Mapping[str, Edit], before: Mapping[str, Edit] | None) -> bool:
    return (
        before is not None
        and own.keys() == before.keys()
        and all(edit is before[edit_id] for edit_id, edit in own.items())
    )
