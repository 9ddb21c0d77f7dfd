"""The parts of History: what the last action did, the branches, the commits, taking one back."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ide.app import cached, commit_now, errors, history_actions, navigate, state, tables
from ide.app.commit_rows import rows
from ide.app.text import ago, count, plain, short
from ide.dataset.errors import UpwellError
from ide.store.branches import Branch
from ide.store.reverting import RevertResult, preview_revert
from ide.store.status import Status
from ide.store.workspace import Workspace

_FOLDER = Path(__file__).parent / "components"
PAGE_SIZE = 25
MAX_BRANCHES = 40  # drawn; any other is found by its name
MAX_KEPT = 6  # sentences on what stays, in the question before a revert
_NEW, _OTHER, _REASON = "history_new_branch", "history_other_branch", "history_reason"


def _component(name: str, classes: str):  # type: ignore[no-untyped-def] # Streamlit's own is untyped
    return st.components.v2.component(
        f"upwell.{name}",
        html=f'<div class="{classes}"></div>',
        css=(_FOLDER / "history.css").read_text(encoding="utf-8"),
        js=(_FOLDER / f"{name}.js").read_text(encoding="utf-8"),
    )


_commits = _component("commits", "commits")
_branches = _component("branches", "branches")


def _heard() -> None:
    """What was clicked is read off the component's answer: a callback may come before its key."""


def told() -> bool:
    """Draw what the last action did, with the ways on from there; return whether it led on."""
    found = state.told()
    if found is None:
        return False
    text, kind, conflicts = found
    if kind == "error":
        st.warning(text, icon=":material/info:")
        return False
    st.success(text, icon=":material/check:")
    for name, n in conflicts.items():
        label = f"Resolve {count(n, 'conflict')} of {plain(name)}"
        navigate.link("review", label, "call_split", name, queue="conflicts")
    return bool(conflicts)


def standing(name: str, status: Status, *, is_led_on: bool) -> None:
    """Draw what a merge would be refused for, and what is in conflict, unless that is told."""
    for dataset in status.datasets:
        if dataset.conflicts and dataset.name == name and not is_led_on:
            label = f"Resolve {count(len(dataset.conflicts), 'conflict')}"
            navigate.link("review", label, "call_split", name, queue="conflicts")
    why = "; a merge and a revert wait for it"
    commit_now.offer(status.not_committed(), name, key="history_commit", why=why)


def branches(ws: Workspace, status: Status) -> None:
    """Draw the branches with what can be done with each, and the field for a new one."""
    st.caption("**Branches**")
    if status.branch is None and status.revision:
        st.caption(
            ":orange[HEAD is detached.] Name a branch below to keep what you do here, or switch."
        )
    found = cached.branches(ws)
    current = status.branch or "the files here"
    chosen = _branches(
        key="history_branches",
        data={
            "items": [_branch_item(b, can_merge=status.branch is not None) for b in _shown(found)],
            "current": current,
        },
        on_switch_change=_heard,
        on_merge_change=_heard,
    )
    for name, act in (
        (chosen.switch, history_actions.switch),
        (chosen.merge, history_actions.merge),
    ):
        if name:
            act(str(name))
            st.rerun()
    if len(found) > MAX_BRANCHES:
        st.caption(f"and {len(found) - MAX_BRANCHES:,} more; the newest are shown")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "New branch",
            key=_NEW,
            placeholder="name",
            max_chars=200,
            help="It begins at the commit that you are on; uncommitted edits come along.",
        )
        st.button(
            "Create",
            icon=":material/add:",
            key="history_create",
            on_click=history_actions.create,
            args=(_NEW,),
        )


def _shown(found: list[Branch]) -> list[Branch]:
    return found[:MAX_BRANCHES]


