"""A ``dvc.lock`` that is not committed, kept out of git's way while HEAD goes somewhere else.

After a compile it waits for the commit of the labels that the build is of. It is no work of a
person's: the build that it records is kept beside it, and DVC finds its outputs again by what they
are made of. So it holds up nothing. See docs/decisions/091-one-commit-a-round.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ide.store import git
from ide.store.commit_paths import LOCK
from ide.store.files import write_bytes
from ide.store.workspace import Workspace


def is_waiting_lock(change: git.Change) -> bool:
    """Whether a changed file is the lock of a build whose labels are still to be committed."""
    return change.path == LOCK and change.kind != "unmerged"


@contextmanager
def lock_aside(workspace: Workspace, revision: str) -> Iterator[tuple[str, ...]]:
    """Let HEAD go to a commit within the block though ``dvc.lock`` is not committed.

    Where that commit has the lock that HEAD has, git carries the file along. Where it has another,
    that one stands afterwards, which a yielded sentence says; what raises puts the file back.
    """
    path = workspace.root / LOCK
    here, there = (git.show(workspace.root, at, LOCK) for at in ("HEAD", revision))
    waiting = path.read_bytes() if path.is_file() else None
    if here in (waiting, there):
        yield ()
        return
    _put(workspace, here)
    try:
        yield (
            "dvc.lock of the last build was not committed, and the one that is committed there "
            "stands now; the build itself is kept",
        )
    except BaseException:
        _put(workspace, waiting)
        raise


def _put(workspace: Workspace, data: bytes | None) -> None:
    path = workspace.root / LOCK
    if data is None:
        path.unlink(missing_ok=True)
    else:
        write_bytes(path, data)
