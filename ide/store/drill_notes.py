"""What is said of drills where the state of a workspace is told: what counts, and what does not."""

from __future__ import annotations

from ide.dataset.drill import Drill
from ide.dataset.errors import DrillError
from ide.store.drill_file import drill_in_force, drill_path, read_drill
from ide.store.edit_log import read_edits
from ide.store.workspace import Workspace


def stray_drill(drill: Drill, where: str) -> str:
    """Say of the file of a drill that lies where it does not count what it is, and its way out."""
    return (
        f"is a drill of the branch {drill.branch}; here its planted labels do not count. "
        f"Take it out with: git rm {where}, then git commit"
    )


def drill_damage(workspace: Workspace, name: str) -> list[tuple[str, str]]:
    """Return what ``upwell check`` says of a drill's file (where, what): damaged, or astray."""
    where = workspace.relative(drill_path(workspace, name))
    try:
        drill = read_drill(workspace, name)
    except DrillError as error:
        return [(where, str(error).removeprefix(f"{where}: "))]
    if drill is None or drill_in_force(workspace, name) is not None:
        return []
    return [(where, stray_drill(drill, where))]


def drill_notes(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Return sentences on a dataset's drill, on a drill's file and edits that do not count here."""
    notes = []
    where = workspace.relative(drill_path(workspace, name))
    try:
        drill = read_drill(workspace, name)
    except DrillError as error:
        drill, notes = None, [str(error)]
    if drill is not None and drill_in_force(workspace, name) is not None:
        notes.append(
            f"{name}: {len(drill.planted):,} wrong labels are planted on this branch. "
            f"Measure with: upwell drill {name} --score; go back with: upwell drill {name} --end"
        )
    elif drill is not None:
        notes.append(f"{where} {stray_drill(drill, where)}")
    elsewhere = read_edits(workspace, name).elsewhere
    if elsewhere:
        notes.append(
            f"{name}: {len(elsewhere):,} edits were made in a drill and do not count here. What "
            "they say of examples that were not planted is carried over when the drill ends: "
            f"git switch to its branch, then upwell drill {name} --end"
        )
    return tuple(notes)
