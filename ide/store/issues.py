"""The issues of a dataset as they stand now: what the build found, less what people settled."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.check_settings import SEVERITIES
from ide.dataset.checks.registry import Issue
from ide.dataset.checks.registry import issue_id as name_of
from ide.dataset.edit import WHOLE_DATASET, Edit
from ide.dataset.errors import EditError
from ide.dataset.issues import Member, is_settled, problem_table, rule_of
from ide.dataset.replay import UNTOUCHED, ExampleState, dismissed_issues
from ide.dataset.schema import EXAMPLE_ID, ISSUES, LABEL, SPLIT
from ide.store.builds import BuildInfo, build_table, current_build, require_build
from ide.store.checking import findings_of
from ide.store.edit_log import EditLog
from ide.store.examples import examples_revision
from ide.store.log_growth import added_since
from ide.store.replaying import Replayed, replayed
from ide.store.state import (
    current_labels,
    dataset_revision,
    dataset_state,
    edit_example,
    imported_labels,
    imported_splits,
)
from ide.store.workspace import Workspace

OPEN, DISMISSED, SETTLED = "open", "dismissed", "settled"
STATUSES = (OPEN, DISMISSED, SETTLED)  # a problem's status is an index into this
ALL = "all"
N_FEW = 64  # examples of an answer to keys


@dataclass(frozen=True, slots=True)
class Problems:
    """A build's issues and the N problems that they make up (see ``issues.problem_table``).

    ``problem_of_issue``: (M,) int, a problem an issue.
    """

    issues: pa.Table
    table: pa.Table
    problem_of_issue: np.ndarray

    def __len__(self) -> int:
        """Return N."""
        return len(self.table)

    def of_examples(self, example_ids: Iterable[str]) -> np.ndarray:
        """Return the positions of the problems that examples take part in, ascending."""
        lists = self.table["example_ids"].combine_chunks()
        those = pa.array(list(example_ids), pa.string())
        has = _numpy(pc.is_in(lists.flatten(), value_set=those))
        return np.unique(pc.list_parent_indices(lists).to_numpy()[has])

    def sentence(self, problem: Mapping[str, Any]) -> str:
        """Say what the first issue of a row of ``table`` says, and of which example."""
        issue = self.issues.slice(problem["issue_rows"][0], 1).to_pylist()[0]
        return " ".join(filter(None, [issue[EXAMPLE_ID], issue["message"]]))

    def of_issues(self, issue_ids: Iterable[str]) -> np.ndarray:
        """Return the positions of the problems that issues belong to, ascending."""
        those = pa.array(list(issue_ids), pa.string())
        has = _numpy(pc.is_in(self.issues["issue_id"], value_set=those))
        return np.unique(self.problem_of_issue[has])


@dataclass(frozen=True, slots=True)
class IssueFilters:
    """Which problems to list; None and "" let everything through.

    label, split: of one of its examples now, or what it is about. text: in its message, its
    subject or its examples' ids, in any case. status: one of ``STATUSES``, or ``ALL``.
    """

    check: str | None = None
    severity: str | None = None
    label: str | None = None
    split: str | None = None
    text: str = ""
    status: str = OPEN


def open_issues(workspace: Workspace, name: str, build: BuildInfo | None = None) -> pa.Table:
    """Return the issues that still want a person (see ``schema.ISSUES``), in the build's order.

    Those of ``build`` (default: the current one), without what people dismissed and without what
    their edits settled since (see ``issues.is_settled``), as the edit log is now. This is the one
    list that ``upwell check``, ``upwell commit`` and the Problems view go by. Raises
    ``NoBuildError`` where there is no build.
    """
    build = build or require_build(workspace, name)
    problems = problems_of(build)
    is_open = np.array(problem_status(workspace, name, build))[problems.problem_of_issue] == 0
    dismissed = pa.array(sorted(dismissed_issues(dataset_state(workspace, name))), pa.string())
    is_dismissed = pc.is_in(problems.issues["issue_id"], value_set=dismissed)
    return problems.issues.filter(pc.and_(pa.array(is_open), pc.invert(is_dismissed)))


@lru_cache(maxsize=4)
def problems_of(build: BuildInfo) -> Problems:
    """Read a build's issues and group them."""
    issues = _issues(build)
    table = problem_table(issues)
    rows = table["issue_rows"].combine_chunks()
    problem_of_issue = np.empty(len(issues), dtype=np.int64)
    problem_of_issue[rows.flatten().to_numpy()] = pc.list_parent_indices(rows).to_numpy()
    return Problems(issues, table, problem_of_issue)


