"""The views, their addresses, and going from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ide.app import state

_VIEWS = Path(__file__).parent / "views"
# view: (title, icon, section, help)
VIEWS = {
    "home": ("Home", "home", "", "What each dataset holds, how good it is, what to do next."),
    "review": ("Review", "rate_review", "Data", "Suspects in rank order, judged by key."),
    "problems": ("Problems", "report", "Data", "What the checks found, with the keys to act."),
    "browse": ("Browse", "grid_view", "Data", "All examples, filtered and sorted."),
    "sql": ("SQL", "terminal", "Data", "Ask anything over all tables."),
    "example": ("Example", "image", "Data", "One example with its whole history."),
    "compile": ("Compile", "play_circle", "Network", "Train on the labels; watch; past builds."),
    "evals": ("Evals", "monitoring", "Network", "Accuracy, confusions, and what a build changed."),
    "history": ("History", "history", "Version", "The commits, what each did; the branches."),
    "changes": ("Changes", "difference", "Version", "What changed between any two revisions."),
    "reviews": ("Reviews", "fact_check", "Version", "What a branch does, judged label by label."),
    "bisect": ("Bisect", "search", "Version", "Which commit broke a gate: found by building."),
}
HIDDEN = frozenset({"example"})


def pages() -> dict[str, list[StreamlitPage]]:
    """Return the views for ``st.navigation``, by section."""
    sections: dict[str, list[StreamlitPage]] = {}
    for view, (title, icon, section, text) in VIEWS.items():
        page = st.Page(
            _VIEWS / f"{view}.py",
            title=title,
            icon=f":material/{icon}:",
            url_path=view if view != "home" else None,
            default=view == "home",
            visibility="hidden" if view in HIDDEN else "visible",
            help=text,
        )
        sections.setdefault(section, []).append(page)
    return sections


def go(view: str, dataset: str, /, **parameters: str) -> None:
    """Open a view at an address; from a callback or from a script."""
    query = _query(dataset, parameters)
    state.set_out(view, query)
    st.switch_page(_VIEWS / f"{view}.py", query_params=query)


def go_on(view: str) -> None:
    """Go where a person asked to, where a late message of the page that is left got in between."""
    if lost := state.swallowed(view):
        st.switch_page(_VIEWS / f"{lost[0]}.py", query_params=lost[1])


def stay_out_of(view: str) -> None:
    """Return to the view that is open where ``view`` is heard from after it was left.

    Streamlit draws such a message's page, of which nothing is left: the person would see nothing.
    """
    if there := state.elsewhere(view):
        st.switch_page(_VIEWS / f"{there[0]}.py", query_params=there[1])


def address(view: str, dataset: str, /, **parameters: str) -> str:
    """Return a view's address, relative to the server's own."""
    path = "" if view == "home" else view
    return f"./{path}?{urlencode(_query(dataset, parameters))}"


def link(view: str, label: str, icon: str, dataset: str, /, **parameters: str) -> None:
    """Draw a link to a view."""
    st.page_link(
        _VIEWS / f"{view}.py",
        label=label,
        icon=f":material/{icon}:",
        query_params=_query(dataset, parameters),
    )


def _query(dataset: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return an address's parameters."""
    return {"dataset": dataset, **parameters}


def button(
    view: str,
    label: str,
    icon: str,
    dataset: str,
    *,
    key: str,
    is_primary: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Draw a button that opens a view."""
    if st.button(
        label, icon=f":material/{icon}:", key=key, type="primary" if is_primary else "secondary"
    ):
        go(view, dataset, **(parameters or {}))
