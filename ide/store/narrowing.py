"""A part of the queue of suspects: of a class, a pair, a split, an annotator, a tag, a filter.

What belongs to it is settled when it is opened, so that a verdict takes an example off what is left
and not out of what is being reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from ide.dataset.replay import LABEL_REGISTER, UNTOUCHED, ExampleState
from ide.store.browse import Filters, browse_ids
from ide.store.builds import BuildInfo
from ide.store.queue import Queue, ranked
from ide.store.state import dataset_revision, dataset_state, imported_labels
from ide.store.workspace import Workspace

States = Mapping[str, ExampleState]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is asked for. ``filters``: as in Browse; ``by``: who gave the label in force."""

    filters: Filters = field(default_factory=Filters)
    suggested: str | None = None
    by: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether anything is asked for."""
        return self != Narrowing(replace(Filters(), order=self.filters.order))


@dataclass(frozen=True, slots=True, eq=False)
class Narrowed:
    """The examples of a build's queue that belong to a part of it."""

    narrowing: Narrowing
    ids: frozenset[str]
    is_member: np.ndarray  # (N,) bool, of the rows of the build's suspects

    def of(self, queue: Queue, states: States) -> Queue:
        """Return the queue with only these, of which nobody has judged the label."""
        if self.narrowing.by is None:
            return replace(queue, order=queue.order[self.is_member[queue.order]])
        order = np.argsort(-queue.p_mislabeled, kind="stable")
        rows = order[self.is_member[order]]
        is_open = [self.is_open(states.get(queue.ranked.ids[row], UNTOUCHED)) for row in rows]
        return replace(queue, order=rows[np.asarray(is_open, bool)])

    def is_open(self, state: ExampleState) -> bool:
        """Whether an example is still to be judged here.

        Where somebody's labels are reviewed, those are: until anybody confirms the label, gives
        another one, or excludes the example.
        """
        by = self.narrowing.by
        return not state.is_judged if by is None else is_given_by(state, by)

    def judged(self, ids: Iterable[str], states: States) -> list[str]:
        """Return those of ``ids`` that belong here and are judged."""
        return [i for i in ids if i in self.ids and not self.is_open(states.get(i, UNTOUCHED))]


def narrowed(workspace: Workspace, name: str, build: BuildInfo, narrowing: Narrowing) -> Narrowed:
    """Return what belongs to a part of the queue now; raise ``QueryError`` for bad SQL."""
    return _narrowed(workspace, name, build, narrowing, dataset_revision(workspace, name))


@lru_cache(maxsize=8)
def _narrowed(
    workspace: Workspace, name: str, build: BuildInfo, narrowing: Narrowing, _revision: str
) -> Narrowed:
    of_build = ranked(build)
    n = len(of_build.ids)
    is_member = np.ones(n, bool)
    if narrowing.filters != replace(Filters(), order=narrowing.filters.order):
        most = len(imported_labels(workspace, name))
        matching = frozenset(browse_ids(workspace, name, build, narrowing.filters, limit=most))
        is_member &= np.fromiter((i in matching for i in of_build.ids), bool, n)
    if narrowing.suggested is not None:
        suggested = of_build.table["suggested_label"].to_pylist()
        is_member &= np.fromiter((s == narrowing.suggested for s in suggested), bool, n)
    if narrowing.by is not None:
        states, by = dataset_state(workspace, name), narrowing.by
        given = {i for i, state in states.items() if is_given_by(state, by)}
        is_member &= np.fromiter((i in given for i in of_build.ids), bool, n)
    ids = frozenset(np.asarray(of_build.ids, object)[is_member].tolist())
    return Narrowed(narrowing, ids, is_member)


def is_given_by(state: ExampleState, annotator: str) -> bool:
    """Whether the label in force is one that somebody gave, and nobody confirmed or took out."""
    is_label = state.label is not None and bool(state.in_force.get(LABEL_REGISTER))
    is_said = is_label and not state.is_confirmed and not state.is_excluded
    return is_said and state.annotator == annotator


def givers(workspace: Workspace, name: str) -> list[str]:
    """Return who gave a label that nobody has confirmed yet, sorted."""
    return _givers(workspace, name, dataset_revision(workspace, name))


@lru_cache(maxsize=8)
def _givers(workspace: Workspace, name: str, _revision: str) -> list[str]:
    states = dataset_state(workspace, name).values()
    names = {state.annotator for state in states if state.annotator}
    return sorted(n for n in names if any(is_given_by(state, n) for state in states))
