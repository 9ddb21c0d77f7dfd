"""The graph of the commits that touched a dataset: which follows which, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ide.store import git
from ide.store.workspace import Workspace


def parents_of_commits(workspace: Workspace, name: str) -> Mapping[str, tuple[str, ...]]:
    """Return revision → its nearest ancestors that touched the dataset too, newest first.

    As git simplifies a history to some files: commits that did not touch them are left out.
    """
    head = git.head_revision(workspace.root)
    return _parents(workspace, name, head) if head else {}


@lru_cache(maxsize=8)
def _parents(workspace: Workspace, name: str, head: str) -> Mapping[str, tuple[str, ...]]:
    out = git.run(
        workspace.root, "rev-list", "--parents", "--date-order", head, "--", f"datasets/{name}"
    )
    lines = (line.split() for line in out.decode().splitlines())
    return {commit: tuple(parents) for commit, *parents in lines}


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a commit stands in the graph. ``lane``: its column, from 0.

    ``lines``: (from column, to column, part) of what is drawn in its row; ``part`` above: from the
    row's top to the commit; below: from the commit to its bottom; through: past it.
    """

    lane: int
    lines: tuple[tuple[int, int, str], ...]


def lanes(commits: Sequence[tuple[str, Sequence[str]]]) -> list[Lane]:
    """Return the lane of each (commit, parents), given newest first; children before parents.

    A column waits for one commit. A commit takes the first column that waits for it; the others
    that do end in it. Its first parent goes on in its column, so that a branch that others are
    merged into stays straight; any other parent takes a column that waits for it, or a free one.
    """
    waiting: list[str | None] = []
    found = []
    for commit, parents in commits:
        here = [i for i, w in enumerate(waiting) if w == commit]
        lane = here[0] if here else _free(waiting)
        lines = [(i, lane, "above") for i in here]
        through = [i for i, w in enumerate(waiting) if w is not None and i not in here]
        for i in here:
            waiting[i] = None
        for i, parent in enumerate(parents):
            at = lane if i == 0 else _column(waiting, parent)
            _put(waiting, at, parent)
            lines.append((lane, at, "below"))
        lines += [(i, i, "through") for i in through]
        found.append(Lane(lane, tuple(lines)))
    return found


def _column(waiting: Sequence[str | None], commit: str) -> int:
    return waiting.index(commit) if commit in waiting else _free(waiting)


def _free(waiting: Sequence[str | None]) -> int:
    return next((i for i, w in enumerate(waiting) if w is None), len(waiting))


def _put(waiting: list[str | None], at: int, commit: str | None) -> None:
    waiting.extend([None] * (at + 1 - len(waiting)))
    waiting[at] = commit
