"""What must hold still while git puts other files into a workspace: builds, imports, edits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.errors import (
    BuildRunningError,
    GitError,
    ImportRefusedError,
    StorageError,
)
from ide.store import git
from ide.store.commit_paths import files_in_the_way
from ide.store.compile_lock import compile_lock
from ide.store.file_lock import IMPORT_LOCK, file_lock
from ide.store.files import storage_errors
from ide.store.git_commit import refuse_in_progress
from ide.store.git_hooks import WITHOUT_HOOKS, run_checkout_hook, run_merge_hook
from ide.store.lock_aside import is_waiting_lock
from ide.store.log_lock import replacing_logs
from ide.store.past_edits import is_log
from ide.store.runs import load_run
from ide.store.trust import MOVING, require_trust
from ide.store.workspace import Workspace

_ROOM_BYTES = 1 << 20  # logs and descriptions; examples are not git's


@contextmanager
def moving(workspace: Workspace, doing: str) -> Iterator[git.Repository]:
    """Keep builds and imports out while the block changes branches, and yield the repository.

    doing: "merge", "switch", "revert", for the sentences. A build that was killed is put right
    first, on the branch that it ran on. Raises ``BuildRunningError``, ``ImportRefusedError`` while
    an import runs, or ``GitError`` while a merge, a rebase or the like is unfinished.
    """
    require_trust(workspace, MOVING)
    repo = git.repository(workspace.root)
    refuse_in_progress(repo, doing)
    _tidy_killed_build(workspace)
    with _import_lock(workspace, doing), compile_lock(workspace) as is_ours:
        if not is_ours:
            raise BuildRunningError(
                f"a build is running, and a {doing} would change files under it; wait for it, or "
                f"cancel it, then {doing}"
            )
        yield repo


def _tidy_killed_build(workspace: Workspace) -> None:
    run = load_run(workspace)
    if run is not None and run.state == "running":
        from ide.store.build_process import build_status  # slow to import, and mostly not needed

        build_status(workspace)


@contextmanager
def _import_lock(workspace: Workspace, doing: str) -> Iterator[None]:
    """Keep imports out: they write parts that belong to the branch they were begun on."""
    with file_lock(workspace.local_path / IMPORT_LOCK) as handle:
        if handle is None:
            raise ImportRefusedError(
                f"an import is running, and a {doing} would change files under it; wait for it, "
                f"then {doing}"
            )
        yield


def move(workspace: Workspace, *arguments: str) -> None:
    """Run a git command that replaces files, while nobody appends; raise what it refuses.

    Git looks before it touches anything: when this raises, nothing has changed. But it writes the
    files and then its index, so a disk that is full is noticed here first. Hooks run afterwards.
    """
    before = git.head_revision(workspace.root)
    with replacing_logs(workspace):
        _require_room(git.repository(workspace.root).git_path)
        result = git.attempt(workspace.root, *WITHOUT_HOOKS, *arguments)
    if result.returncode != 0:
        said = result.stderr.decode(errors="replace")
        kind = StorageError if git.is_full(said) else GitError
        raise kind(refusal(said, workspace.root))
    if arguments[0] == "merge":
        run_merge_hook(workspace.root)
    else:
        run_checkout_hook(workspace.root, before)


def _require_room(git_path: Path) -> None:
    """Raise ``StorageError`` where the disk has no room for git's index and some files more."""
    index = git_path / "index"
    with (
        storage_errors(git_path, "write in"),
        tempfile.TemporaryFile(dir=git_path, prefix="room-") as probe,
    ):
        n_bytes = (index.stat().st_size if index.exists() else 0) + _ROOM_BYTES
        probe.write(bytes(n_bytes))
        probe.flush()


def refusal(said: str, root: Path) -> str:
    """Turn what git says when it will not replace files into a sentence."""
    if "would be overwritten by" not in said:
        return git.explain(said, root)
    files = [line.strip() for line in said.splitlines() if line.startswith("\t")]
    have = "is" if len(files) == 1 else "are"
    if "untracked working tree files" in said:
        return (
            f"{_few(files)} {have} not in git here and would be overwritten. Move or delete, or "
            "commit, then try again"
        )
    return (
        f"{_few(files)} {have} not committed and would be overwritten. Commit first, with: "
        "upwell commit (or git commit for what is no label)"
    )


def refuse_uncommitted(tree: git.WorkingTree, doing: str) -> None:
    """Raise ``GitError`` where labels, descriptions or pointers differ from HEAD.

    The lock of a build that is to be committed with its labels holds up nothing: ``lock_aside``.
    """
    changes = [c for c in tree.changes if not is_waiting_lock(c)]
    paths = [c.path for c in changes if c.kind != "untracked" or is_log(c.path)]
    foreign = files_in_the_way(changes)
    if paths and len(foreign) == len(paths):
        raise GitError(
            f"not committed: {_few(paths)}; a {doing} could mix it up, and it is nothing that "
            f"upwell commit takes. Commit it first, with: git commit, then {doing}"
        )
    if paths:
        raise GitError(
            f"not committed: {_few(paths)}; a {doing} needs every edit in a commit, so that "
            f"none is mixed up with it. Commit first, with: upwell commit, then {doing}"
        )


def require_branch(tree: git.WorkingTree, doing: str) -> str:
    """Return the branch that HEAD is on; raise ``GitError`` where it is on none."""
    if tree.revision is None:
        raise GitError(f"there is no commit yet to {doing}. Make one with: upwell commit")
    if tree.branch is None:
        raise GitError(
            f"HEAD is detached, so that a {doing} would belong to no branch. Go to one first, "
            "with: upwell switch main, or make one here, with: upwell branch NAME"
        )
    return tree.branch


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
