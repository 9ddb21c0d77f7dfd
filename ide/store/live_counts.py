"""How many of what a dataset has, counted while people label: an edit costs what it changes.

What the sidebar and the status line say is drawn with a page, and is to follow each label that is
given on it. Counted from nothing that takes git and a walk over every edit; here what the log grew
by since the last time is added to what was counted then.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from ide.dataset.edit import REVIEW_ACTIONS, Edit
from ide.dataset.replay import UNTOUCHED
from ide.dataset.reviews import is_talk
from ide.store.builds import BuildInfo, edits_since
from ide.store.commit_paths import SHARED, NotCommitted
from ide.store.edit_log import read_edits
from ide.store.git import head_stamp
from ide.store.issues import open_by_severity
from ide.store.live_queue import n_suspects_left
from ide.store.log_growth import added_since
from ide.store.replaying import Replayed, replayed
from ide.store.reviews import asked_for
from ide.store.status import Status, status
from ide.store.unlabelled import n_unlabelled
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of what there are now; None where nothing has looked yet.

    not_committed: of all datasets; the rest is one dataset's. n_open: problems of a severity that
    nobody settled. requests_base: a revision that shows the requests.
    """

    not_committed: NotCommitted
    n_unlabelled: int
    n_conflicts: int
    n_suspects_left: int | None
    n_open: Mapping[str, int] | None
    n_requests: int
    requests_base: str | None
    n_since_build: int | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was counted as of one log, of what is not counted anew each time."""

    now: Replayed
    build: BuildInfo | None
    n_conflicts: int
    n_since_build: int | None
    requests: tuple[int, str | None]
    reviewed: frozenset[str]  # examples of which some edit is reviewed


_KEPT: OrderedDict[tuple[Workspace, str], _Kept] = OrderedDict()
_N_KEPT = 8
_LOCK = Lock()


def live_counts(
    workspace: Workspace, name: str, build: BuildInfo | None, checked: BuildInfo | None
) -> Counts:
    """Return the counts. build: the dataset's current one; checked: whose problems are listed."""
    with _LOCK:
        kept = _going_on(workspace, name, build)
        _KEPT[workspace, name] = kept
        _KEPT.move_to_end((workspace, name))
        while len(_KEPT) > _N_KEPT:
            _KEPT.popitem(last=False)
    return Counts(
        not_committed=not_committed(workspace),
        n_unlabelled=n_unlabelled(workspace, name),
        n_conflicts=kept.n_conflicts,
        n_suspects_left=n_suspects_left(workspace, name, build, kept.now) if build else None,
        n_open=open_by_severity(workspace, name, checked, kept.now) if checked else None,
        n_requests=kept.requests[0],
        requests_base=kept.requests[1],
        n_since_build=kept.n_since_build,
    )


def _going_on(workspace: Workspace, name: str, build: BuildInfo | None) -> _Kept:
    """Return what was kept, with what the log has more; or all of it counted anew."""
    now, kept = replayed(workspace, name), _KEPT.get((workspace, name))
    added = added_since(now.log, kept.now.log) if kept and kept.build == build else None
    if kept is None or added is None:
        return _counted(workspace, name, build, now)
    if not added:
        return kept
    ids = {edit.example_id for edit in added}
    states = ((kept.now.states.get(x, UNTOUCHED), now.states.get(x, UNTOUCHED)) for x in ids)
    kept = replace(
        kept,
        now=now,
        n_conflicts=kept.n_conflicts + sum(b.is_conflict - a.is_conflict for a, b in states),
    )
    if kept.n_since_build is not None:
        n_more = sum(not is_talk(edit, now.by_id) for edit in added)
        kept = replace(kept, n_since_build=kept.n_since_build + n_more)
    return _with_requests(kept, workspace, name, added)


def _with_requests(kept: _Kept, workspace: Workspace, name: str, added: Sequence[Edit]) -> _Kept:
    """Ask anew what reviewers want where an edit is theirs, or of an example that they judged."""
    judged = {edit.example_id for edit in added if edit.action in REVIEW_ACTIONS}
    if not judged and kept.reviewed.isdisjoint(edit.example_id for edit in added):
        return kept
    return replace(
        kept, requests=asked_for(workspace, name), reviewed=kept.reviewed | frozenset(judged)
    )


def _counted(workspace: Workspace, name: str, build: BuildInfo | None, now: Replayed) -> _Kept:
    return _Kept(
        now=now,
        build=build,
        n_conflicts=sum(state.is_conflict for state in now.states.values()),
        n_since_build=edits_since(workspace, build) if build else None,
        requests=asked_for(workspace, name),
        reviewed=frozenset(e.example_id for e in now.log.edits if e.action in REVIEW_ACTIONS),
    )


@lru_cache(maxsize=8)
def _names(workspace: Workspace, _second: int) -> list[str]:
    """Return the datasets, looked for once a second however many people label."""
    return workspace.datasets()


@dataclass(frozen=True, slots=True)
class _Committed:
    """What was not committed when git was asked, and how long each dataset's log was then."""

    stamp: tuple[object, ...]
    left: NotCommitted
    n_edits: Mapping[str, int]


_COMMITTED: OrderedDict[Path, _Committed] = OrderedDict()


def not_committed(workspace: Workspace) -> NotCommitted:
    """Return what HEAD lacks, of all datasets; git is asked when HEAD or a shared file is another.

    In between, what the logs grew by is added to what git said.
    """
    before = _COMMITTED.get(workspace.root)
    if before and before.stamp == _stamp(workspace):
        n_more = [n - before.n_edits[name] for name, n in _n_edits(workspace).items()]
        if min(n_more, default=0) >= 0:
            return replace(before.left, n_edits=before.left.n_edits + sum(n_more))
    return look_anew(workspace)


def look_anew(workspace: Workspace, read: Callable[[Workspace], Status] = status) -> NotCommitted:
    """Return what HEAD lacks by a status that is read now, and go on from there."""
    stamp, n_edits = _stamp(workspace), _n_edits(workspace)
    left = read(workspace).not_committed()
    if n_edits == _n_edits(workspace):  # else it is not known which of them the status has
        _COMMITTED[workspace.root] = _Committed(stamp, left, n_edits)
        _COMMITTED.move_to_end(workspace.root)
    while len(_COMMITTED) > _N_KEPT:
        _COMMITTED.popitem(last=False)
    return left


def _n_edits(workspace: Workspace) -> dict[str, int]:
    names = _names(workspace, int(time.monotonic()))
    return {name: len(read_edits(workspace, name).edits) for name in names}


def _stamp(workspace: Workspace) -> tuple[object, ...]:
    """Return what changes where HEAD moves, a dataset comes, or a build writes what all share."""
    files = [workspace.root / name for name in SHARED]
    stats = [(s.st_ino, s.st_size, s.st_mtime_ns) for s in (f.stat() for f in files if f.exists())]
    return (*head_stamp(workspace.root), *_names(workspace, int(time.monotonic())), *stats)
