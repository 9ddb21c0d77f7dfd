"""The first build of a dataset while it runs: every view says so, and how long it will take."""

from __future__ import annotations

import streamlit as st

from ide.app import navigate
from ide.app.statusline import POLL_S, run_share, stage_text
from ide.app.text import plain
from ide.store.build_process import build_status
from ide.store.builds import current_build
from ide.store.workspace import Workspace


def is_running(ws: Workspace, name: str) -> bool:
    """Whether a dataset has no build yet, and its first one is being made."""
    run = build_status(ws)
    return run.state == "running" and name in run.datasets and current_build(ws, name) is None


def draw(ws: Workspace, name: str, view: str) -> None:
    """Say that the first build runs and how far it is; nothing where there is none.

    When it ends, the status line has the page drawn anew. Compile watches builds itself.
    """
    if view != "compile" and is_running(ws, name):
        st.fragment(_line, run_every=POLL_S)(ws, name)


def _line(ws: Workspace, name: str) -> None:
    run = build_status(ws)
    if run.state != "running":
        return
    with st.container(border=True, key="first_build", gap="xsmall"):
        st.markdown(
            f":material/sync: **The first build of {plain(name)} is running.** Suspects, problems "
            "and accuracy come with it: until it ends nothing is ranked, checked or measured."
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.progress(run_share(run) or 0.0, text=plain(stage_text(run)))
            navigate.link("compile", "Watch", "play_circle", name)
