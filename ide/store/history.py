"""What changed in a workspace, between any two revisions, at the level of one label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ide.dataset.changes import CHANGES, changes
from ide.dataset.config import is_name
from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.dataset.errors import ExampleNotFoundError, GitError
from ide.dataset.example_changes import with_examples
from ide.dataset.replay import UNTOUCHED, ExampleState, replay
from ide.dataset.reviews import reviews_of
from ide.dataset.schema import EXAMPLE_ID
from ide.dataset.two_builds import Shift
from ide.store import git
from ide.store.commits import CommitInfo, brought_by, log
from ide.store.drill_file import drill_id
from ide.store.log_lines import differing_edits, edits_about
from ide.store.one_example import edits_of_example
from ide.store.past_edits import log_texts
from ide.store.past_examples import diff_examples, imported_values
from ide.store.status import uncommitted_edits
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
    return diff_and_notes(workspace, a, b, names)[0]


def diff_and_notes(
    workspace: Workspace,
    a: str | None = None,
    b: str | None = None,
    names: Sequence[str] | None = None,
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return what ``diff`` does, and a sentence for each thing that is not known here."""
    root = workspace.root
    start = git.resolve(root, a) if a is not None else git.head_revision(root)
    end = git.resolve(root, b) if b is not None else None
    chosen = _chosen(workspace, names, start, end)
    before = log_texts(workspace, chosen, start) if start else {name: {} for name in chosen}
    after = log_texts(workspace, chosen, end)
    tables, notes = [], []
    for name in chosen:
        sides = _Side(start, before[name]), _Side(end, after[name])
        table, note = _diff_of(workspace, name, *sides)
        tables.append(table.add_column(0, DIFF.field(0), pa.repeat(name, len(table))))
        notes += [note] if note else []
    return pa.concat_tables([DIFF.empty_table(), *tables]), tuple(notes)


def _chosen(workspace: Workspace, names: Sequence[str] | None, *revisions: str | None) -> list[str]:
    """Return the datasets to compare: the named ones, else all that either side has.

    One that is here no more can be named too, where a side has it.
    """
    here = workspace.datasets()
    gone: set[str] = set()
    if not names or not set(names) <= set(here):
        repo = git.repository(workspace.root)
        for revision in filter(None, revisions):
            files = git.list_files(repo, workspace.root, revision, "datasets")
            gone |= {path.split("/")[1] for path in files if path.endswith("/dataset.toml")}
    known = {*here, *(name for name in gone if is_name(name))}
    if not names:
        return sorted(known)
    return [name if name in known else workspace.require(name) for name in names]


