"""Browse's filters: widgets whose values stand in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ide.app import state
from ide.app.text import plain
from ide.dataset.schema import SPLITS
from ide.store.browse import ORDERS, SHOWN, Filters, browse_columns
from ide.store.workspace import Workspace

_PAGE = "page"
_SHOW = {
    "all": "Everything",
    "suspects": "Suspects",
    "edited": "Edited",
    "relabelled": "Relabelled",
    "excluded": "Excluded",
    "conflicts": "Conflicts",
    "issues": "With issues",
    "wrong": "Predicted otherwise",
}
_ORDER = {
    "suspicion": "Most suspect first",
    "loss": "Highest loss first",
    "id": "By id",
    "random": "Shuffled",
}


def draw(ws: Workspace, name: str) -> Filters:
    """Draw the filters and return them."""
    classes = ws.config(name).classes
    first: Any = {"bind": "query-params", "on_change": _to_first_page}
    with st.grid(5, min_column_width=130, gap="small", vertical_alignment="bottom"):
        show = st.selectbox("Show", list(SHOWN), format_func=_SHOW.__getitem__, key="show", **first)
        label = st.selectbox("Label", classes, index=None, placeholder="Any", key="label", **first)
        predicted = st.selectbox(
            "Predicted", classes, index=None, placeholder="Any", key="predicted", **first
        )
        split = st.selectbox("Split", SPLITS, index=None, placeholder="Any", key="split", **first)
        order = st.selectbox(
            "Sort", list(ORDERS), format_func=_ORDER.__getitem__, key="sort", **first
        )
    where = st.text_input(
        "SQL condition",
        key="where",
        **first,
        label_visibility="collapsed",
        icon=":material/filter_alt:",
        placeholder="SQL condition, such as  p_mislabeled > 0.3 AND predicted = '8'",
        help=_columns(ws, name),
    )
    return Filters(label, predicted, split, show or "all", where or "", order or "suspicion")


def page_number() -> int:
    """Return the page that is asked for, by the widget or by the address; from 1."""
    asked = st.session_state.get(_PAGE) or state.parameter(_PAGE) or "1"
    return int(asked) if str(asked).isdecimal() else 1


def pagination(n_pages: int, page: int) -> None:
    """Draw the page numbers, where there is more than one page."""
    if n_pages > 1:
        if st.session_state.get(_PAGE, page) != page:
            st.session_state[_PAGE] = page
        st.pagination(n_pages, key=_PAGE, bind="query-params")


def as_table() -> bool:
    """Draw the choice between pictures and a table."""
    chosen = st.segmented_control(
        "View",
        ["grid", "table"],
        default="grid",
        required=True,
        key="view",
        bind="query-params",
        format_func={"grid": ":material/grid_view:", "table": ":material/table_rows:"}.__getitem__,
        label_visibility="collapsed",
    )
    return chosen == "table"


def _to_first_page() -> None:
    """Go back to the first page: the filters changed."""
    if _PAGE in st.session_state:
        st.session_state[_PAGE] = 1


def _columns(ws: Workspace, name: str) -> str:
    return "Columns: " + ", ".join(plain(column) for column in browse_columns(ws, name))
