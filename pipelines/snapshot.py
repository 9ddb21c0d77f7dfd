"""snapshot: the labels in force, from the examples and the edit log."""

from __future__ import annotations

import sys

import pyarrow as pa

from ide.dataset.labels import label_table
from ide.dataset.replay import replay
from ide.dataset.schema import BUILD_EDITS, EXAMPLE_ID, LABEL, SPLIT, TARGETS
from ide.dataset.snapshot import IgnoredEdit, edit_set_hash, table_hash, usable_edits
from ide.store.drill_file import drill_id
from ide.store.edit_log import EditLog, read_edits
from ide.store.examples import read_examples
from ide.store.files import write_json, write_parquet
from ide.store.progress import report_progress
from ide.store.workspace import Workspace
from pipelines.stage import run_stage


def snapshot(workspace: Workspace, name: str) -> None:
    """Write ``labels``, ``targets``, ``edits.parquet`` and ``snapshot.json``, rows by id.

    Damaged lines and edits of unknown classes are reported, counted and passed over.
    """
    log = read_edits(workspace, name)
    usable, ignored = usable_edits(log.edits, workspace.config(name).classes)
    _report(name, log, ignored)
    examples = read_examples(workspace, name, [EXAMPLE_ID, SPLIT, LABEL]).sort_by(EXAMPLE_ID)
    labels = label_table(examples, replay(usable))
    targets = labels.select(TARGETS.names)
    edits = _edits(log, ignored)
    metadata = {"upwell.targets": table_hash(targets)}
    build = workspace.build_path(name)
    write_parquet(build / "labels.parquet", labels, metadata=metadata)
    write_parquet(build / "targets.parquet", targets, metadata=metadata)
    write_parquet(build / "edits.parquet", edits, metadata=metadata)
    facts = {
        "targets": metadata["upwell.targets"],
        "n_examples": len(labels),
        "n_edits": len(edits),
        "edits_revision": edit_set_hash(edits["edit_id"].to_pylist()),
        "damage": [{"path": d.path, "line": d.line, "message": d.message} for d in log.damage],
        "ignored": [
            {"edit_id": i.edit.edit_id, "example_id": i.edit.example_id, "message": i.message}
            for i in sorted(ignored, key=lambda i: i.edit.edit_id)
        ],
    }
    if drill := drill_id(workspace, name):  # then the build is the drill's; see ide.store.adopting
        facts["drill"] = drill
    write_json(build / "snapshot.json", facts)


def _edits(log: EditLog, ignored: list[IgnoredEdit]) -> pa.Table:
    is_ignored = dict.fromkeys(sorted({e.edit_id for e in log.edits}), False)
    is_ignored.update((i.edit.edit_id, True) for i in ignored)
    return pa.table([list(is_ignored), list(is_ignored.values())], schema=BUILD_EDITS)


def _report(name: str, log: EditLog, ignored: list[IgnoredEdit]) -> None:
    messages = [str(damage) for damage in log.damage]
    messages += [
        f"edit {i.edit.edit_id} of {i.edit.example_id[:80]!r} (edits/{i.edit.annotator}.jsonl): "
        f"{i.message} of {name!r}; the edit is passed over"
        for i in ignored
    ]
    for message in messages[:100]:
        report_progress("snapshot", dataset=name, warning=message)
        sys.stderr.write(f"upwell: {message}\n")
    if len(messages) > 100:
        report_progress(
            "snapshot", dataset=name, warning=f"… and {len(messages) - 100:,} more lines"
        )


if __name__ == "__main__":
    run_stage("snapshot", snapshot)
