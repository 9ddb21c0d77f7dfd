"""The code that stages run: the installed one, or that of the revision which is built.

A revision brings code of its own only where Upwell itself is developed: where the package that
runs here is a file of the very repository. A folder ``pipelines/`` of any other is data.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import ide
from ide.store import git
from ide.store.files import storage_errors
from ide.store.workspace import Workspace

_PACKAGES = ("ide", "models", "pipelines")


def brings_code(workspace: Workspace, commit: str) -> bool:
    """Whether a revision has code of its own, which its builds depend on besides the labels."""
    if not _is_home(workspace):
        return False
    repo = git.repository(workspace.root)
    return bool(git.list_files(repo, workspace.root, commit, "pipelines"))


def lend_code(workspace: Workspace, clean: Workspace) -> None:
    """Have stages in a clean folder run the code of its revision, where it brings any.

    Only the packages are lent, by links beside the folder: what else it holds is no module.
    """
    folder = _lent_path(clean)
    if folder is None:
        return
    with storage_errors(folder, "write"):
        if folder.exists():
            shutil.rmtree(folder)
        if _is_home(workspace) and (clean.root / "pipelines").is_dir():
            folder.mkdir()
            for name in _PACKAGES:
                (folder / name).symlink_to(clean.root / name)


def code_of(workspace: Workspace) -> dict[str, str]:
    """Return the variables by which stages find the code that was lent; none where none was."""
    folder = _lent_path(workspace)
    if folder is None or not folder.is_dir():
        return {}
    given = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([given] if given else [])])}


def _lent_path(clean: Workspace) -> Path | None:
    """Return where code is lent to a clean folder; None for a workspace that is none."""
    for place in (clean.root, *clean.root.parents):
        if place.parts[-4:-1] == (".upwell", "at", "work"):
            return place.with_suffix(".code")
    return None


def _is_home(workspace: Workspace) -> bool:
    return Path(ide.__file__).resolve() == (workspace.root / "ide" / "__init__.py").resolve()
