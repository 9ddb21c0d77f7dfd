"""``dvc.lock`` as it was before a run, and putting it back, unless git has changed it meanwhile."""

from __future__ import annotations

from pathlib import Path

from ide.dataset.errors import GitError
from ide.store import git
from ide.store.files import write_bytes, write_text
from ide.store.workspace import Workspace

_NAME = "dvc.lock"
_ABSENT = "no-dvc.lock"  # there was none
_HEAD = "head"  # branch and commit then


def copy_lock(workspace: Workspace, folder: Path) -> None:
    """Keep ``dvc.lock`` in a run's folder, and at which branch and commit that was."""
    write_text(folder / _HEAD, _head(workspace))
    lock = workspace.root / _NAME
    if lock.exists():
        write_bytes(folder / _NAME, lock.read_bytes())
    else:
        (folder / _ABSENT).touch()


def put_lock_back(workspace: Workspace, folder: Path) -> bool:
    """Put ``dvc.lock`` back as it was; False where a run ended before it was copied.

    Where HEAD has moved since, the file is git's or a person's: then it is only taken back to
    what HEAD has, if that is what it was before, since git carries a changed file along.
    """
    before, lock = folder / _NAME, workspace.root / _NAME
    if not before.exists() and not (folder / _ABSENT).exists():
        return False
    wanted = before.read_bytes() if before.exists() else None
    known = folder / _HEAD
    is_moved = known.exists() and known.read_text(encoding="utf-8") != _head(workspace)
    if is_moved and _in_head(workspace) != wanted:
        return True
    if wanted is None:
        lock.unlink(missing_ok=True)
    elif not lock.exists() or lock.read_bytes() != wanted:
        write_bytes(lock, wanted)
    return True


def _head(workspace: Workspace) -> str:
    try:
        branch, commit = git.branch(workspace.root), git.head_revision(workspace.root)
    except GitError:  # a workspace without git builds all the same
        return "none\n"
    return f"{branch or '(detached)'} {commit or '(none)'}\n"


def _in_head(workspace: Workspace) -> bytes | None:
    try:
        return git.show(workspace.root, "HEAD", _NAME)
    except GitError:
        return None
