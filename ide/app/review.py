"""Review: the labelling surface on the newest build, or what to do where there is none."""

from __future__ import annotations

import streamlit as st

from ide.app import navigate, state
from ide.app.labeler.component import is_in_use, labeler
from ide.store.builds import BuildInfo, current_build, list_builds
from ide.store.workspace import Workspace

_PINNED = "upwell_review_build"


@st.fragment
def review(workspace: Workspace, name: str) -> None:
    """Draw Review; a fragment, so that saving an edit does not draw the page around it again."""
    newest = current_build(workspace, name)
    if newest is None:
        _no_build(workspace, name)
        return
    annotator = state.annotator()
    build = _pinned(workspace, name, newest, annotator)
    labeler(
        workspace,
        name,
        build,
        annotator=annotator,
        start=state.parameter("example"),
        links=[
            {"text": "Compile", "url": navigate.address("compile", name)},
            {"text": "Changes", "url": navigate.address("changes", name)},
            {"text": "Evals", "url": navigate.address("evals", name)},
            {"text": "Browse", "url": navigate.address("browse", name)},
        ],
        newest_build_id=newest.build_id,
    )


def _pinned(workspace: Workspace, name: str, newest: BuildInfo, annotator: str) -> BuildInfo:
    """Return the build that is being reviewed: a new one never changes the queue under a hand."""
    pinned = st.session_state.get(_PINNED)
    if pinned and is_in_use(name, annotator, pinned):
        known = {build.build_id: build for build in list_builds(workspace, name)}
        if pinned in known:
            return known[pinned]
    st.session_state[_PINNED] = newest.build_id
    return newest


def _no_build(workspace: Workspace, name: str) -> None:
    config = workspace.config(name)
    if not config.is_compiled:
        st.info(
            f"{name} holds {config.modality}, and only images compile so far, so that nothing is "
            "ranked. Its examples can be labelled on their own pages.",
            icon=":material/rate_review:",
        )
        navigate.link("browse", "Browse", "grid_view", name)
        return
    st.info(
        f"{name} has no build yet, so there is nothing the network doubts. Compiling takes "
        "seconds on a small dataset; its suspects then stand here.",
        icon=":material/rate_review:",
    )
    navigate.link("compile", "Compile", "play_circle", name)
