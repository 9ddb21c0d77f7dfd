"""The left side: the dataset that is open, how the workspace stands, who is at the keyboard."""

from __future__ import annotations

import streamlit as st

from ide.app import cached, drill_page, navigate, state
from ide.app.facts import facts, said
from ide.app.text import count, plain
from ide.store.reviews import asked_for
from ide.store.workspace import Workspace

_DATASET_KEY, _ANNOTATOR_KEY = "sidebar_dataset", "sidebar_annotator"


def draw(ws: Workspace) -> None:
    """Draw the sidebar below the navigation."""
    names = ws.datasets()
    with st.sidebar:
        if names:
            _datasets(names)
        if state.has_dataset():
            _workspace(ws)
        st.session_state[_ANNOTATOR_KEY] = state.annotator()
        st.text_input(
            "Annotator",
            key=_ANNOTATOR_KEY,
            on_change=lambda: state.set_annotator(st.session_state[_ANNOTATOR_KEY]),
            icon=":material/person:",
            max_chars=64,
            help="Your edits are written to datasets/…/edits/ under this name.",
        )


def _datasets(names: list[str]) -> None:
    """Draw the choice of the dataset; the address leads, the widget follows."""
    st.session_state[_DATASET_KEY] = state.dataset() if state.has_dataset() else None
    st.selectbox(
        "Dataset",
        names,
        key=_DATASET_KEY,
        on_change=lambda: state.open_dataset(st.session_state[_DATASET_KEY]),
        placeholder="Choose a dataset",
    )


def _workspace(ws: Workspace) -> None:
    name = state.dataset()
    status = cached.status(ws)
    found = facts(ws, name)
    st.caption(f":material/account_tree: {plain(status.branch or 'detached')}")
    drill_page.chip(ws)
    with st.container(gap="xxsmall"):
        if status.n_edits:
            text = f"{count(status.n_edits, 'uncommitted edit')}"
            navigate.link("changes", text, "edit", name)
        if found.n_suspects_left:
            text = f"{count(found.n_suspects_left, 'suspect')} left"
            navigate.link("review", text, "rate_review", name)
        if problems := said(found.n_open, ("error", "warning")):
            navigate.link("problems", problems, "report", name)
        if n := len(found.status.conflicts):
            navigate.link("review", count(n, "conflict"), "call_split", name, queue="conflicts")
        _requests(ws, name)
        if n := len(found.status.damage):
            navigate.link("home", count(n, "damaged line"), "warning", name)


def _requests(ws: Workspace, name: str) -> None:
    """Lead to the edits that a reviewer wants changed and nobody has answered."""
    n, base = asked_for(ws, name)
    if n:
        span = {"a": base} if base else {}
        text = f"{count(n, 'change')} requested"
        navigate.link("reviews", text, "edit_note", name, verdict="change requested", **span)