def _issues(build: BuildInfo) -> pa.Table:
    """Read a build's issues; those of builds from before issues had names are named here."""
    table = build_table(build, "issues")
    if "issue_id" in table.column_names:
        return build_table(build, "issues", ISSUES.names)  # null where an older one wrote less
    rows = [
        {**row, "issue_id": name_of(row["check"], Issue(row[EXAMPLE_ID], row["other_id"], 0, ""))}
        for row in table.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=ISSUES)


@dataclass(slots=True)
class _Followed:
    """The status of a build's problems as of one log, and what going on from there takes."""

    now: Replayed
    given: tuple[frozenset[str], str]  # the classes, and the revision of the examples
    n_by_dismissed: Counter[str]  # issue id → the examples of which people said that it is none
    status: np.ndarray


_FOLLOWED: OrderedDict[tuple[Workspace, BuildInfo], _Followed] = OrderedDict()
_N_FOLLOWED = 8
_LOCK = Lock()


def problem_status(
    workspace: Workspace, name: str, build: BuildInfo, now: Replayed | None = None
) -> np.ndarray:
    """Return the status of each problem of a build now: (N,) int8, an index into ``STATUSES``.

    Only problems of examples that somebody edited are looked at, and only of those that the log
    grew by since the last time; the rest is open. Read-only. now: the log, where it was just read.
    """
    classes = frozenset(workspace.config(name).classes)
    given = (classes, examples_revision(workspace, name))
    with _LOCK:
        now, kept = now or replayed(workspace, name), _FOLLOWED.get((workspace, build))
        if kept is None or kept.given != given or now.number > kept.now.number:
            added = added_since(now.log, kept.now.log) if kept and kept.given == given else None
            if kept is None or added is None:
                nothing = Replayed(0, EditLog((), ()), {}, {})
                status = np.zeros(len(problems_of(build)), dtype=np.int8)
                kept = _Followed(nothing, given, Counter(), status)
            ids = now.states if added is None else {edit.example_id for edit in added}
            kept = _gone_on(workspace, name, build, kept, now=now, ids=ids)
            _FOLLOWED[workspace, build] = kept
        _FOLLOWED.move_to_end((workspace, build))
        while len(_FOLLOWED) > _N_FOLLOWED:
            _FOLLOWED.popitem(last=False)
        return kept.status


def _gone_on(
    workspace: Workspace,
    name: str,
    build: BuildInfo,
    kept: _Followed,
    *,
    now: Replayed,
    ids: Iterable[str],
) -> _Followed:
    """Return what was kept with the statuses of the problems that some examples are of."""
    ids, problems, n_by_dismissed = list(ids), problems_of(build), Counter(kept.n_by_dismissed)
    said: set[str] = set()  # dismissed by these examples, before or now
    for states, sign in ((kept.now.states, -1), (now.states, 1)):
        for issue_id in (i for x in ids for i in states.get(x, UNTOUCHED).dismissed):
            n_by_dismissed[issue_id] += sign
            said.add(issue_id)
    touched = _touched(build, ids)
    if said:
        touched = np.union1d(touched, problems.of_issues(said))
    if not len(touched):
        return _Followed(now, kept.given, n_by_dismissed, kept.status)
    status = kept.status.copy()
    members, (classes, _) = _Members(workspace, name, now.states), kept.given
    columns = ("check", "example_ids", "issue_rows")
    for position, check, example_ids, rows in _rows(problems, touched, *columns):
        found = [members.of(i) for i in example_ids]
        issue_ids = problems.issues["issue_id"].take(rows).to_pylist()
        if all(n_by_dismissed[i] > 0 for i in issue_ids):
            status[position] = STATUSES.index(DISMISSED)
        elif any(i in now.states for i in example_ids) and is_settled(
            rule_of(check, len(found)), found, classes
        ):
            status[position] = STATUSES.index(SETTLED)
        else:
            status[position] = STATUSES.index(OPEN)
    status.flags.writeable = False
    return _Followed(now, kept.given, n_by_dismissed, status)


