"""The queue of suspects while people judge it: an edit costs what the edit changes.

``queue.queue_of`` makes the queue of a log from nothing, which learns from every verdict anew.
With twenty people at it that is too much for each label. Here the counts are always those of this
moment and the judged are always out of it, while the odds of the rest may be a little behind:
``MAX_LAG`` of the verdicts, so that the first hundred verdicts count at once and each later one
moves the odds as little as it is late.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from ide.dataset.replay import UNTOUCHED, ExampleState
from ide.dataset.schema import SUSPECT_THRESHOLD
from ide.dataset.verdicts import Verdict, as_columns, verdict_of
from ide.dataset.yields import Yield, yield_of
from ide.store.builds import BuildInfo
from ide.store.edit_log import EditLog
from ide.store.examples import examples_revision
from ide.store.log_growth import added_since
from ide.store.queue import Odds, Queue, Shown, as_built, odds_after, ranked
from ide.store.replaying import Replayed
from ide.store.state import imported_labels
from ide.store.workspace import Workspace

MAX_LAG = 0.01  # share of the verdicts that the odds may not know of yet
_N_KEPT = 4


@dataclass(slots=True)
class _Kept:
    """A build's queue as it was last, and what going on from there takes."""

    number: int  # of the replayed log
    log: EditLog
    states: Mapping[str, ExampleState]
    examples: str  # their revision
    verdict_by_id: dict[str, Verdict]
    is_judged: np.ndarray  # (N,) bool, of the build's rows
    n_conflicts: int
    odds: Odds
    found: Yield  # when the odds were learnt
    n_changed: int = 0  # verdicts since then
    is_being_learnt: bool = False  # a thread is at it

    @property
    def n_errors(self) -> int:
        return sum(is_error for _, is_error, *_ in self.verdict_by_id.values())

    @property
    def is_behind(self) -> bool:
        return self.n_changed > MAX_LAG * len(self.verdict_by_id)


_KEPT: OrderedDict[tuple[Workspace, BuildInfo], _Kept] = OrderedDict()
_LOCK = Lock()


def live_queue(
    workspace: Workspace, name: str, build: BuildInfo, now: Replayed
) -> tuple[Queue, int]:
    """Return the queue over a build, and how many examples are in conflict.

    now: the log as it was read a moment ago; what another thread has read since is kept.
    """
    cost = workspace.config(name).review.error_cost
    kept = _followed(workspace, name, build, now)
    with _LOCK:
        return _queue(kept, build, cost), kept.n_conflicts


def n_suspects_left(workspace: Workspace, name: str, build: BuildInfo, now: Replayed) -> int:
    """Count the suspects that nobody judged, by the odds after the verdicts given so far."""
    kept = _followed(workspace, name, build, now)
    with _LOCK:
        return int(np.count_nonzero((kept.odds.p > SUSPECT_THRESHOLD) & ~kept.is_judged))


def _followed(workspace: Workspace, name: str, build: BuildInfo, now: Replayed) -> _Kept:
    """Return what is kept of a build, gone on to ``now``, with the odds learnt where it is time."""
    examples = examples_revision(workspace, name)
    with _LOCK:
        kept = _KEPT.get((workspace, build))
        if kept is None or kept.examples != examples:
            kept = _begun(workspace, name, build, now, examples)
        elif now.number > kept.number and (added := added_since(now.log, kept.log)) is not None:
            _go_on(kept, workspace, name, build, now=now, ids={e.example_id for e in added})
        elif now.number > kept.number:
            kept = _begun(workspace, name, build, now, examples)
        _KEPT[workspace, build] = kept
        _KEPT.move_to_end((workspace, build))
        while len(_KEPT) > _N_KEPT:
            _KEPT.popitem(last=False)
        is_learner = kept.is_behind and not kept.is_being_learnt
        kept.is_being_learnt = kept.is_being_learnt or is_learner
    if is_learner:  # the others go on with the odds as they are
        _learn(kept, build)
    return kept


def _begun(
    workspace: Workspace, name: str, build: BuildInfo, now: Replayed, examples: str
) -> _Kept:
    odds = odds_after(build, as_columns(()))
    none = np.zeros(len(odds.p), bool)
    kept = _Kept(
        0, EditLog((), ()), {}, examples, {}, none, 0, odds, _found(odds, odds.order, 0, 0)
    )
    _go_on(kept, workspace, name, build, now=now, ids=now.states)
    return kept


def _go_on(
    kept: _Kept,
    workspace: Workspace,
    name: str,
    build: BuildInfo,
    *,
    now: Replayed,
    ids: Iterable[str],
) -> None:
    """Take the verdicts on some examples in, as they stand now."""
    of_build, imported = ranked(build), imported_labels(workspace, name)
    shown = Shown(now.by_id)
    for example_id in ids:
        before = kept.states.get(example_id, UNTOUCHED)
        state = now.states.get(example_id, UNTOUCHED)
        kept.n_conflicts += int(state.is_conflict) - int(before.is_conflict)
        row = of_build.row_by_id.get(example_id, -1)
        if row >= 0:
            kept.is_judged[row] = state.is_judged
        verdict = verdict_of(
            of_build.signals, state, row=row, imported=imported.get(example_id), shown=shown
        )
        kept.n_changed += int(verdict != kept.verdict_by_id.pop(example_id, None))
        if verdict is not None:
            kept.verdict_by_id[example_id] = verdict
    kept.number, kept.log, kept.states = now.number, now.log, now.states


def _learn(kept: _Kept, build: BuildInfo) -> None:
    """Bring the odds up to the verdicts, in the order of their examples."""
    try:
        with _LOCK:
            states, n_changed = kept.states, kept.n_changed
            verdicts = dict(kept.verdict_by_id)
        odds = odds_after(build, as_columns(verdicts[x] for x in states if x in verdicts))
        with _LOCK:
            order = odds.order[~kept.is_judged[odds.order]]
            kept.odds, kept.n_changed = odds, kept.n_changed - n_changed
            kept.found = _found(odds, order, len(kept.verdict_by_id), kept.n_errors)
    finally:
        kept.is_being_learnt = False


def _queue(kept: _Kept, build: BuildInfo, error_cost: float) -> Queue:
    odds = kept.odds
    order = odds.order[~kept.is_judged[odds.order]]
    n_gone = kept.found.n_left - float(odds.p[order].sum())  # errors that are no more ahead
    low, high = (round(n - n_gone) for n in (kept.found.n_left_low, kept.found.n_left_high))
    found = _found(
        odds,
        order,
        len(kept.verdict_by_id),
        kept.n_errors,
        error_cost=error_cost,
        interval=(max(0, low), min(len(order), max(0, high))),
    )
    if not kept.verdict_by_id:
        found = as_built(found, build)
    return Queue(ranked(build), odds.p, odds.p_suggested, order, found)


def _found(odds: Odds, order: np.ndarray, n_judged: int, n_errors: int, **more: Any) -> Yield:
    logits = odds.logits[order]
    return yield_of(odds.learnt, logits, n_judged=n_judged, n_errors=n_errors, **more)
