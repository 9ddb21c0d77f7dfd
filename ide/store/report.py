"""Gathering what the report on a change says: labels, builds and flips, from base to now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import UpwellError
from ide.dataset.flips import flips
from ide.dataset.report import DatasetReport, report
from ide.dataset.schema import EXAMPLE_ID
from ide.dataset.snapshot import edit_set_hash
from ide.store import git
from ide.store.builds import BuildInfo, build_metrics, build_table, current_build, list_builds
from ide.store.builds import edits_since as n_edits_since
from ide.store.estimates import estimate_of, estimate_of_metrics
from ide.store.history import diff
from ide.store.past_edits import edits_at
from ide.store.workspace import Workspace


def report_markdown(workspace: Workspace, base: str | None = None) -> str:
    """Return the report from revision ``base`` (default: HEAD) to the files now, as Markdown.

    The base's metrics are those of the kept build of its very labels, else metrics.json from
    DVC's cache on this machine; nothing is compiled or fetched. Raises ``GitError`` where the
    base is no revision.
    """
    name_of_base = base or "HEAD"
    revision = git.resolve(workspace.root, name_of_base)
    changed = diff(workspace, revision)
    datasets = []
    for name in workspace.datasets():
        own = changed.filter(pc.equal(changed["dataset"], name)).drop_columns(["dataset"])
        datasets.append(_dataset_report(workspace, name, revision, own))
    head = git.branch(workspace.root) or (git.head_revision(workspace.root) or "")[:10]
    title = name_of_base if name_of_base == revision else f"{name_of_base} ({revision[:10]})"
    return report(datasets, base=title, head=head)


def _dataset_report(
    workspace: Workspace, name: str, revision: str, changed: pa.Table
) -> DatasetReport:
    build = current_build(workspace, name)
    if build is None:
        note = f"there is no build here; make one with: upwell compile {name}"
        return DatasetReport(name, changed, note=note)
    base = _base_build(workspace, name, revision)
    stale = n_edits_since(workspace, build)
    newer = "edit is" if stale == 1 else "edits are"
    notes = [f"{stale:,} {newer} newer than the build"] if stale else []
    base_metrics = build_metrics(base) if base else _metrics_from_cache(workspace, name, revision)
    if base is not None and base.build_id == build.build_id:
        notes.append("both sides are the same build")
    elif base_metrics is None:
        notes.append("no build of the base here")
    return DatasetReport(
        name,
        changed,
        metrics=build_metrics(build),
        base_metrics=base_metrics,
        flips=_flips(base, build) if base else None,
        estimate=estimate_of(build),
        base_estimate=estimate_of(base) if base else estimate_of_metrics(base_metrics),
        note="; ".join(notes),
    )


def _base_build(workspace: Workspace, name: str, revision: str) -> BuildInfo | None:
    """Return the kept build made at a revision, else one of the same edits, else None."""
    builds = list_builds(workspace, name)
    exact = [b for b in builds if b.revision == revision and not b.n_uncommitted_edits]
    if exact:
        return exact[0]
    wanted = edit_set_hash(e.edit_id for e in edits_at(workspace, name, revision))
    return next((b for b in builds if b.edits_revision == wanted), None)


def _flips(base: BuildInfo, build: BuildInfo) -> pa.Table | None:
    """Return which examples changed sides; None where a build's files do not tell."""
    predicted = [EXAMPLE_ID, "predicted"]
    try:
        return flips(
            build_table(base, "labels"),
            build_table(base, "predictions", predicted),
            build_table(build, "labels"),
            build_table(build, "predictions", predicted),
        )
    except UpwellError:
        return None


def _metrics_from_cache(workspace: Workspace, name: str, revision: str) -> Mapping[str, Any] | None:
    """Return metrics.json of the build that dvc.lock names at a revision, if it is cached here."""
    lock = git.show(workspace.root, revision, "dvc.lock")
    if lock is None:
        return None
    entry = re.search(
        rf"- path: builds/{re.escape(name)}/metrics\.json\n(?:\s+(?!- )\S.*\n)*?\s+md5: (\w{{32}})",
        lock.decode(errors="replace"),
    )
    if entry is None:
        return None
    cached = workspace.root / ".dvc" / "cache" / "files" / "md5" / entry[1][:2] / entry[1][2:]
    try:
        metrics: dict[str, Any] = json.loads(cached.read_bytes())
    except (OSError, ValueError):
        return None
    return metrics
