"""What the browser does for the page as a whole: it keeps who labels, and says when we are gone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ide.app import state
from ide.store.workspace import Workspace

_FOLDER = Path(__file__).parent / "components"
_KEY = "browser_page"

_page = st.components.v2.component(
    "upwell.browser_page",
    html="<div></div>",
    js=(_FOLDER / "browser_page.js").read_text(encoding="utf-8"),
)


def draw(ws: Workspace) -> None:
    """Draw nothing that is seen; let the browser keep who labels, and say who it is in this tab."""
    _page(
        key=_KEY,
        data={
            "cookie": state.annotator_cookie(ws),
            "annotator": state.annotator(),
            "is_chosen": state.is_annotator_chosen(),
        },
        on_kept_change=lambda: state.keep_annotator(str(st.session_state[_KEY].kept)),
    )
