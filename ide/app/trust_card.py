"""What is said, on views whose buttons run code, in a workspace that nobody has trusted yet."""

from __future__ import annotations

import streamlit as st

from ide.app import errors, state
from ide.app.text import plain
from ide.dataset.errors import UpwellError
from ide.store.trust import is_trusted, trust
from ide.store.what_runs import what_runs
from ide.store.workspace import Workspace

VIEWS = frozenset({"home", "compile", "changes", "history", "bisect"})
_MAX_LINES = 30
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def draw(ws: Workspace, view: str) -> None:
    """Say that nothing of the workspace runs, what would, and offer to allow it."""
    if view not in VIEWS or is_trusted(ws.root):
        return
    with st.container(border=True, key="trust"):
        st.markdown(
            ":orange[:material/lock:] **This workspace is not trusted yet.** Look at it, label, "
            "ask and compare; nothing that belongs to it runs. To compile, commit, import, merge, "
            "push and pull, say that it may."
        )
        found = [f"- {plain(one)}" for one in what_runs(ws)]
        more = [f"- and {len(found) - _MAX_LINES:,} more: upwell trust lists all"]
        with st.expander(f"What would run ({len(found):,} besides Upwell's own stages)"):
            st.markdown("\n".join(found[:_MAX_LINES] + more[: len(found) > _MAX_LINES]))
        if is_local():  # else a visitor may be anybody
            st.button("Trust this workspace", key="trust_it", on_click=_trust, args=(ws,))
        else:
            st.caption("Allow it on the machine that serves it, with: `upwell trust`")


def is_local() -> bool:
    """Whether this machine alone can reach the workbench."""
    return st.get_option("server.address") in _LOOPBACK


def _trust(ws: Workspace) -> None:
    try:
        trust(ws)
    except UpwellError as error:
        errors.notify(error)
    else:
        state.notify("Trusted; upwell trust \\-\\-revoke takes it back", "check")