def _branch_item(branch: Branch, *, can_merge: bool) -> dict[str, object]:
    """Return a branch for ``branches.js``."""
    ways = [f"{branch.n_ahead:,} ahead"] if branch.n_ahead else []
    ways += [f"{branch.n_behind:,} behind"] if branch.n_behind else []
    distance = "here" if branch.is_current else " · ".join(ways) or "the same commit"
    kind = "another clone's · " if branch.is_remote else "a drill · " if branch.is_drill else ""
    return {
        "name": branch.name,
        "is_current": branch.is_current,
        "is_remote": branch.is_remote,
        "can_merge": can_merge and not branch.is_drill and branch.n_ahead > 0,
        "distance": distance,
        "subject": branch.subject,
        "facts": f"{kind}{short(branch.revision)} · {branch.author} · {ago(branch.committed_at)}",
    }


def commits(ws: Workspace, name: str, status: Status) -> None:
    """Draw one page of the commits that touched the dataset, and the question before a revert."""
    found = cached.history(ws, name)
    n_pages = max(1, -(-len(found.commits) // PAGE_SIZE))
    asked = state.parameter("page") or "1"
    page = min(n_pages, max(1, int(asked))) if asked.isdecimal() else 1
    st.caption(f"**{plain(name)}** · {count(len(found.commits), 'commit')}, newest first")
    if found.note:
        st.caption(plain(found.note))
    if not found.commits:
        tables.nothing("No commit has touched this dataset yet. Commit your edits in Changes.")
        return
    here = slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
    graph = found.lanes[here]
    chosen = _commits(
        key="history_commits",
        data={
            "items": rows(
                found.commits[here],
                name,
                graph=graph,
                branches=cached.branches(ws),
                metrics=found.metrics,
                shifts=found.shifts,
                can_revert=status.branch is not None,
            ),
            "n_lanes": 1 + max(max(x.lane, *(to for _, to, _ in x.lines), 0) for x in graph),
        },
        on_revert_change=_heard,
    )
    _pager(page, n_pages)
    if chosen.revert:
        ask_revert(ws, str(chosen.revert))


def _pager(page: int, n_pages: int) -> None:
    if n_pages < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, to in (("Newer", page - 1), ("Older", page + 1)):
            st.button(
                label,
                key=f"history_{label.lower()}",
                disabled=not 1 <= to <= n_pages,
                on_click=state.set_parameter,
                args=("page", str(to)),
            )
        st.caption(f"page {page} of {n_pages}", width="content")


@st.dialog("Take this commit back?")
def ask_revert(ws: Workspace, revision: str) -> None:
    """Ask before a revert, saying what it would do and what stays."""
    try:
        found = preview_revert(ws, revision, annotator=state.annotator())
    except UpwellError as error:
        errors.explain(error)
        return
    st.markdown(_would(found, revision))
    for sentence in found.kept[:MAX_KEPT]:
        st.caption(plain(sentence))
    if len(found.kept) > MAX_KEPT:
        st.caption(f"and {len(found.kept) - MAX_KEPT:,} more stay")
    for sentence in found.notes:
        st.caption(plain(sentence))
    if not found.edits:
        return
    left = cached.status(ws).not_committed()
    if left.is_in_the_way:
        commit_now.offer(left, state.dataset(), key="history_commit_first", why="; first")
        return
    st.text_input("Reason", key=_REASON, placeholder="why; it is kept in the edits", max_chars=500)
    if st.button("Revert", icon=":material/undo:", type="primary", key="history_revert_now"):
        history_actions.revert(revision, _REASON)
        st.rerun()


def _would(found: RevertResult, revision: str) -> str:
    """Say what a revert would do, in a sentence."""
    if not found.edits:
        return f"There is nothing to take back of **{short(revision)}**."
    parts = []
    for name, edits in found.edits.items():
        n = len({e.example_id for e in edits})
        parts.append(f"{count(n, 'example')} of {plain(name)}")
    return (
        f"What **{short(revision)}** did to {' and '.join(parts)} is taken back by edits of their "
        "own, in a new commit. Everything that came later stays."
    )
