"""check: what is wrong with a dataset besides its labels, under the labels that were compiled."""

from __future__ import annotations

import sys

from ide.dataset.checks.check_input import Remark
from ide.store.builds import SHAPES
from ide.store.files import read_json, read_parquet, write_parquet
from ide.store.progress import report_progress
from ide.store.workspace import Workspace
from pipelines.check_input import read_check_input
from pipelines.own_checks import all_issues
from pipelines.stage import run_stage


def check(workspace: Workspace, name: str) -> None:
    """Write ``issues.parquet``, and ``media.parquet``: what was measured of each payload.

    An own check that breaks is reported, and passed over: it cannot fail the build.
    """
    build = workspace.build_path(name)
    snapshot = read_json(build / "snapshot.json", SHAPES["snapshot.json"])
    metadata = {
        "upwell.build_id": read_json(build / "model.json", SHAPES["model.json"])["build_id"]
    }
    dataset = read_check_input(
        workspace,
        name,
        read_parquet(build / "labels.parquet"),
        build,
        damage=[
            Remark(f"{d['path']}, line {d['line']}", d["message"])
            for d in snapshot.get("damage") or ()
        ],
        ignored_edits=[
            Remark(i["edit_id"], i["message"], i["example_id"])
            for i in snapshot.get("ignored") or ()
        ],
    )

    def on_progress(check_name: str) -> None:
        report_progress("check", dataset=name, message=check_name)

    issues, broken = all_issues(workspace, name, dataset, on_progress=on_progress)
    for sentence in broken:
        report_progress("check", dataset=name, warning=sentence)
        sys.stderr.write(f"upwell: {sentence}\n")
    write_parquet(build / "media.parquet", dataset.media, metadata=metadata)
    write_parquet(build / "issues.parquet", issues, metadata=metadata)


if __name__ == "__main__":
    run_stage("check", check)
