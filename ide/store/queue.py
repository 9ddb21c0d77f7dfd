"""The queue of suspects: what to look at next, as the verdicts given so far put it.

The compile's order is where it begins. Every verdict since then corrects the odds of the labels
that nobody judged (``ide.dataset.verdicts`` says which, ``ide.dataset.recalibration`` how much),
and with them the order, without a compile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from ide.dataset.edit import Edit
from ide.dataset.logistic import sigmoid
from ide.dataset.recalibration import Calibration, calibration
from ide.dataset.replay import ExampleState
from ide.dataset.schema import EXAMPLE_ID
from ide.dataset.verdicts import Signals, Verdicts, learn, signals_of, verdicts_of
from ide.dataset.yields import Yield, advice, spread_of, yield_of
from ide.store.builds import BuildInfo, build_table, require_build
from ide.store.estimates import estimate_of
from ide.store.state import dataset_revision, dataset_state, edits_by_id, imported_labels
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A build's suspects in its own order, N rows, prepared for verdicts."""

    table: pa.Table
    ids: list[str]
    row_by_id: Mapping[str, int]
    signals: Signals


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """The suspects after the verdicts given so far."""

    ranked: Ranked
    p_mislabeled: np.ndarray  # (N,) 0 … 1, of the rows of ``ranked``
    p_suggested: np.ndarray  # (N,) the suggested label's share of that; NaN where unknown
    order: np.ndarray  # (U,) the rows that nobody judged, most suspect first
    found: Yield


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """A build's odds after some verdicts, N rows; ``order``: all rows, most suspect first."""

    logits: np.ndarray
    learnt: Calibration
    p: np.ndarray
    p_suggested: np.ndarray
    order: np.ndarray


def judged_ids(workspace: Workspace, name: str) -> list[str]:
    """Return the ids on which a person's verdict stands, sorted."""
    states = dataset_state(workspace, name)
    return [example_id for example_id, state in states.items() if state.is_judged]


def queue_of(workspace: Workspace, name: str, build: BuildInfo) -> Queue:
    """Return the queue over a build, with every verdict that stands now."""
    cost = workspace.config(name).review.error_cost
    return _queue(workspace, name, build, cost, dataset_revision(workspace, name))


def suspect_queue(workspace: Workspace, name: str, *, with_judged: bool = False) -> pa.Table:
    """Return the current build's suspects, most suspect first; see ``schema.SUSPECTS``.

    ``p_mislabeled`` and ``p_suggested`` are what the verdicts make of them; ``rank`` is the
    build's. The judged are left out.
    """
    queue = queue_of(workspace, name, require_build(workspace, name))
    rows = np.argsort(-queue.p_mislabeled, kind="stable") if with_judged else queue.order
    table = queue.ranked.table.take(pa.array(rows))
    now = {"p_mislabeled": queue.p_mislabeled, "p_suggested": queue.p_suggested}
    for key, values in now.items():
        if (column := table.schema.get_field_index(key)) >= 0:
            field = table.schema.field(column)
            odds = pa.array(values[rows], field.type, from_pandas=True)
            table = table.set_column(column, field, odds)
    return table


def suspect_rows(
    workspace: Workspace, name: str, *, limit: int, with_judged: bool = False
) -> list[dict[str, Any]]:
    """Return the first rows of the queue."""
    queue = suspect_queue(workspace, name, with_judged=with_judged)
    rows: list[dict[str, Any]] = queue.slice(0, limit).to_pylist()
    return rows


def yield_rows(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Return one row: what judging the suspects has found, what is left, and whether to go on."""
    found = queue_of(workspace, name, require_build(workspace, name)).found
    return [{**asdict(found), "advice": advice(found)}]


@lru_cache(maxsize=4)
def ranked(build: BuildInfo) -> Ranked:
    """Read a build's suspects and prepare them; once a build."""
    table = build_table(build, "suspects").sort_by("rank").combine_chunks()
    ids = table[EXAMPLE_ID].to_pylist()
    return Ranked(table, ids, {x: row for row, x in enumerate(ids)}, signals_of(table))


@lru_cache(maxsize=4)
def _queue(
    workspace: Workspace, name: str, build: BuildInfo, error_cost: float, _revision: str
) -> Queue:
    of_build = ranked(build)
    states, imported = dataset_state(workspace, name), imported_labels(workspace, name)
    verdicts = verdicts_of(
        of_build.signals,
        row_by_id=of_build.row_by_id,
        states=states,
        imported=imported,
        shown=Shown(edits_by_id(workspace, name)),
    )
    odds = odds_after(build, verdicts)
    is_judged = np.zeros(len(odds.p), bool)
    judged = (of_build.row_by_id.get(x) for x, state in states.items() if state.is_judged)
    is_judged[[row for row in judged if row is not None]] = True
    order = odds.order[~is_judged[odds.order]]
    found = yield_of(
        odds.learnt,
        odds.logits[order],
        n_judged=len(verdicts.is_error),
        n_errors=int(verdicts.is_error.sum()),
        error_cost=error_cost,
    )
    if not len(verdicts.is_error):
        found = as_built(found, build)
    return Queue(of_build, odds.p, odds.p_suggested, order, found)


def odds_after(build: BuildInfo, verdicts: Verdicts) -> Odds:
    """Return what some verdicts make of a build's odds; milliseconds at 10,000 labels."""
    of_build = ranked(build)
    logits, own = learn(of_build.signals, verdicts)
    is_error = verdicts.is_error[verdicts.rows >= 0]
    learnt = calibration(own, is_error, spread=_spread(build))
    p = sigmoid(learnt.apply(logits))
    order = np.argsort(-p, kind="stable")
    return Odds(logits, learnt, p, _suggested(of_build.table, p), order)


@lru_cache(maxsize=16)
def _spread(build: BuildInfo) -> float:
    """Return how far the odds may be off by what the build says of its own; see ``spread_of``."""
    bounds = _bounds(build)
    return spread_of(ranked(build).signals.logits, *bounds) if bounds else 1.0


def as_built(found: Yield, build: BuildInfo) -> Yield:
    """Put the build's own interval in the place of the prior's, which is as wide."""
    bounds = _bounds(build)
    return replace(found, n_left_low=bounds[0], n_left_high=bounds[1]) if bounds else found


def _bounds(build: BuildInfo) -> tuple[int, int] | None:
    found = estimate_of(build)
    return found.bounds if found else None


def _suggested(table: pa.Table, p_mislabeled: np.ndarray) -> np.ndarray:
    """Keep the suggested label's share of the doubt while the doubt changes."""
    if "p_suggested" not in table.column_names:
        return np.full(len(p_mislabeled), np.nan)
    compiled = np.maximum(table["p_mislabeled"].to_numpy().astype(float), 1e-9)
    share = np.minimum(table["p_suggested"].to_numpy() / compiled, 1)
    return np.asarray(p_mislabeled * share)


class Shown:
    """What a person was shown when the verdict in force was given, by the edits of a log."""

    def __init__(self, by_id: Mapping[str, Edit]) -> None:
        self.by_id = by_id

    def __call__(self, state: ExampleState) -> Mapping[str, Any] | None:
        """Return the evidence of the edit in force, where it has any."""
        ids = (*state.in_force.get("label", ()), *state.in_force.get("exclusion", ()))
        edits = (self.by_id.get(i) for i in ids)
        return next((edit.evidence for edit in edits if edit and edit.evidence), None)
