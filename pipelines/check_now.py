"""check_now: the checks of the labels as they stand, with a build or without; ``upwell check``."""

from __future__ import annotations

from ide.dataset.checks import skipped_checks
from ide.dataset.checks.check_input import Remark
from ide.dataset.snapshot import usable_edits
from ide.store.builds import current_build
from ide.store.checking import CHECKED, checked_path
from ide.store.drill_notes import drill_damage
from ide.store.edit_log import read_edits
from ide.store.files import write_json, write_parquet
from ide.store.progress import report_progress
from ide.store.state import current_labels
from ide.store.trust import is_trusted
from ide.store.workspace import Workspace
from pipelines.check_input import read_check_input
from pipelines.own_checks import all_issues
from pipelines.stage import run_stage


def check_now(workspace: Workspace, name: str) -> None:
    """Write what the checks find now, and which of them did not run, to this machine's folder."""
    report_progress("check", dataset=name, message="reading")
    log = read_edits(workspace, name)
    _, ignored = usable_edits(log.edits, workspace.config(name).classes)
    build = current_build(workspace, name)
    dataset = read_check_input(
        workspace,
        name,
        current_labels(workspace, name),
        build.path if build else None,
        damage=[
            *(Remark(f"{d.path}, line {d.line}", d.message) for d in log.damage),
            *(Remark(where, said) for where, said in drill_damage(workspace, name)),
        ],
        ignored_edits=[
            Remark(i.edit.edit_id, i.message, i.edit.example_id)
            for i in sorted(ignored, key=lambda i: i.edit.edit_id)
        ],
    )

    def on_progress(check_name: str) -> None:
        report_progress("check", dataset=name, message=check_name)

    issues, broken = all_issues(
        workspace,
        name,
        dataset,
        on_progress=on_progress,
        with_code=is_trusted(workspace.root),
    )
    folder = checked_path(workspace, name)
    write_parquet(folder / "issues.parquet", issues)
    facts = {
        "build_id": build.build_id if build else None,
        "has_build": dataset.probs is not None,
        "skipped": skipped_checks(dataset),
        "broken": broken,
    }
    write_json(folder / CHECKED, facts)


if __name__ == "__main__":
    run_stage("check", check_now)
