"""The left side: the dataset that is open, how the workspace stands, who is at the keyboard."""

from __future__ import annotations

import streamlit as st

from ide.app import cached, drill_page, navigate, state
from ide.app.moving_counts import counts_of, leads, sidebar_data
from ide.app.panels import component
from ide.app.text import count, plain
from ide.store.workspace import Workspace

_DATASET_KEY, _ANNOTATOR_KEY = "sidebar_dataset", "sidebar_annotator"
_COUNTS_KEY = "sidebar_counts"
_counts = component("counts", '<div class="counts"></div>')


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
    st.caption(f":material/account_tree: {plain(status.branch or 'detached')}")
    drill_page.chip(ws)
    found = counts_of(ws, name)
    _counts(key=_COUNTS_KEY, data={"items": sidebar_data(name, found)}, on_go_change=_go)
    if n := sum(len(d.damage) for d in status.datasets if d.name == name):
        navigate.link("home", count(n, "damaged line"), "warning", name)


def _go() -> None:
    """Open the view that a number in the sidebar is from."""
    name, key = state.dataset(), st.session_state[_COUNTS_KEY].go
    for lead in leads(name, counts_of(state.workspace(), name)):
        if lead.key == key:
            navigate.go(lead.view, name, **lead.parameters)
