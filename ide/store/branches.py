"""Branches of labels: which there are, making one, going to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ide.dataset.drill import DRILLS
from ide.dataset.errors import GitError
from ide.store import git
from ide.store.builds_moving import follow_builds, keep_builds
from ide.store.drill_file import drill_in_force
from ide.store.examples_moving import lay_out_examples, moved_examples
from ide.store.git_branch import has_branch, require_new
from ide.store.lock_aside import lock_aside
from ide.store.moving import move, moving, refuse_uncommitted
from ide.store.untracked_parts import refuse_untracked_parts
from ide.store.workspace import TRACKED, Workspace

_FORMAT = "%(refname)%00%(objectname)%00%(committerdate:iso-strict)%00%(authorname)%00%(subject)"


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch. ``n_ahead``, ``n_behind``: its commits beside those of the current branch.

    ``is_remote``: it is what another clone had when it was last fetched from, such as
    ``origin/main``; it can be merged, and going to it makes a branch of one's own.
    """

    name: str
    revision: str
    committed_at: datetime
    author: str
    subject: str
    is_current: bool
    n_ahead: int
    n_behind: int
    is_remote: bool = False

    @property
    def is_drill(self) -> bool:
        """Whether wrong labels are planted on it (``upwell drill``)."""
        return self.name.startswith(DRILLS)


@dataclass(frozen=True, slots=True)
class Switched:
    """Where a switch led, and what is to be known there, in sentences."""

    branch: str
    notes: tuple[str, ...] = ()


def list_branches(workspace: Workspace) -> list[Branch]:
    """Return the branches, the current one first, own before others', newest first."""
    root = workspace.root
    current = git.branch(root)
    out = git.run(
        root,
        *("for-each-ref", "--sort=-committerdate", f"--format={_FORMAT}"),
        *("refs/heads", "refs/remotes"),
    )
    found = []
    for line in out.decode(errors="replace").splitlines():
        ref, revision, committed_at, author, subject = line.split("\0", 4)
        if ref.endswith("/HEAD") and ref.startswith("refs/remotes/"):
            continue
        is_remote = ref.startswith("refs/remotes/")
        name = ref.split("/", 2)[2]
        ahead, behind = _distance(workspace, revision)
        found.append(
            Branch(
                name=name,
                revision=revision,
                committed_at=datetime.fromisoformat(committed_at),
                author=author,
                subject=subject,
                is_current=not is_remote and name == current,
                n_ahead=ahead,
                n_behind=behind,
                is_remote=is_remote,
            )
        )
    return sorted(found, key=lambda b: (not b.is_current, b.is_remote))


def create_branch(workspace: Workspace, name: str, at: str | None = None) -> Switched:
    """Make a branch at a revision (default: HEAD) and go there; uncommitted edits come along.

    Raises ``GitError`` or ``BuildRunningError`` with one sentence; then nothing has changed.
    """
    root = workspace.root
    _refuse_drill_name(name)
    with moving(workspace, "switch"):
        require_new(root, name)
        _refuse_within_drill(workspace, f"make the branch {name!r}")
        if at is None:
            move(workspace, "switch", "--quiet", "--no-guess", "--create", name)
            return Switched(name)
        revision = git.resolve(root, at)
        return _go(workspace, name, revision, "--no-guess", "--create", name, revision)


def switch_branch(workspace: Workspace, name: str) -> Switched:
    """Go to a branch; uncommitted edits come along where git can take them.

    A branch that only another clone has (``origin/NAME``) is made here first. Raises
    ``GitError`` or ``BuildRunningError`` with one sentence; then nothing has changed.
    """
    root = workspace.root
    with moving(workspace, "switch") as repo:
        revision, arguments = _destination(workspace, name)
        tree = git.working_tree(repo, root, TRACKED)
        if (tree.branch or "").startswith(DRILLS) or name.startswith(DRILLS):
            refuse_uncommitted(tree, "switch to or from a drill")
        return _go(workspace, name, revision, *arguments)


def _go(workspace: Workspace, name: str, revision: str, *arguments: str) -> Switched:
    """Have git go to a commit, and the examples follow."""
    _require_workspace(workspace, name, revision)
    refuse_untracked_parts(workspace, "switch")
    moved = moved_examples(workspace, revision)
    keep_builds(workspace)
    with lock_aside(workspace, revision) as said:
        move(workspace, "switch", "--quiet", *arguments)
    notes = (*said, *lay_out_examples(workspace, moved), *follow_builds(workspace))
    return Switched(git.branch(workspace.root) or name, notes)


def _require_workspace(workspace: Workspace, name: str, revision: str) -> None:
    """Raise where there is no workspace at a commit: the folder would be none any more."""
    if git.show(workspace.root, revision, "dvc.yaml") is None:
        raise GitError(
            f"{name[:80]!r} holds no workspace: there is no dvc.yaml at {revision[:10]}. If you "
            f"mean to go there all the same: git switch {name[:80]}"
        )


def _destination(workspace: Workspace, name: str) -> tuple[str, list[str]]:
    """Return the commit to go to and git's arguments; raise where there is no such branch."""
    root = workspace.root
    if has_branch(root, name):
        return git.resolve(root, f"refs/heads/{name}"), ["--no-guess", name]
    remotes = [b.name for b in list_branches(workspace) if b.is_remote]
    found = [r for r in remotes if r == name or r.partition("/")[2] == name]
    found = [r for r in found if not r.partition("/")[2].startswith("-")]  # no option of git's
    if len(found) == 1:
        own = found[0].partition("/")[2]
        if found[0] == name and has_branch(root, own):
            raise GitError(
                f"{name!r} is another clone's branch, and there is a branch {own!r} here already. "
                f"Go there with: upwell switch {own}, then: upwell merge {name}"
            )
        revision = git.resolve(root, f"refs/remotes/{found[0]}")
        return revision, ["--no-guess", "--create", own, "--track", found[0]]
    if found:
        raise GitError(
            f"{name[:80]!r} is a branch of several remotes ({', '.join(found[:5])}); name one of "
            "these"
        )
    raise no_branch(workspace, name)


def no_branch(workspace: Workspace, name: str) -> GitError:
    """Return the error of a branch that is not there, with those that are."""
    known = [b.name for b in list_branches(workspace)]
    have = f" Branches: {', '.join(known[:8])}{', …' if len(known) > 8 else ''}." if known else ""
    return GitError(f"there is no branch {name[:80]!r}.{have} Make it with: upwell branch NAME")


def _refuse_drill_name(name: str) -> None:
    if name.startswith(DRILLS):
        raise GitError(
            f"{name[:80]!r} would be a drill's branch; begin a drill with: upwell drill NAME "
            "--errors 60, or choose another name"
        )


def _refuse_within_drill(workspace: Workspace, doing: str) -> None:
    for name in workspace.datasets():
        if drill_in_force(workspace, name):
            raise GitError(
                f"a drill of {name!r} is under way on this branch, so that one cannot {doing} "
                f"from here. End it first, with: upwell drill {name} --end"
            )


def _distance(workspace: Workspace, revision: str) -> tuple[int, int]:
    """Return how many commits a revision has that HEAD has not, and the other way round."""
    span = f"HEAD...{revision}"
    result = git.attempt(workspace.root, "rev-list", "--left-right", "--count", span)
    if result.returncode != 0:  # HEAD has no commit yet
        return 0, 0
    behind, ahead = result.stdout.split()
    return int(ahead), int(behind)
