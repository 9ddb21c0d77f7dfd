# ruff: noqa: ARG001 – arguments that nothing reads are the keys of caches
"""What is kept between reruns: keyed by what it was read from, bounded in number.

Values are shared by all sessions and nobody changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from ide.dataset.change_list import change_list
from ide.dataset.schema import EXAMPLE_ID, SPLIT
from ide.dataset.two_builds import Shift, TwoBuilds
from ide.store import blocking, browse, training
from ide.store.branches import Branch, list_branches
from ide.store.builds import BuildInfo, build_table, current_build
from ide.store.commit_graph import Lane, lanes, parents_of_commits
from ide.store.commits import (
    CommitInfo,
    accuracy_by_split,
    builds_of_commits,
    log,
    shallow_note,
)
from ide.store.comparison import Comparison, shifts_between, shifts_of_commits, two_builds
from ide.store.comparison import compare as compare_revisions
from ide.store.duck import connect
from ide.store.edit_log import edits_revision
from ide.store.examples import examples_revision
from ide.store.gates import GateResult, judge_gates
from ide.store.git import head_stamp
from ide.store.history import blame as read_blame
from ide.store.history import commit_of_edits, diff
from ide.store.revisions import Ref, Span, changes_of_span
from ide.store.revisions import refs as list_refs
from ide.store.state import current_labels, dataset_revision
from ide.store.status import Status
from ide.store.status import status as read_status
from ide.store.workspace import Workspace


def status(ws: Workspace) -> Status:
    """Return what is not committed; asked of git again after an edit or a commit, or after 2 s."""
    return _status(str(ws.root), _edits_key(ws), head_stamp(ws.root))


@st.cache_resource(ttl=2, max_entries=8, show_spinner=False)
def _status(root: str, key: str, head: tuple[object, ...]) -> Status:
    return read_status(Workspace(Path(root)))


def changes(ws: Workspace) -> list[dict[str, Any]]:
    """Return what is not committed, a row a change; see ``history.diff``."""
    return _changes(str(ws.root), _edits_key(ws), status(ws).revision)


@st.cache_resource(ttl=10, max_entries=8, show_spinner=False)
def _changes(root: str, key: str, revision: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = diff(Workspace(Path(root))).to_pylist()
    return rows


def change_list_of(ws: Workspace, name: str, span: Span) -> pa.Table:
    """Return the changes of a span in the order they are read in; see ``change_list``."""
    edits = "" if span.end else edits_revision(ws, name)
    key = (str(ws.root), name, span.start, span.end, edits, examples_revision(ws, name))
    return _change_list(key)


@st.cache_resource(max_entries=16, show_spinner="Comparing …")
def _change_list(key: tuple[Any, ...]) -> pa.Table:
    root, name, start, end, _, _ = key
    ws = Workspace(Path(root))
    labels = current_labels(ws, name)
    ids, splits = (labels[c].combine_chunks() for c in (EXAMPLE_ID, SPLIT))
    return change_list(changes_of_span(ws, name, start, end), ids, splits)


def comparison(ws: Workspace, name: str, span: Span, view_id: str) -> Comparison | None:
    """Return what a span does to metrics, flips and checks; None where nothing was there before.

    view_id: names the changes, so that what reviewers say of them asks nothing anew.
    """
    if span.start is None:
        return None
    build = current_build(ws, name)
    made = (build.build_id, build.finished_at) if build else None
    path = ws.config_path(name)
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return _comparison((str(ws.root), name, span.start, span.end, view_id, made, stamp))


@st.cache_resource(ttl=60, max_entries=8, show_spinner="Comparing the builds …")
def _comparison(key: tuple[Any, ...]) -> Comparison:
    root, name, start, end, *_ = key
    return compare_revisions(Workspace(Path(root)), name, start, end)


def commit_by_edit(ws: Workspace, name: str) -> dict[str, str]:
    """Return edit id → the commit that brought it; nothing where there is no git."""
    found = status(ws)
    return _commit_by_edit(str(ws.root), name, found.revision) if found.revision else {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _commit_by_edit(root: str, name: str, revision: str | None) -> dict[str, str]:
    return commit_of_edits(Workspace(Path(root)), name)


def refs(ws: Workspace) -> list[Ref]:
    """Return the branches and tags; asked of git again after 5 s."""
    return _refs(str(ws.root), status(ws).revision)


@st.cache_resource(ttl=5, max_entries=8, show_spinner=False)
def _refs(root: str, revision: str | None) -> list[Ref]:
    return list_refs(Workspace(Path(root)))


def _edits_key(ws: Workspace) -> str:
    return "|".join(f"{name}={edits_revision(ws, name)}" for name in ws.datasets())


def standing_errors(ws: Workspace, name: str) -> list[dict[str, Any]]:
    """Return what blocks a commit of a dataset; see ``ide.store.blocking``."""
    build = current_build(ws, name)
    build_id = build.build_id if build else None
    path = ws.config_path(name)
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    return _standing_errors(str(ws.root), name, dataset_revision(ws, name), build_id, stamp)


@st.cache_resource(max_entries=16, show_spinner=False)
def _standing_errors(
    root: str, name: str, revision: str, build_id: str | None, stamp: int
) -> list[dict[str, Any]]:
    return blocking.standing_errors(Workspace(Path(root)), name)


def commits(ws: Workspace, name: str | None = None) -> list[CommitInfo]:
    """Return the newest commits; asked again when HEAD is another, or after 10 s."""
    return _commits(str(ws.root), name, status(ws).revision)


@st.cache_resource(ttl=10, max_entries=16, show_spinner=False)
def _commits(root: str, name: str | None, revision: str | None) -> list[CommitInfo]:
    return list(log(Workspace(Path(root)), name, limit=50)) if revision else []


@dataclass(frozen=True, slots=True)
class History:
    """The commits of a dataset, newest first; the lane of each; accuracies of kept builds.

    ``shifts``: as ``comparison.shifts_of_commits``. ``note``: what a shallow clone cannot tell.
    """

    commits: list[CommitInfo]
    lanes: list[Lane]
    metrics: dict[str, dict[str, float]]
    shifts: dict[str, tuple[str, Shift]]
    note: str | None


def history(ws: Workspace, name: str) -> History:
    """Return the history of a dataset; asked again when HEAD or the current build is another."""
    build = current_build(ws, name)
    build_id = build.build_id if build else None
    return _history(str(ws.root), name, status(ws).revision, build_id)


@st.cache_resource(ttl=30, max_entries=8, show_spinner="Reading the commits …")
def _history(root: str, name: str, revision: str | None, build_id: str | None) -> History:
    ws = Workspace(Path(root))
    commits = log(ws, name, limit=None) if revision else []
    parents = parents_of_commits(ws, name)
    graph = lanes([(c.revision, parents.get(c.revision, ())) for c in commits])
    builds = builds_of_commits(ws, name, [c.revision for c in commits])
    metrics = {revision: accuracy_by_split(build) for revision, build in builds.items()}
    return History(commits, graph, metrics, shifts_of_commits(builds), shallow_note(ws))


def branches(ws: Workspace) -> list[Branch]:
    """Return the branches; asked of git again after 5 s."""
    return _branches(str(ws.root), status(ws).revision, status(ws).branch)


@st.cache_resource(ttl=5, max_entries=8, show_spinner=False)
def _branches(root: str, revision: str | None, branch: str | None) -> list[Branch]:
    return list_branches(Workspace(Path(root)))


def forget_history() -> None:
    """Ask git anew: a commit was made."""
    _history.clear()
    _branches.clear()
    _status.clear()
    _changes.clear()
    _commits.clear()
    _refs.clear()
    _blame.clear()


def table(build: BuildInfo, name: str, columns: tuple[str, ...] | None = None) -> pa.Table:
    """Return a table of a build; read again when the build was renewed for what people judged."""
    return _table(build.build_id, build.dataset, build.finished_at, name, columns, build)


@st.cache_resource(max_entries=24, show_spinner=False)
def _table(
    build_id: str,
    dataset: str,
    finished_at: datetime,
    name: str,
    columns: tuple[str, ...] | None,
    _build: BuildInfo,
) -> pa.Table:
    return build_table(_build, name, columns)


def curves(build: BuildInfo) -> pa.Table:
    """Return mean loss and accuracy by epoch and split; see ``training_curves``."""
    return _curves(build.build_id, build.dataset, build)


@st.cache_resource(max_entries=24, show_spinner=False)
def _curves(build_id: str, dataset: str, _build: BuildInfo) -> pa.Table:
    return training.training_curves(_build)


def example_curve(build: BuildInfo, example_id: str) -> dict[str, list[Any]]:
    """Return one example's training record."""
    return _example_curve(build.build_id, build.dataset, example_id, build)


