"""check: what is wrong with a dataset that no network needs to be asked about."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.checks import CheckInput, run_checks
from ide.dataset.ids import content_id
from ide.dataset.schema import EXAMPLE_ID, ISSUES
from ide.store.examples import read_examples
from ide.store.files import read_parquet, write_parquet
from ide.store.workspace import Workspace
from pipelines.stage import run_stage


def check(workspace: Workspace, name: str) -> None:
    """Write ``issues.parquet``: what the checks find, and what snapshot had to pass over."""
    config, build = workspace.config(name), workspace.build_path(name)
    snapshot = json.loads((build / "snapshot.json").read_bytes())
    model = json.loads((build / "model.json").read_bytes())
    columns = [EXAMPLE_ID, config.payload_column]
    examples = read_examples(workspace, name, columns).sort_by(EXAMPLE_ID)
    dataset = CheckInput(
        labels=read_parquet(build / "labels.parquet"),
        content_hashes=pa.array([_hash(p.as_py()) for p in examples[config.payload_column]]),
        classes=config.classes,
    )
    found = pa.concat_tables([_passed_over(snapshot), run_checks(dataset)])
    errors_first = pc.sort_indices(pc.index_in(found["severity"], pa.array(["error", "warning"])))
    metadata = {"upwell.build_id": model["build_id"]}
    write_parquet(build / "issues.parquet", found.take(errors_first), metadata=metadata)


def _passed_over(snapshot: dict[str, Any]) -> pa.Table:
    """Return an issue an edit, and one a line of an edit log, that no build can use."""
    rows = [
        ("unknown_classes", "error", i["example_id"], f"edit {i['edit_id']}: {i['message']}")
        for i in snapshot["ignored"]
    ]
    rows += [
        ("damaged_log", "warning", None, f"{d['path']}, line {d['line']}: {d['message']}")
        for d in snapshot["damage"]
    ]
    keys = ("check", "severity", EXAMPLE_ID, "message")
    found = [{**dict(zip(keys, row, strict=True)), "score": 1.0} for row in rows]
    return pa.Table.from_pylist(found, schema=ISSUES)


def _hash(payload: Any) -> str | None:
    if payload is None:
        return None
    return content_id(payload if isinstance(payload, bytes) else repr(payload).encode())


if __name__ == "__main__":
    run_stage("check", check)
