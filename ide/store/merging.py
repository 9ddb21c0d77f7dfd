"""Merging a branch: every edit of both sides, and nothing asked but what people disagree on.

Git's own merge is made in its object store first (``git merge-tree``), looked at, completed where
git would stop for what is no question (``merging_files``), and committed. Only then do the files
change, by a fast-forward to that commit, which git does whole or not at all.
See docs/decisions/052-merges-are-made-aside.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.drill import DRILLS
from ide.dataset.errors import GitError
from ide.store import git
from ide.store.branches import no_branch
from ide.store.builds_moving import follow_builds, keep_builds
from ide.store.drill_file import FILE as DRILL_FILE
from ide.store.edit_log import log_paths, parse_log, read_edits, whole_lines
from ide.store.examples_moving import duplicated_ids, lay_out_examples, moved_examples
from ide.store.git_branch import has_branch
from ide.store.lock_aside import lock_aside
from ide.store.log_marks import MARKS
from ide.store.merging_files import Trees, complete
from ide.store.moving import move, moving, refuse_uncommitted, require_branch
from ide.store.past_edits import dataset_of
from ide.store.state import dataset_state
from ide.store.untracked_parts import refuse_untracked_parts
from ide.store.workspace import TRACKED, Workspace


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge did. ``revision``: the commit that HEAD is at now; None where nothing was new.

    ``n_edits``: dataset → how many edits it brought. ``conflicts``: dataset → the examples that
    people disagree on now. ``notes``: sentences on what else there is to know or do.
    """

    revision: str | None
    is_up_to_date: bool
    n_edits: Mapping[str, int]
    conflicts: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @property
    def n_conflicts(self) -> int:
        """How many examples people disagree on, in all datasets."""
        return sum(len(ids) for ids in self.conflicts.values())


def merge(workspace: Workspace, name: str, *, message: str | None = None) -> MergeResult:
    """Merge a branch (also ``origin/main``, or a revision) into the current one.

    Labels never stop it: equal ones agree, those that disagree become conflicts, which any later
    edit of the example resolves. message: None = git's own with what was brought; where HEAD has
    nothing of its own, no commit is made without one. Raises ``GitError`` or
    ``BuildRunningError`` with one sentence; then nothing has changed.
    """
    root = workspace.root
    with moving(workspace, "merge") as repo:
        tree = git.working_tree(repo, root, TRACKED)
        require_branch(tree, "merge")
        kind, theirs = _theirs(workspace, name)
        head = git.resolve(root, "HEAD")
        _refuse_drills(workspace, repo, tree.branch or "", name, theirs)
        refuse_uncommitted(tree, "merge")
        refuse_untracked_parts(workspace, "merge")
        base = _base(root, head, theirs, name)
        if base == theirs:
            return MergeResult(None, True, {}, conflicts(workspace))
        known = _lines(workspace)
        if base == head and message is None:
            notes: tuple[str, ...] = ()
            revision = theirs
        else:
            revision, notes = _commit(workspace, repo, Trees(base, head, theirs), kind, message)
        moved = moved_examples(workspace, revision)
        keep_builds(workspace)
        with lock_aside(workspace, revision) as said:
            move(workspace, "merge", "--quiet", "--ff-only", revision)
        notes += said
        notes += lay_out_examples(workspace, moved)
        follow_builds(workspace)
    notes += (*(_doubled(workspace, moved) if base != head else ()), *_marks(workspace))
    brought = {n: _n_edits(lines - known.get(n, set())) for n, lines in _lines(workspace).items()}
    return MergeResult(
        revision, False, {n: c for n, c in brought.items() if c}, conflicts(workspace), notes
    )


def _marks(workspace: Workspace) -> tuple[str, ...]:
    """Say which logs hold marks of somebody's unfinished merge, which a merge brings along."""
    every = (d for name in workspace.datasets() for d in read_edits(workspace, name).damage)
    return tuple(str(damage) for damage in every if damage.message == MARKS)


def _doubled(workspace: Workspace, names: Sequence[str]) -> tuple[str, ...]:
    """Say where both branches have imported the same examples."""
    return tuple(
        f"{n:,} examples of {name!r} came in on both branches and stand there twice; upwell check "
        f"{name} lists them"
        for name, n in duplicated_ids(workspace, names).items()
    )