def _diff_of(workspace: Workspace, name: str, a: _Side, b: _Side) -> tuple[pa.Table, str]:
    """Return one dataset's changes between two sides, and what is not known of its examples."""
    here = drill_id(workspace, name)
    sides = differing_edits(a.logs.values(), b.logs.values())
    touched = {edit.example_id for side in sides for edit in side}
    was, is_ = (counting(side, here) for side in sides)
    before, after = replay(was), replay(is_)
    found = diff_examples(workspace, name, a.commit, b.commit, touched)
    known = {**found.now, **found.was}
    table = changes(
        before,
        after,
        {i: value.label for i, value in known.items()},
        edits=[*was, *is_],
        splits={i: value.split for i, value in known.items()},
        reimported={i: now for i, now in found.now.items() if known[i] != now},
    )
    if len(found.added) or len(found.removed):
        ids = {i for side in (found.added, found.removed) for i in side[EXAMPLE_ID].to_pylist()}
        was, is_ = (counting(side.edits_about(ids), here) for side in (a, b))
        table = with_examples(
            table,
            added=found.added,
            removed=found.removed,
            before=replay(was),
            after=replay(is_),
            edits=[*was, *is_],
        )
    return table, found.note


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a diff: its commit (None = the files now), path → bytes of the edit logs."""

    commit: str | None
    logs: Mapping[str, bytes]

    def edits_about(self, example_ids: set[str]) -> list[Edit]:
        """Return the edits of some examples."""
        return [e for text in self.logs.values() for e in edits_about(text, example_ids)]


def dataset_changes(
    workspace: Workspace,
    name: str,
    before: Mapping[str, ExampleState],
    after: Mapping[str, ExampleState],
    edits: Iterable[Edit],
) -> pa.Table:
    """Return the changes of one dataset between two states (see ``changes.CHANGES``).

    The examples are those of the working tree on both sides.
    """
    if before == after:
        return CHANGES.empty_table()
    touched = before.keys() | after.keys()
    known = imported_values(workspace, name, touched)
    return changes(
        before,
        after,
        {i: value.label for i, value in known.items()},
        edits=edits,
        splits={i: value.split for i, value in known.items()},
    )


def blame(workspace: Workspace, name: str, example_id: str) -> list[dict[str, Any]]:
    """Return every edit of an example, oldest first, with the commit that brought each.

    ``commit``: the first 10 digits of the commit that first made it on its branch; None where it
    is not committed (``is_committed``), where there is no git, or where a shallow clone does not
    go back so far (see ``commits.shallow_note``). ``is_in_force``: whether its value stands now;
    that of a drill's edit stands in the drill only. ``review``: what reviewers said of it, rows
    of ``reviews.reviews_of``.
    """
    workspace.require(name)
    own, here = edits_of_example(workspace, name, example_id)
    if not own and not imported_values(workspace, name, [example_id]):
        raise ExampleNotFoundError(name, example_id)
    commit_by_id, is_committed = _commits_of(workspace, name, own)
    state = replay(here).get(example_id, UNTOUCHED)
    in_force = {i for ids in state.in_force.values() for i in ids}
    reviews = reviews_of(here)
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
            "is_committed": e.edit_id in is_committed,
            "is_in_force": e.edit_id in in_force,
            "review": reviews.get(e.edit_id, []),
        }
        for e in sorted(own, key=lambda e: (e.made_at, e.edit_id))
    ]


def _commits_of(
    workspace: Workspace, name: str, own: Sequence[Edit]
) -> tuple[dict[str, str], set[str]]:
    """Return, of some edits, id → the commit that brought it, and the ids that are committed."""
    try:
        commits = log(workspace, name, limit=None)
        is_cut = any(commit.is_cut for commit in commits)
        ids = {edit.edit_id for edit in own}
        found: dict[str, str] = {}
        for commit in commits:  # newest first: the oldest of those that have it stays
            brought = ids.intersection(commit.edit_ids.get(name, ()))
            found.update(dict.fromkeys(brought, commit.revision))
        if not is_cut:
            return found, set(found)
        fresh = {edit.edit_id for edit in uncommitted_edits(workspace, name)}
    except GitError:
        return {}, set()
    return found, ids - fresh


def commit_of_edits(workspace: Workspace, name: str) -> dict[str, str]:
    """Return edit id → the oldest commit that has it, of a dataset's committed edits."""
    return brought_by(log(workspace, name, limit=None), name)


def log_as_rows(
    commits: Iterable[CommitInfo],
    *,
    metrics: Mapping[str, Mapping[str, float]] | None = None,
    shifts: Mapping[str, tuple[str, Shift]] | None = None,
) -> list[dict[str, Any]]:
    """Return commits as a table has them: a short revision, the first line, what changed.

    metrics: as ``commits.metrics_of_commits`` gives them; ``accuracy`` is None where no build of a
    commit is kept here. shifts: as ``comparison.shifts_of_commits`` gives them; ``moved`` has the
    older revision, the split, and what network and answer key moved there, 0 … 1.
    """
    known, told = metrics or {}, shifts or {}
    return [
        {
            "revision": c.revision[:10],
            "committed_at": c.committed_at,
            "author": c.author,
            "message": (c.message.splitlines() or [""])[0],
            "summary": c.summary,
            "accuracy": dict(known[c.revision]) if known.get(c.revision) else None,
            "moved": _moved(*told[c.revision]) if c.revision in told else None,
            "is_merge": c.is_merge,
            "despite_errors": c.despite_errors,
        }
        for c in commits
    ]


def _moved(base: str, shift: Shift) -> dict[str, Any]:
    differences = {"network": shift.network, "answer_key": shift.answer_key}
    flips = {"n_fixed": shift.n_fixed, "n_broken": shift.n_broken}
    return {"since": base[:10], "split": shift.split, **differences, **flips}