def _touched(build: BuildInfo, ids: Sequence[str]) -> np.ndarray:
    """Return the positions of the problems that examples take part in, quickly for a few."""
    if len(ids) > N_FEW:
        return problems_of(build).of_examples(ids)
    by_example = _positions_by_example(build)
    return np.unique([p for x in ids for p in by_example.get(x, ())]).astype(np.int64)


@lru_cache(maxsize=4)
def _positions_by_example(build: BuildInfo) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position, ids in enumerate(problems_of(build).table["example_ids"].to_pylist()):
        for example_id in ids:
            found.setdefault(example_id, []).append(position)
    return found


def _rows(problems: Problems, positions: np.ndarray, *columns: str) -> list[tuple[Any, ...]]:
    """Return (position, value, value, …) of some problems."""
    found = problems.table.select(columns).take(pa.array(positions))
    return list(zip(positions.tolist(), *(found[c].to_pylist() for c in columns), strict=True))


class _Members:
    """Looks up what is true of an example now."""

    def __init__(self, workspace: Workspace, name: str, states: Mapping[str, ExampleState]) -> None:
        self.states = states
        self.labels = imported_labels(workspace, name)
        self.splits = imported_splits(workspace, name)

    def of(self, example_id: str) -> Member:
        state = self.states.get(example_id, UNTOUCHED)
        return Member(
            label=state.label if state.label is not None else self.labels.get(example_id),
            split=state.split or self.splits.get(example_id),
            # who is no longer there is nobody's duplicate
            is_excluded=state.is_excluded or example_id not in self.labels,
            is_conflict=state.is_conflict,
        )


def find_problems(
    workspace: Workspace, name: str, build: BuildInfo, filters: IssueFilters
) -> np.ndarray:
    """Return the positions of the problems that match, the worst first: (n,) int, ascending."""
    problems = problems_of(build)
    mask = np.ones(len(problems), dtype=bool)
    if filters.status != ALL:
        wanted = STATUSES.index(filters.status)
        mask &= problem_status(workspace, name, build) == wanted
    for column, value in (("check", filters.check), ("severity", filters.severity)):
        if value:
            mask &= _numpy(pc.equal(problems.table[column], value))
    if filters.text.strip():
        mask &= _with_text(problems, filters.text.strip())
    if filters.label or filters.split:
        revision = dataset_revision(workspace, name)
        mask &= _with_values(workspace, name, build, filters.label, filters.split, revision)
    return np.flatnonzero(mask)


def _with_text(problems: Problems, text: str) -> np.ndarray:
    """Return which problems have a text, in any case: (N,) bool."""
    found = np.zeros(len(problems), dtype=bool)
    for column in ("message", "subject"):
        has = pc.match_substring(problems.issues[column], text, ignore_case=True)
        found[problems.problem_of_issue[_numpy(has)]] = True
    ids = problems.table["example_ids"].combine_chunks()
    has = pc.match_substring(ids.flatten(), text, ignore_case=True)
    found[pc.list_parent_indices(ids).to_numpy()[_numpy(has)]] = True
    return found


@lru_cache(maxsize=16)
def _with_values(
    workspace: Workspace,
    name: str,
    build: BuildInfo,
    label: str | None,
    split: str | None,
    _revision: str,
) -> np.ndarray:
    """Return which problems have an example of a label and a split, or are about them."""
    problems, labels = problems_of(build), current_labels(workspace, name)
    mask = np.ones(len(labels), dtype=bool)
    for column, value in ((LABEL, label), (SPLIT, split)):
        if value:
            mask &= _numpy(pc.equal(labels[column], value))
    those = labels[EXAMPLE_ID].filter(pa.array(mask)).combine_chunks()
    ids = problems.table["example_ids"].combine_chunks()
    has = pc.is_in(ids.flatten(), value_set=those)
    found = _numpy(pc.equal(problems.table["subject"], label or split or ""))
    found[pc.list_parent_indices(ids).to_numpy()[_numpy(has)]] = True
    return found


