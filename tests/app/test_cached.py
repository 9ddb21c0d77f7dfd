"""What the workbench keeps in memory is never older than what lies on the disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from ide.app import cached
from ide.dataset.schema import ISSUES
from ide.store.builds import BuildInfo
from ide.store.files import write_parquet


def test_a_build_that_was_renewed_is_read_again(tmp_path):
    """A damaged line that was put right gives other issues under the same build id."""
    issue = {"check": "damaged_log", "severity": "warning", "message": "line 3 is no edit"}
    damaged = pa.Table.from_pylist([issue], schema=ISSUES)
    build = BuildInfo(
        build_id="b1",
        dataset="pets",
        path=tmp_path,
        finished_at=datetime(2026, 1, 31, tzinfo=UTC),
        revision=None,
        n_uncommitted_edits=0,
        edits_revision="",
        n_edits=0,
        seconds=None,
        compared_with=None,
    )
    write_parquet(tmp_path / "issues.parquet", damaged)
    assert cached.table(build, "issues").equals(damaged)
    write_parquet(tmp_path / "issues.parquet", ISSUES.empty_table())
    renewed = replace(build, finished_at=build.finished_at + timedelta(seconds=1))
    assert cached.table(renewed, "issues").num_rows == 0
