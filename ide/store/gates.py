"""Gates of a dataset, judged on its builds; docs/gates.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import GateError, NoBuildError, QueryError
from ide.dataset.gate_metrics import LOSS, PREDICTED
from ide.dataset.gates import Gate, parse_gate
from ide.dataset.judging import IS_OUT_OF_SAMPLE, GateResult, judge, unanswered
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.build_of import build_of_revision
from ide.store.builds import (
    BuildInfo,
    build_model,
    build_table,
    previous_build,
    require_build,
)
from ide.store.conditions import Ask, asking, counted
from ide.store.gate_columns import aligned, columns_of, media_of, n_named
from ide.store.gate_file import add_gate
from ide.store.workspace import Workspace

__all__ = [
    "GateResult",
    "add_gate",
    "base_build",
    "failed_rows",
    "find_gate",
    "gate_rows",
    "judge_gates",
]

_FROM_PREDICTIONS = [EXAMPLE_ID, PREDICTED, LOSS, IS_OUT_OF_SAMPLE]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A build's examples under its own labels: (N,) rows, which of them count, and how to ask."""

    labels: pa.Table
    rows: pa.Table  # what ``judging.judge`` reads
    is_known: np.ndarray  # (N,) bool: the network was asked, and the label is one of its classes
    ask: Ask


def judge_gates(
    workspace: Workspace,
    name: str,
    *,
    build: BuildInfo | None = None,
    base: BuildInfo | None = None,
    gates: Sequence[Gate] | None = None,
) -> list[GateResult]:
    """Judge a build by gates, in their order; a result each.

    build: None = the current one. base: what a tolerance is against; None = nothing, and the
    result says so. gates: None = those of ``dataset.toml``. A build is judged by the labels,
    splits and exclusions that it was made of, and the base beside it by the same, not by its own;
    tags and metadata are those of now. A gate that
    cannot be answered fails and has its ``problem``. Raises ``NoBuildError`` where gates have
    nothing to judge, and ``ConfigError``.
    """
    asked = workspace.config(name).gates if gates is None else tuple(gates)
    if not asked:
        return []
    build = build or require_build(workspace, name)
    with ExitStack() as stack:
        now = _judged(stack, workspace, name, build)
        before = _judged(stack, workspace, name, base) if base else None
        return [_judge(gate, now, before) for gate in asked]


def base_build(workspace: Workspace, name: str, revision: str | None = None) -> BuildInfo | None:
    """Return the build that tolerances are against: of a revision, or the one before the current.

    Raises ``NoBuildError`` where a revision is named that has no build on this machine.
    """
    if revision is None:
        return previous_build(workspace, name)
    found = build_of_revision(workspace, workspace.require(name), revision)
    if found is None:
        raise NoBuildError(name, revision)
    return found


def find_gate(workspace: Workspace, name: str, text: str) -> Gate:
    """Return the gate of a line: a name in ``dataset.toml``, or ``accuracy on slice … >= 0.95``.

    Raises ``GateError`` where it is none, or where its condition cannot be answered.
    """
    config = workspace.config(name)
    gate = parse_gate(text, config.gates, classes=config.classes)
    try:
        n_named(workspace, name, gate)
    except QueryError as error:
        raise GateError(str(error)) from None
    return gate


def failed_rows(
    build: BuildInfo, result: GateResult, *, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return ``example_id, label, predicted, loss`` of what counts against a gate, worst first."""
    return rows_of(build, result.failed_ids[:limit])


def gate_rows(
    build: BuildInfo, base: BuildInfo | None, results: Iterable[GateResult]
) -> list[dict[str, Any]]:
    """Return results as rows for people and programs; ``failed`` has what counts against each."""
    return [
        {
            "dataset": build.dataset,
            "gate": r.gate.name,
            "text": r.gate.text,
            **{c: getattr(r.gate, c) for c in ("metric", "condition", "split", "bound")},
            "tolerance": r.gate.tolerance,
            **{c: getattr(r, c) for c in ("is_passed", "n", "value", "low", "high", "base_value")},
            **{"says": r.says, "problem": r.problem, "n_failed": len(r.failed_ids)},
            **{"build_id": build.build_id, "base_id": base.build_id if base else None},
            "failed": failed_rows(build, r),
        }
        for r in results
    ]


def rows_of(build: BuildInfo, example_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return ``example_id, label, split, predicted, loss`` of examples in a build, as asked."""
    ids = pa.array(list(example_ids), pa.string())
    found = [
        table.take(pc.index_in(ids, value_set=table[EXAMPLE_ID].combine_chunks()).drop_null())
        for table in (
            build_table(build, "labels", [EXAMPLE_ID, LABEL, SPLIT]),
            build_table(build, "predictions", [EXAMPLE_ID, PREDICTED, LOSS]),
        )
    ]
    labels, predictions = (table.to_pylist() for table in found)
    return [{**a, **b} for a, b in zip(labels, predictions, strict=True)]


def _judge(gate: Gate, now: _Judged, before: _Judged | None) -> GateResult:
    try:
        named = now.ask(gate.condition)
        own = _chosen(gate, before, before.ask(gate.condition)) if before else None
    except QueryError as error:
        return unanswered(gate, str(error))
    n = int(np.count_nonzero(named))
    rows = _chosen(gate, now, named)
    if before is None or own is None:
        return judge(gate, rows, n_named=n)
    ids = own[EXAMPLE_ID].combine_chunks()
    return judge(gate, rows, _base_rows(gate, rows, before), n_named=n, base_ids=ids)


def _base_rows(gate: Gate, rows: pa.Table, before: _Judged) -> pa.Table:
    """Return what the base's network says of the build's examples, with the build's labels.

    Not of those that one of the two was trained on alone; of a loss, which is that of one label,
    not of those whose label changed.
    """
    ids = before.rows[EXAMPLE_ID].combine_chunks()
    places = pc.index_in(rows[EXAMPLE_ID], value_set=ids)
    rows, found = rows.filter(pc.is_valid(places)), before.rows.take(places.drop_null())
    is_alike = pc.equal(rows[IS_OUT_OF_SAMPLE], found[IS_OUT_OF_SAMPLE])
    is_alike = pc.and_(is_alike, pc.is_valid(found[PREDICTED]))
    if gate.kind == LOSS:
        is_alike = pc.and_(is_alike, pc.fill_null(pc.equal(rows[LABEL], found[LABEL]), False))
    found = found.set_column(found.column_names.index(LABEL), LABEL, rows[LABEL])
    return found.filter(is_alike)


def _chosen(gate: Gate, of: _Judged, named: np.ndarray) -> pa.Table:
    mask = named & counted(of.labels, gate.split) & of.is_known
    return of.rows.filter(pa.array(mask))


def _judged(stack: ExitStack, workspace: Workspace, name: str, build: BuildInfo) -> _Judged:
    labels = build_table(build, "labels").sort_by(EXAMPLE_ID)
    predictions = build_table(build, "predictions", _FROM_PREDICTIONS)
    predictions = aligned(predictions, labels[EXAMPLE_ID])
    rows = predictions.append_column(LABEL, labels[LABEL])
    classes = pa.array(build_model(build)["classes"], pa.string())
    is_known = pc.and_(pc.is_in(labels[LABEL], value_set=classes), pc.is_valid(rows[PREDICTED]))
    others = columns_of(workspace, name, labels, media_of(workspace, name, build))
    return _Judged(
        labels, rows, np.asarray(is_known, bool), stack.enter_context(asking(labels, *others))
    )
