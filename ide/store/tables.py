"""What Python knows of a dataset, as Arrow tables: its edits, commits, builds and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.changes import COUNTED_KINDS
from ide.dataset.edit import Edit
from ide.dataset.replay import ExampleState
from ide.dataset.schema import EDITS, EXAMPLE_ID, LABEL, LABELS, SPLIT
from ide.store.builds import BuildInfo, build_metrics
from ide.store.commits import WITHDRAWN, CommitInfo

_MOMENT = pa.timestamp("ms", tz="UTC")

# the edit log, and the commit that brought each edit (null = not committed)
EDITS_WITH_REVISION = pa.schema([*EDITS, ("revision", pa.string())])

COMMITS = pa.schema(
    [
        ("revision", pa.string()),
        ("author", pa.string()),
        ("committed_at", _MOMENT),
        ("message", pa.string()),
        ("n_edits", pa.int32()),
        *((f"n_{kind}", pa.int32()) for kind in (*COUNTED_KINDS, WITHDRAWN)),
    ]
)

BUILDS = pa.schema(
    [
        ("build_id", pa.string()),
        ("finished_at", _MOMENT),
        ("revision", pa.string()),  # git's HEAD then
        ("is_current", pa.bool_()),
        ("n_edits", pa.int32()),
        ("n_uncommitted_edits", pa.int32()),
        ("seconds", pa.float64()),
        ("compared_with", pa.string()),
    ]
)

# all builds that are kept, a row a number; label null = of the whole split
METRICS = pa.schema(
    [
        ("build_id", pa.string()),
        ("finished_at", _MOMENT),
        ("revision", pa.string()),
        ("is_current", pa.bool_()),
        (SPLIT, pa.string()),  # null = of the whole dataset
        (LABEL, pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),  # 95 % interval, null where none is known
        ("high", pa.float64()),
        ("n", pa.int64()),  # how many examples it was measured on
    ]
)


def edits_table(edits: Iterable[Edit], commit_by_id: Mapping[str, str]) -> pa.Table:
    """Return edits as ``EDITS_WITH_REVISION``, each id once, oldest first."""
    rows = sorted({e.edit_id: e for e in edits}.values(), key=lambda e: (e.made_at, e.edit_id))
    columns = {
        "edit_id": [e.edit_id for e in rows],
        EXAMPLE_ID: [e.example_id for e in rows],
        "action": [e.action for e in rows],
        "value": [e.value for e in rows],
        "previous": [list(e.previous) for e in rows],
        "annotator": [e.annotator for e in rows],
        "made_at": [e.made_at for e in rows],
        "reason": [e.reason for e in rows],
        "evidence": [json.dumps(e.evidence) if e.evidence else None for e in rows],
        "revision": [commit_by_id.get(e.edit_id) for e in rows],
    }
    return pa.table(columns, schema=EDITS_WITH_REVISION)


def states_table(states: Mapping[str, ExampleState]) -> pa.Table:
    """Return what the edits make of the examples they touch, with the columns of LABELS.

    A null label or split means that the imported value stands.
    """
    found = states.values()
    columns = {
        EXAMPLE_ID: list(states),
        LABEL: [s.label for s in found],
        SPLIT: [s.split for s in found],
        "is_excluded": [s.is_excluded for s in found],
        "n_edits": [s.n_edits for s in found],
        "annotator": [s.annotator for s in found],
        "is_conflict": [s.is_conflict for s in found],
    }
    return pa.table(columns, schema=LABELS)


def commits_table(commits: Iterable[CommitInfo], name: str) -> pa.Table:
    """Return the commits that touched a dataset, with counts by kind, newest first."""
    rows = [
        {
            "revision": c.revision,
            "author": c.author,
            "committed_at": c.committed_at,
            "message": c.message,
            "n_edits": len(c.edit_ids.get(name, ())),
            **{
                f"n_{kind}": c.counts.get(name, {}).get(kind, 0)
                for kind in (*COUNTED_KINDS, WITHDRAWN)
            },
        }
        for c in commits
    ]
    return pa.Table.from_pylist(rows, schema=COMMITS)


def builds_table(builds: Sequence[BuildInfo]) -> pa.Table:
    """Return builds, newest first, as they are given; the first is the current one."""
    rows = [
        {
            **{f: getattr(b, f) for f in BUILDS.names if f != "is_current"},
            "is_current": index == 0,
        }
        for index, b in enumerate(builds)
    ]
    return pa.Table.from_pylist(rows, schema=BUILDS)


def metrics_table(builds: Sequence[BuildInfo]) -> pa.Table:
    """Return the metrics of all builds as one long table, newest build first."""
    rows = []
    for index, build in enumerate(builds):
        own = {
            "build_id": build.build_id,
            "finished_at": build.finished_at,
            "revision": build.revision,
            "is_current": index == 0,
        }
        rows += [own | row for row in _metric_rows(build_metrics(build))]
    return pa.Table.from_pylist(rows, schema=METRICS)


def _metric_rows(metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield (split, label, metric, value, low, high, n) of every number in metrics.json."""
    for metric, number in metrics.items():
        yield from _row(metric, number, metrics.get("n_examples"))
    for split, found in metrics.get("splits", {}).items():
        for metric, number in found.items():
            for row in _row(metric, number, found.get("n")):
                yield row | {SPLIT: split}
    for found in metrics.get("classes", []):
        for metric, number in found.items():
            for row in _row(metric, number, found.get("n")):
                yield row | {SPLIT: found.get("split"), LABEL: found.get("label")}


def _row(metric: str, number: Any, n: Any) -> Iterator[dict[str, Any]]:
    if isinstance(number, Mapping):
        if isinstance(number.get("value"), int | float):
            yield {"metric": metric, "n": n, **{k: number.get(k) for k in ("value", "low", "high")}}
    elif isinstance(number, int | float) and not isinstance(number, bool):
        yield {"metric": metric, "n": n, "value": number}
