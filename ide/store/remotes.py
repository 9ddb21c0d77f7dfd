"""Push and pull: git's commits and DVC's data together, in the order in which nothing is lost.

Push sends the data first and then the commits that name it, so that nobody ever gets a pointer
to nothing. Pull fetches the commits, then the data that they name, and moves the branch last.
See docs/remotes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ide.dataset.drill import DRILLS
from ide.dataset.errors import ConfigError, DrillError, GitError, StorageError
from ide.store import git, git_remote
from ide.store.drill_file import FILE as DRILL_FILE
from ide.store.dvc_config import Remote, default_remote
from ide.store.dvc_paths import require_paths_for_dvc
from ide.store.git_remote import Upstream
from ide.store.laying_out import lay_out_data
from ide.store.merging import merge
from ide.store.moving import require_branch
from ide.store.named_data import Named, lacking, named_by, named_here
from ide.store.past_edits import is_log
from ide.store.status import uncommitted_edits
from ide.store.transferring import transfer
from ide.store.trust import EXCHANGING, require_trust
from ide.store.untracked_parts import explain_untracked, untracked_parts
from ide.store.workspace import TRACKED, Workspace

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push sent: to where, how many commits, how many files of data; and what to know."""

    upstream: str
    n_commits: int
    n_files: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: from where, how many commits, edits by dataset, files of data."""

    upstream: str
    n_commits: int
    n_edits: dict[str, int]
    n_files: int
    notes: tuple[str, ...]


def push(workspace: Workspace, *, on_progress: OnProgress | None = None) -> Pushed:
    """Push the current branch: first what its commits name to DVC's remote, then the commits.

    Only what is committed is sent; what is not is said. Nothing is ever forced or overwritten.
    Raises ``GitError``, ``ConfigError`` or ``StorageError`` with one sentence; what was sent by
    then stays there, and another push goes on from it. A drill's branch is refused.
    """
    require_trust(workspace, EXCHANGING)
    tell = on_progress or (lambda _: None)
    root = workspace.root
    repo = git.repository(root)
    tree = git.working_tree(repo, root, [*TRACKED, ".dvc/config"])
    branch = require_branch(tree, "push")
    if branch.startswith(DRILLS):
        raise DrillError(
            f"{branch} is a drill: wrong labels are planted on it, and they never leave this "
            "machine. End it, with: upwell drill NAME --end, and push the branch it began on"
        )
    require_paths_for_dvc(workspace)
    up = git_remote.upstream(root, branch)
    tell(f"looking at {up.name}")
    there = git_remote.fetch(root, up)
    ahead, behind = git_remote.count_between(root, up) if there else (_count(workspace), 0)
    if behind:
        raise GitError(_behind(up, ahead, behind, "push"))
    new = ("--not", f"--remotes={up.remote}")
    _refuse_planted(workspace, new)
    named = named_by(workspace, "HEAD", *new)
    if _is_lock_alone(tree):
        known = {n.md5 for n in named}
        named += [n for n in named_here(workspace) if n.md5 not in known]
    n_files, notes = _push_data(workspace, named, tell)
    if ahead or not there:
        tell(f"commits to {up.name}")
        git_remote.push(root, up)
    return Pushed(up.name, ahead, n_files, (*notes, *_left_behind(workspace, tree)))


def pull(workspace: Workspace, *, on_progress: OnProgress | None = None) -> Pulled:
    """Bring the current branch up to its counterpart: commits, examples, and the kept builds.

    The data is in the cache before the branch moves; whatever fails, the files are as they were.
    Raises ``GitError`` where both sides have moved on (then ``upwell merge`` joins them) or where
    git refuses, ``BuildRunningError`` during a build, ``StorageError`` where data cannot be had.
    """
    require_trust(workspace, EXCHANGING)
    tell = on_progress or (lambda _: None)
    root = workspace.root
    tree = git.working_tree(git.repository(root), root, TRACKED)
    branch = require_branch(tree, "pull")
    if branch.startswith(DRILLS):
        raise DrillError(
            f"{branch} is a drill, which has no counterpart elsewhere. End it first, with: "
            "upwell drill NAME --end, then pull"
        )
    require_paths_for_dvc(workspace)
    up = git_remote.upstream(root, branch)
    tell(f"commits from {up.name}")
    there = git_remote.fetch(root, up)
    ahead, behind = git_remote.count_between(root, up) if there else (0, 0)
    wanted = up.ref if behind else "HEAD"
    n_files, notes = _fetch_data(workspace, named_by(workspace, wanted), tell)
    if ahead and behind:
        raise GitError(_behind(up, ahead, behind, "pull"))
    n_edits: dict[str, int] = {}
    if behind:
        tell(f"to {up.name}")
        merged = merge(workspace, up.name)
        n_edits, notes = dict(merged.n_edits), (*notes, *merged.notes)
    elif not there:
        notes = (*notes, f"{up.remote} has no branch {up.branch!r} yet; upwell push makes it")
    tell("laying out the data")
    notes = (*notes, *lay_out_data(workspace))
    return Pulled(up.name, behind, n_edits, n_files, tuple(dict.fromkeys(notes)))


def _refuse_planted(workspace: Workspace, new: Sequence[str]) -> None:
    """Raise where a commit to be pushed has a drill, as after a plain ``git merge`` of one."""
    said = git.run(workspace.root, "rev-list", "--objects", "HEAD", *new)
    for line in said.decode(errors="replace").splitlines():
        path = line.partition(" ")[2]
        if path.endswith(f"/edits/{DRILL_FILE}"):
            raise DrillError(
                f"the commits to push hold planted labels ({path}), which never leave this "
                "machine: the branch of a drill was merged, or the branch began on one. Take "
                "that back (git reset --keep COMMIT goes to before it; upwell log lists commits), "
                "then push"
            )


def _push_data(
    workspace: Workspace, named: Sequence[Named], tell: OnProgress
) -> tuple[int, tuple[str, ...]]:
    """Send data; return how many files were new there, and sentences on what was not sent."""
    remote = default_remote(workspace)
    if remote is None:
        examples = [n for n in named if not n.is_build]
        if examples:
            raise ConfigError(_no_remote(examples[0]))
        note = "builds stay on this machine, as there is no DVC remote; see docs/remotes.md"
        return 0, (note,) if named else ()
    if not named:
        return 0, ()
    missing = {n.md5 for n in lacking(workspace, named)}
    n_files = transfer(
        workspace,
        [n for n in named if n.md5 not in missing],
        remote,
        direction="push",
        on_progress=tell,
    )
    return n_files, _require_examples(workspace, [n for n in named if n.md5 in missing], remote)


def _require_examples(
    workspace: Workspace, missing: Sequence[Named], remote: Remote
) -> tuple[str, ...]:
    """Raise where examples are named that neither cache has; a build can be made again."""
    examples = [n for n in missing if not n.is_build]
    if examples:  # perhaps the remote has them: a clone that never pulled may push labels
        transfer(workspace, examples, remote, direction="fetch", on_progress=lambda _: None)
        left = lacking(workspace, examples)
        if left:
            raise StorageError(
                f"{left[0].path} as a commit names it is neither in DVC's cache on this machine "
                f"nor on the remote {remote.name!r}, and whoever pulled would get a pointer to "
                "nothing. Push from the machine where it was imported; no commit was pushed"
            )
    n = len(missing) - len(examples)
    return (f"{n:,} files of builds are no longer on this machine; not sent",) if n else ()


def _fetch_data(
    workspace: Workspace, named: Sequence[Named], tell: OnProgress
) -> tuple[int, tuple[str, ...]]:
    missing = lacking(workspace, named)
    if not missing:
        return 0, ()
    remote = default_remote(workspace)
    examples = [n for n in missing if not n.is_build]
    if remote is None:
        if examples:
            raise ConfigError(_no_remote(examples[0]))
        return 0, ("builds are not fetched, as there is no DVC remote: upwell compile makes them",)
    n_files = transfer(workspace, missing, remote, direction="fetch", on_progress=tell)
    left = lacking(workspace, missing)
    examples = [n for n in left if not n.is_build]
    if examples:
        raise StorageError(
            f"the DVC remote {remote.name!r} does not have {examples[0].path} as the commit names "
            "it. Whoever imported it has to push it (there: upwell push); nothing here has changed"
        )
    return n_files, _not_there(left, remote)


def _not_there(left: Sequence[Named], remote: Remote) -> tuple[str, ...]:
    if not left:
        return ()
    return (
        f"the DVC remote {remote.name!r} lacks {len(left):,} files of builds; "
        "upwell compile makes them",
    )


def _is_lock_alone(tree: git.WorkingTree) -> bool:
    """Whether only the build is not committed: then it is one of committed labels."""
    return {change.path for change in tree.changes} == {"dvc.lock"}


def _count(workspace: Workspace) -> int:
    return int(git.run(workspace.root, "rev-list", "--count", "HEAD"))


def _left_behind(workspace: Workspace, tree: git.WorkingTree) -> list[str]:
    """Say what is not committed, and so was not pushed."""
    notes = []
    n = sum(len(uncommitted_edits(workspace, name)) for name in workspace.datasets())
    if n:
        are = "edit is" if n == 1 else "edits are"
        notes.append(f"{n:,} {are} not committed, so not pushed; upwell commit takes them")
    notes += [
        explain_untracked(path)
        for name in workspace.datasets()
        for path in untracked_parts(workspace, name)
    ]
    others = [c.path for c in tree.changes if not is_log(c.path)]
    if ".dvc/config" in others:
        notes.append(
            ".dvc/config is not committed, so that nobody else learns of the DVC remote; "
            "commit it with: git commit -m 'The DVC remote' .dvc/config"
        )
    rest = [path for path in others if path != ".dvc/config"]
    if rest:
        more = f" and {len(rest) - 3:,} more" if len(rest) > 3 else ""
        notes.append(f"not committed, and not pushed: {', '.join(rest[:3])}{more}")
    return notes


def _behind(up: Upstream, ahead: int, behind: int, doing: str) -> str:
    theirs = f"{behind:,} commit{'s' if behind > 1 else ''}"
    if not ahead:
        return f"{up.name} has {theirs} that are not here. Get them first, with: upwell pull"
    return (
        f"this branch and {up.name} have both moved on ({ahead:,} here, {behind:,} there). Join "
        f"them, with: upwell merge {up.name}, then {doing} again"
    )


def _no_remote(named: Named) -> str:
    return (
        f"{named.path} is DVC's, and there is no DVC remote to exchange it by. Add a shared "
        "folder: dvc remote add -d store /path/to/folder, or a bucket (see docs/remotes.md), and "
        "commit .dvc/config"
    )