@st.cache_resource(max_entries=256, show_spinner=False)
def _example_curve(
    build_id: str, dataset: str, example_id: str, _build: BuildInfo
) -> dict[str, list[Any]]:
    return training.example_curve(_build, example_id)


def browse_page(
    ws: Workspace,
    name: str,
    build: BuildInfo | None,
    filters: browse.Filters,
    *,
    page: int = 1,
    page_size: int = browse.PAGE_SIZE,
) -> browse.BrowsePage:
    """Return one page of a dataset; see ``ide.store.browse``."""
    build_id = build.build_id if build else None
    key = (str(ws.root), name, dataset_revision(ws, name), build_id, filters, page, page_size)
    return _browse_page(key, build)


@st.cache_resource(max_entries=64, show_spinner=False)
def _browse_page(key: tuple[Any, ...], _build: BuildInfo | None) -> browse.BrowsePage:
    root, name, _, _, filters, page, page_size = key
    return browse.browse_page(
        Workspace(Path(root)), name, _build, filters, page=page, page_size=page_size
    )


def pair(build: BuildInfo, base: BuildInfo) -> TwoBuilds:
    """Return a build beside another, both on the labels of ``build``; see ``two_builds``."""
    return two_builds(base, build)


def shifts(build: BuildInfo, base: BuildInfo) -> Mapping[str, Shift]:
    """Return by split what network and answer key moved between two builds."""
    return shifts_between(base, build)