def _numpy(mask: Any) -> np.ndarray:
    """Return a mask of Arrow's as (N,) bool that can be written to; null is False."""
    return np.array(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)


def count_problems(build: BuildInfo, positions: np.ndarray) -> list[dict[str, Any]]:
    """Return how many of some problems there are of each severity and check, the worst first.

    A row: ``severity, check, n``, and ``first``, the position of the first of them.
    """
    table = problems_of(build).table.select(["severity", "check"]).take(pa.array(positions))
    counted = (
        table.append_column("position", pa.array(positions))
        .group_by(["severity", "check"], use_threads=False)
        .aggregate([("position", "count"), ("position", "min")])
        .rename_columns({"position_count": "n", "position_min": "first"})
    )
    rows: list[dict[str, Any]] = counted.sort_by("first").to_pylist()
    return rows


def open_by_severity(
    workspace: Workspace, name: str, build: BuildInfo, now: Replayed | None = None
) -> dict[str, int]:
    """Return how many problems of each severity are open, all severities named."""
    is_open = problem_status(workspace, name, build, now) == STATUSES.index(OPEN)
    counts = np.bincount(_severities(build)[is_open], minlength=len(SEVERITIES))
    return dict(zip(SEVERITIES, counts.tolist(), strict=True))


@lru_cache(maxsize=4)
def _severities(build: BuildInfo) -> np.ndarray:
    """Return the severity of each problem: (N,) int, an index into ``SEVERITIES``."""
    severities = problems_of(build).table["severity"].combine_chunks()
    return np.asarray(pc.index_in(severities, value_set=pa.array(SEVERITIES)), dtype=np.int64)


def open_problems_of(
    workspace: Workspace, name: str, build: BuildInfo, example_id: str
) -> list[dict[str, Any]]:
    """Return the open problems that an example takes part in (see ``PROBLEMS``), worst first."""
    problems = problems_of(build)
    own = problems.of_examples([example_id])
    own = own[problem_status(workspace, name, build)[own] == STATUSES.index(OPEN)]
    rows: list[dict[str, Any]] = problems.table.take(pa.array(own)).to_pylist()
    return rows


def dismiss_issue(
    workspace: Workspace,
    name: str,
    example_id: str,
    issue_id: str,
    *,
    annotator: str,
    reason: str | None = None,
) -> Edit:
    """Say that an issue is none; return the edit once it is on the disk.

    It is one of the current build, or one that ``upwell check`` found last.

    ``example_id`` is the issue's own, or ``*`` where the issue is the whole dataset's. Raises
    ``EditError`` where there is no such issue, or one of another example.
    """
    builds = filter(None, (current_build(workspace, name), findings_of(workspace, name)))
    known = [problems_of(build).issues for build in builds]
    own = [
        example_id
        for found in known
        for example_id in found.filter(pc.equal(found["issue_id"], issue_id))[
            EXAMPLE_ID
        ].to_pylist()
    ]
    if not own:
        raise EditError(
            f"neither the current build of {name!r} nor its last check has an issue "
            f"{issue_id[:40]!r}. "
            f"List issues with their ids: upwell check {name} --format json"
        )
    of = own[0] if own[0] is not None else WHOLE_DATASET
    if example_id != of:
        raise EditError(
            f"issue {issue_id} of {name!r} is about example {of[:80]!r}, got {example_id[:80]!r}. "
            f"Dismiss it with: upwell edit {name} '{of[:80]}' --dismiss {issue_id}"
        )
    return edit_example(
        workspace, name, example_id, "dismiss", issue_id, annotator=annotator, reason=reason
    )
