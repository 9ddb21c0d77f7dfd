"""Finished builds with issues that a test made up, as the archive keeps them."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa

from ide.dataset.checks.registry import Check, Issue, issue_table
from ide.dataset.schema import ISSUES, LABELS, PREDICTIONS, SUSPECTS
from ide.store.checking import CHECKED, checked_path
from ide.store.files import write_json, write_parquet
from ide.store.workspace import Workspace

SEVERITY = {
    "conflicting_duplicates": "error",
    "leaks": "error",
    "exact_duplicates": "warning",
    "small_classes": "warning",
    "outliers": "note",
}


def issues(*rows: tuple[str, str | None, str | None, dict]) -> pa.Table:
    """Return ``schema.ISSUES`` of (check, example_id, other_id, more)."""
    return issue_table(
        (
            Check(check, SEVERITY[check], lambda _: ()),
            Issue(one, other, **{"score": 1.0, "message": f"{check}!", **more}),
        )
        for check, one, other, more in rows
    )


def write_findings(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Write what ``upwell check`` leaves behind where it found these issues."""
    folder = checked_path(workspace, name)
    write_parquet(folder / "issues.parquet", table.cast(ISSUES))
    write_json(folder / CHECKED, {"build_id": None, "skipped": {}, "broken": []})


def archive_issues(workspace: Workspace, name: str, table: pa.Table, build_id: str = "b1") -> Path:
    """Write a finished build of a dataset that found these issues and nothing else."""
    folder = workspace.local_path / "builds" / name / build_id
    empty = {"suspects": SUSPECTS, "predictions": PREDICTIONS, "labels": LABELS}
    for file, schema in empty.items():
        write_parquet(folder / f"{file}.parquet", schema.empty_table())
    edits = pa.schema([("edit_id", pa.string())])
    write_parquet(folder / "edits.parquet", edits.empty_table())
    write_parquet(folder / "issues.parquet", table.cast(ISSUES))
    write_json(folder / "metrics.json", {"build_id": build_id, "splits": {}, "classes": []})
    facts = {"build_id": build_id, "dataset": name, "finished_at": time.time(), "n_edits": 0}
    more = {"revision": None, "n_uncommitted_edits": 0, "edits_revision": "", "seconds": 1.5}
    write_json(folder / "build.json", facts | more | {"compared_with": None})
    return folder