def browse_example(
    ws: Workspace, name: str, build: BuildInfo | None, example_id: str
) -> dict[str, Any] | None:
    """Return what is known of one example; None where there is no such example."""
    build_id = build.build_id if build else None
    key = (str(ws.root), name, dataset_revision(ws, name), build_id, example_id)
    return _browse_example(key, build)


@st.cache_resource(max_entries=128, show_spinner=False)
def _browse_example(key: tuple[Any, ...], _build: BuildInfo | None) -> dict[str, Any] | None:
    root, name, _, _, example_id = key
    return browse.browse_example(Workspace(Path(root)), name, _build, example_id)


def browse_columns(ws: Workspace, name: str) -> dict[str, str]:
    """Return the columns that a condition of Browse can name."""
    return _browse_columns(str(ws.root), name, examples_revision(ws, name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _browse_columns(root: str, name: str, revision: str) -> dict[str, str]:
    return browse.browse_columns(Workspace(Path(root)), name)


def schema(ws: Workspace, name: str) -> dict[str, dict[str, str]]:
    """Return the tables of a dataset with their columns and types."""
    return _schema(str(ws.root), name, examples_revision(ws, name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _schema(root: str, name: str, revision: str) -> dict[str, dict[str, str]]:
    sql = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ?"
    with connect(Workspace(Path(root))) as database:
        rows = database.execute(sql, [name]).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table_name, column, kind in rows:
        if not table_name.startswith("_"):
            found.setdefault(table_name, {})[column] = kind
    return found


def blame(ws: Workspace, name: str, example_id: str) -> list[dict[str, Any]]:
    """Return every edit of an example with its commit; see ``history.blame``."""
    return _blame(str(ws.root), name, example_id, edits_revision(ws, name), status(ws).revision)


@st.cache_resource(ttl=10, max_entries=64, show_spinner=False)
def _blame(
    root: str, name: str, example_id: str, key: str, revision: str | None
) -> list[dict[str, Any]]:
    return read_blame(Workspace(Path(root)), name, example_id)


def gates(
    ws: Workspace, name: str, build: BuildInfo, base: BuildInfo | None = None
) -> list[GateResult]:
    """Return what the gates of a dataset say of a build; see ``ide.store.gates``."""
    stat = ws.config_path(name).stat()
    config = (stat.st_mtime_ns, stat.st_size)
    builds = tuple((b.build_id, b.finished_at) for b in (build, base) if b)
    return _gates(str(ws.root), name, dataset_revision(ws, name), config, builds, build, base)


@st.cache_resource(max_entries=32, show_spinner=False)
def _gates(
    root: str,
    name: str,
    revision: str,
    config: tuple[int, int],
    builds: tuple[Any, ...],
    _build: BuildInfo,
    _base: BuildInfo | None,
) -> list[GateResult]:
    return judge_gates(Workspace(Path(root)), name, build=_build, base=_base)
