"""What the workbench keeps in memory is never older than what lies on the disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa

from ide.app import cached
from ide.dataset.schema import ISSUES
from ide.store.builds import require_build
from ide.store.files import write_parquet
from tests.small import compiled_workspace, copy_workspace


def test_a_build_that_was_renewed_is_read_again(tmp_path, tmp_path_factory):
    """A confirmation, or a damaged line put right, gives new issues under the same build id."""
    compiled = compiled_workspace(tmp_path_factory.getbasetemp())
    build = require_build(copy_workspace(compiled, tmp_path / "w"), "some")
    assert cached.table(build, "issues").num_rows == 0
    issue = {"check": "conflicts", "severity": "error", "example_id": "x0", "message": "disputed"}
    found = pa.Table.from_pylist([issue], schema=ISSUES)
    write_parquet(build.path / "issues.parquet", found)
    renewed = replace(build, finished_at=build.finished_at + timedelta(seconds=1))
    assert cached.table(renewed, "issues").equals(found)
