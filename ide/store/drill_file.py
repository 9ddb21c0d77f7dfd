"""A drill's file, and whether it counts: on the drill's own branch, and nowhere else.

Every reader of imported labels asks here (``examples.read_examples``, the SQL view), and so does
every reader of the edit log. It costs one look for a file that mostly is not there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ide.dataset.drill import Drill, parse_drill
from ide.dataset.errors import DrillError, GitError
from ide.store import git
from ide.store.files import write_text
from ide.store.workspace import Workspace

FILE = "drill.json"
BUILD_VARIABLE = "UPWELL_DRILL"  # the drill that a build was started for
_MARK = ".drill-build"
_STAGE_VARIABLE = "DVC_STAGE"  # DVC's own: a stage runs


def drill_path(workspace: Workspace, name: str) -> Path:
    """The file of a dataset's drill."""
    return workspace.edits_path(name) / FILE


def read_drill(workspace: Workspace, name: str) -> Drill | None:
    """Return what ``drill.json`` says, in force or not; None where there is none.

    Raises ``DrillError`` where it is damaged.
    """
    path = drill_path(workspace, name)
    try:
        stat = path.stat()
        found = _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns, workspace.relative(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    if isinstance(found, DrillError):
        raise found
    if found.dataset != name:
        raise DrillError(
            f"{workspace.relative(path)} is a drill of {found.dataset!r}, not of {name!r}, so that "
            "it counts for nothing here; delete it"
        )
    return found


@lru_cache(maxsize=32)
def _parsed(path: Path, _ino: int, _size: int, _mtime_ns: int, where: str) -> Drill | DrillError:
    try:
        return parse_drill(path.read_text(encoding="utf-8", errors="replace"), where)
    except DrillError as error:
        return error


def drill_in_force(workspace: Workspace, name: str) -> Drill | None:
    """Return the drill whose planted labels count now; None on every branch but its own.

    Within a stage of DVC only one that ``upwell compile`` asked for: what DVC keeps and
    shares (``dvc.lock``, its cache of runs) never knows a planted label.
    """
    try:
        drill = read_drill(workspace, name)
        if drill is None or git.checked_out(workspace.root) != drill.branch:
            return None
    except (DrillError, GitError):  # said by status; without git there are no branches
        return None
    is_asked = os.environ.get(BUILD_VARIABLE) == drill.drill_id
    return None if os.environ.get(_STAGE_VARIABLE) and not is_asked else drill


def drill_id(workspace: Workspace, name: str) -> str | None:
    """Return the id of the drill in force; None where there is none."""
    drill = drill_in_force(workspace, name)
    return drill.drill_id if drill else None


def begin_drill_build(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Prepare a build of drills, if some of ``names`` are in one; return the drills' ids.

    A file beside the edit logs makes DVC see that the snapshot is to be made: the overlay is
    there by grace of a branch, which DVC does not know. ``end_drill_build`` takes it away.
    """
    found = {name: drill for name in names if (drill := drill_id(workspace, name))}
    for name, drill in found.items():
        write_text(workspace.edits_path(name) / _MARK, f"{drill}\n")
    return list(found.values())


def end_drill_build(workspace: Workspace, name: str) -> None:
    """Take away what ``begin_drill_build`` has put beside the edit logs."""
    (workspace.edits_path(name) / _MARK).unlink(missing_ok=True)


def drills_path(workspace: Workspace) -> Path:
    """This machine's builds and scores of drills, a folder a drill; not in git, not DVC's."""
    return workspace.local_path / "drills"


def drill_of_build(workspace: Workspace, name: str, build_id: str) -> str | None:
    """Return the drill that a build was made in; None = in none that this machine knows."""
    folder = drills_path(workspace)
    if not folder.is_dir():
        return None
    found = (path.name for path in folder.iterdir() if (path / name / build_id).is_dir())
    return next(found, None)
