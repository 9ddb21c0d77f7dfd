"""Classes that come in with a part: two files, of which a kill may leave the first alone.

Before the classes are added it is noted what dataset.toml was and is to be, and for which part.
Where the part never came, whoever clears up after the killed import puts the old text back.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ide.dataset.errors import UpwellError
from ide.store.files import sync, write_text
from ide.store.importing.texts import with_classes
from ide.store.workspace import Workspace

_NOTE = "new-classes.json"


def add_classes_of_part(
    workspace: Workspace, name: str, classes: list[str], *, folder: Path, part: str
) -> None:
    """Add the classes that a part brings, so that they go again where the part does not come.

    folder: the import's own. part: the name that the part's file will have.
    """
    path = workspace.config_path(name)
    before = path.read_text(encoding="utf-8")
    after = with_classes(workspace, name, before, classes)
    note = {"name": name, "part": part, "before": before, "after": after}
    (folder / _NOTE).write_text(json.dumps(note), encoding="utf-8")
    sync(folder / _NOTE)
    write_text(path, after)


def take_classes_back(workspace: Workspace, folder: Path) -> None:
    """Put dataset.toml back where a killed import had added classes whose part never came.

    It is left alone where anybody has changed it since.
    """
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        name, part, before, after = (str(note[k]) for k in ("name", "part", "before", "after"))
        path = workspace.config_path(name)
        is_half = path.read_text(encoding="utf-8") == after
        is_half &= not (workspace.examples_path(name) / part).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return  # none was noted, or not to its end: then none was added either
    if is_half:
        with contextlib.suppress(OSError, UpwellError):  # an import that cannot write says so
            write_text(path, before)