def conflicts(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    """Return, by dataset, the examples that people disagree on; no dataset without any."""
    found = {
        name: tuple(i for i, state in dataset_state(workspace, name).items() if state.is_conflict)
        for name in workspace.datasets()
    }
    return {name: ids for name, ids in found.items() if ids}


def _theirs(workspace: Workspace, name: str) -> tuple[str, str]:
    """Return what git calls the other side in a message, and its commit."""
    root = workspace.root
    if has_branch(root, name):
        return f"branch '{name}'", git.resolve(root, f"refs/heads/{name}")
    ref = f"refs/remotes/{name}"
    if name and git.attempt(root, "show-ref", "--verify", "--quiet", ref).returncode == 0:
        return f"remote-tracking branch '{name}'", git.resolve(root, ref)
    try:
        return f"commit '{name}'", git.resolve(root, name)
    except GitError:
        raise no_branch(workspace, name) from None


def _refuse_drills(
    workspace: Workspace, repo: git.Repository, branch: str, name: str, theirs: str
) -> None:
    """Keep planted labels on their branch, and other branches off it."""
    if branch.startswith(DRILLS):
        raise GitError(
            f"a drill is under way on this branch ({branch}), which would not be the same drill "
            "after a merge. End it first, with: upwell drill NAME --end"
        )
    here = git.list_files(repo, workspace.root, "HEAD", "datasets")
    there = git.list_files(repo, workspace.root, theirs, "datasets")
    found = [p for p in there if p.endswith(f"/edits/{DRILL_FILE}") and p not in here]
    if found:
        dataset = dataset_of(found[0])
        raise GitError(
            f"{name[:80]!r} is a drill of {dataset!r}: wrong labels are planted on it, and they "
            "never leave it. What people said there of other examples is carried over by: "
            f"upwell switch to its branch, then upwell drill {dataset} --end"
        )


def _base(root: Path, head: str, theirs: str, name: str) -> str:
    """Return the newest commit that both sides have; raise where there is none."""
    result = git.attempt(root, "merge-base", head, theirs)
    if result.returncode == 0:
        return result.stdout.decode().split()[0]
    if git.is_shallow(root):
        raise GitError(
            f"this clone is shallow and does not reach back to where {name[:80]!r} began, so that "
            "git cannot tell what is new. Fetch the rest with: git fetch --unshallow, then merge"
        )
    raise GitError(
        f"{name[:80]!r} and the current branch have no commit in common: they are of different "
        "repositories. If they shall be one all the same: git merge --allow-unrelated-histories "
        f"{name[:80]}"
    )


def _commit(
    workspace: Workspace, repo: git.Repository, trees: Trees, kind: str, message: str | None
) -> tuple[str, tuple[str, ...]]:
    """Make the merge commit in git's store, with its hooks; no file changes."""
    merged = complete(workspace, repo, trees)
    text = (message or "").strip() or f"Merge {kind}"
    with tempfile.TemporaryDirectory(dir=repo.git_path, prefix="upwell-") as folder:
        path = Path(folder) / "message"
        path.write_text(text + "\n", encoding="utf-8")
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run(workspace.root, "read-tree", merged.tree, environment=index)
        _hook(workspace.root, "pre-merge-commit", environment=index)
        _hook(workspace.root, "commit-msg", str(path), environment=index)
        signed = git.attempt(workspace.root, "config", "--bool", "commit.gpgSign").stdout.strip()
        revision = git.run(
            workspace.root,
            *("commit-tree", merged.tree, "-p", trees.ours, "-p", trees.theirs),
            *(["-S"] if signed == b"true" else []),
            *("-F", os.fspath(path)),
        )
    return revision.decode().strip(), merged.notes


def _hook(root: Path, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
    """Run a hook of the person's; raise with its words where it refuses."""
    result = git.attempt(
        root, "hook", "run", "--ignore-missing", name, "--", *arguments, environment=environment
    )
    if result.returncode != 0:
        said = (result.stderr + result.stdout).decode(errors="replace")
        first = " / ".join(line for line in said.splitlines() if line.strip())[:400]
        raise GitError(
            f"the merge was refused by the hook {name}, and nothing has changed. "
            f"It said: {first or 'nothing'}"
        )


def _lines(workspace: Workspace) -> dict[str, set[bytes]]:
    """Return, by dataset, the lines of its logs: cheaper than its edits, and as good to compare."""
    return {
        name: {
            line for path in log_paths(workspace, name) for line in whole_lines(path).split(b"\n")
        }
        for name in workspace.datasets()
    }


def _n_edits(lines: Iterable[bytes]) -> int:
    return len({edit.edit_id for edit in parse_log(b"\n".join([*lines, b""]), "").edits})
