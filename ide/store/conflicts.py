"""The conflicts of a dataset: in which order they are resolved, and where each side comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ide.dataset.conflicts import Conflict, conflicts_of
from ide.dataset.errors import GitError
from ide.dataset.replay import UNTOUCHED
from ide.store import git
from ide.store.edit_log import read_edits
from ide.store.history import commit_of_edits
from ide.store.state import dataset_state, imported_labels
from ide.store.workspace import Workspace

MAX_BRANCHES = 3  # named beside a side


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an edit came from. ``commit``: its first 10 digits, None: not committed yet.

    ``branches`` have it and not every rival of it: the names of the line of work that it is of.
    """

    commit: str | None
    branches: tuple[str, ...] = ()


def conflict_ids(workspace: Workspace, name: str) -> list[str]:
    """Return the examples in conflict whose example is there, equal disputes side by side."""
    states, known = dataset_state(workspace, name), imported_labels(workspace, name)
    found = [x for x, state in states.items() if state.is_conflict and x in known]
    return sorted(found, key=lambda x: (states[x].conflict_values, x))


def conflicts_by_id(
    workspace: Workspace, name: str, example_ids: Iterable[str], *, annotator: str | None = None
) -> dict[str, tuple[Conflict, ...]]:
    """Return the conflicts of examples, by id; () where nothing is disputed."""
    states = dataset_state(workspace, name)
    wanted = {x: states.get(x, UNTOUCHED) for x in example_ids}
    needed = {i for s in wanted.values() if s.is_conflict for v in s.in_force.values() for i in v}
    edits = read_edits(workspace, name).edits if needed else ()
    by_id = {e.edit_id: e for e in edits if e.edit_id in needed}
    return {x: conflicts_of(s, by_id, annotator=annotator) for x, s in wanted.items()}


def origins(workspace: Workspace, name: str, conflicts: Iterable[Conflict]) -> dict[str, Origin]:
    """Return edit id → where it came from, of every edit of some conflicts.

    Nothing is known of a commit where there is no git; then each edit stands without one.
    """
    listed = [c for c in conflicts if c.sides]
    if not listed:
        return {}
    try:
        commit_by_id: Mapping[str, str] = commit_of_edits(workspace, name)
        refs = _refs(workspace.root)
    except GitError:
        commit_by_id, refs = {}, ""
    found: dict[str, Origin] = {}
    for conflict in listed:
        edits = [edit for side in conflict.sides for edit in side.edits]
        commits = {e.edit_id: commit_by_id.get(e.edit_id) for e in edits}
        holders = [_branches(workspace.root, c, refs) for c in set(commits.values()) if c]
        everywhere = frozenset.intersection(*holders) if holders else frozenset()
        found |= {
            edit.edit_id: _origin(workspace.root, commits[edit.edit_id], refs, everywhere)
            for edit in edits
        }
    return found


def _origin(root: Path, commit: str | None, refs: str, everywhere: frozenset[str]) -> Origin:
    if commit is None:
        return Origin(None)
    own = sorted(_branches(root, commit, refs) - everywhere)
    return Origin(commit[:10], tuple(own[:MAX_BRANCHES]))


def _refs(root: Path) -> str:
    """Return every branch with its commit: what the answers below hold for."""
    return git.run(
        root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes"
    ).decode(errors="replace")


@lru_cache(maxsize=4096)
def _branches(root: Path, commit: str, refs: str) -> frozenset[str]:  # noqa: ARG001 – key of the cache
    """Return the branches that have a commit, those of remotes by the remote's name."""
    done = git.attempt(
        root, "for-each-ref", f"--contains={commit}", "--format=%(refname)",
        "refs/heads", "refs/remotes",
    )  # fmt: skip
    names = done.stdout.decode(errors="replace").split()
    short = (n.removeprefix("refs/heads/").removeprefix("refs/remotes/") for n in names)
    return frozenset(n for n in short if not n.endswith("/HEAD"))
