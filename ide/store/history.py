"""What changed in a workspace, between any two revisions, at the level of one label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.changes import CHANGES, changes
from ide.dataset.edit import Edit
from ide.dataset.errors import ExampleNotFoundError, GitError
from ide.dataset.replay import ExampleState, replay
from ide.store import git
from ide.store.commits import CommitInfo, brought_by, log
from ide.store.edit_log import read_edits
from ide.store.past_edits import edits_of_all
from ide.store.state import imported_labels, imported_splits
from ide.store.workspace import Workspace

DIFF = pa.schema([("dataset", pa.string()), *CHANGES])


def diff(
    workspace: Workspace,
    a: str | None = None,
    b: str | None = None,
    names: Sequence[str] | None = None,
) -> pa.Table:
    """Return the changes from revision ``a`` (default HEAD) to ``b`` (default: the files now).

    A row a change: dataset, then the columns of ``changes.CHANGES``. An edit and its undo
    inside the range cancel out. Raises ``GitError`` for a name that is no revision.
    """
    chosen = [workspace.require(name) for name in names or workspace.datasets()]
    root = workspace.root
    start = git.resolve(root, a) if a is not None else git.head_revision(root)
    end = git.resolve(root, b) if b is not None else None
    before = edits_of_all(workspace, chosen, start) if start else dict.fromkeys(chosen, ())
    after = edits_of_all(workspace, chosen, end) if end else None
    tables = []
    for name in chosen:
        now = after[name] if after is not None else read_edits(workspace, name).edits
        was, is_ = _of_touched(before[name], now)
        table = dataset_changes(workspace, name, replay(was), replay(is_), [*was, *is_])
        tables.append(table.add_column(0, DIFF.field(0), pa.repeat(name, len(table))))
    return pa.concat_tables([DIFF.empty_table(), *tables])


def _of_touched(before: Sequence[Edit], after: Sequence[Edit]) -> tuple[list[Edit], list[Edit]]:
    """Keep the edits of examples that have an edit on one side only; the rest is equal."""
    ids = [{e.edit_id for e in side} for side in (before, after)]
    differing = ids[0] ^ ids[1]
    touched = {e.example_id for side in (before, after) for e in side if e.edit_id in differing}
    old, new = ([e for e in side if e.example_id in touched] for side in (before, after))
    return old, new


def dataset_changes(
    workspace: Workspace,
    name: str,
    before: Mapping[str, ExampleState],
    after: Mapping[str, ExampleState],
    edits: Iterable[Edit],
) -> pa.Table:
    """Return the changes of one dataset between two states (see ``changes.CHANGES``)."""
    if before == after:
        return CHANGES.empty_table()
    imported, splits = imported_labels(workspace, name), imported_splits(workspace, name)
    return changes(before, after, imported, edits=edits, splits=splits)


def blame(workspace: Workspace, name: str, example_id: str) -> list[dict[str, Any]]:
    """Return every edit of an example, oldest first, with the commit that brought each.

    ``commit``: the first 10 digits; None where it is not committed or there is no git.
    ``is_in_force``: whether its value stands now; that of a drill's edit stands in the drill only.
    """
    workspace.require(name)
    edits = read_edits(workspace, name)
    own = [e for e in edits.every if e.example_id == example_id]
    counting = [e for e in edits.edits if e.example_id == example_id]
    if not own and example_id not in imported_labels(workspace, name):
        raise ExampleNotFoundError(name, example_id)
    try:
        commit_by_id = commit_of_edits(workspace, name)
    except GitError:
        commit_by_id = {}
    in_force = {i for s in replay(counting).values() for ids in s.in_force.values() for i in ids}
    return [
        {
            "edit_id": e.edit_id,
            "made_at": e.made_at,
            "annotator": e.annotator,
            "action": e.action,
            "value": e.value,
            "reason": e.reason,
            "evidence": dict(e.evidence) if e.evidence else None,
            "commit": commit_by_id.get(e.edit_id, "")[:10] or None,
            "is_in_force": e.edit_id in in_force,
        }
        for e in sorted({e.edit_id: e for e in own}.values(), key=lambda e: (e.made_at, e.edit_id))
    ]


def commit_of_edits(workspace: Workspace, name: str) -> dict[str, str]:
    """Return edit id → the oldest commit that has it, of a dataset's committed edits."""
    return brought_by(log(workspace, name, limit=None), name)


def log_as_rows(commits: Iterable[CommitInfo]) -> list[dict[str, Any]]:
    """Return commits as a table has them: a short revision, the first line, what changed."""
    return [
        {
            "revision": c.revision[:10],
            "committed_at": c.committed_at,
            "author": c.author,
            "message": (c.message.splitlines() or [""])[0],
            "summary": c.summary,
            "despite_errors": c.despite_errors,
        }
        for c in commits
    ]
