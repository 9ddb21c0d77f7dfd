"""Browse's filters: widgets whose values stand in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ide.app import cached, navigate, state
from ide.app.text import plain
from ide.dataset.schema import SPLITS
from ide.store.browse import Filters
from ide.store.workspace import Workspace

_PAGE = "page"
# what is chosen stands in the address, so these words are the choices and their spelling there
_SHOW = {
    "everything": "all",
    "suspects": "suspects",
    "edited": "edited",
    "relabelled": "relabelled",
    "excluded": "excluded",
    "conflicts": "conflicts",
    "with issues": "issues",
    "predicted otherwise": "wrong",
}
_SORT = {
    "most suspect first": "suspicion",
    "highest loss first": "loss",
    "by id": "id",
    "shuffled": "random",
}


def draw(ws: Workspace, name: str) -> Filters:
    """Draw the filters and return them."""
    classes = ws.config(name).classes
    first: Any = {"bind": "query-params", "on_change": to_first_page}
    with st.grid(5, min_column_width=130, gap="small", vertical_alignment="bottom"):
        show = st.selectbox("Show", list(_SHOW), key="show", **first)
        label = st.selectbox("Label", classes, index=None, placeholder="Any", key="label", **first)
        predicted = st.selectbox(
            "Predicted", classes, index=None, placeholder="Any", key="predicted", **first
        )
        split = st.selectbox("Split", SPLITS, index=None, placeholder="Any", key="split", **first)
        order = st.selectbox("Sort", list(_SORT), key="sort", **first)
    where = st.text_input(
        "SQL condition",
        key="where",
        **first,
        label_visibility="collapsed",
        icon=":material/filter_alt:",
        placeholder="SQL condition, such as  p_mislabeled > 0.3 AND predicted = '8'",
        help=_columns(ws, name),
    )
    return Filters(label, predicted, split, _SHOW[show], where or "", _SORT[order])


def page_number() -> int:
    """Return the page in the address, from 1."""
    asked = state.parameter(_PAGE) or "1"
    return int(asked[:9]) if asked.isdecimal() else 1


def pagination(n_pages: int, page: int) -> None:
    """Draw the page numbers, where there is more than one page; the address leads."""
    if n_pages < 2:
        return
    key = f"pages_{n_pages}_{page}"

    def on_change() -> None:
        navigate.stay_out_of("browse")  # heard late: the page is left already
        state.set_parameter(_PAGE, str(st.session_state[key]))

    st.pagination(n_pages, default=page, key=key, on_change=on_change, width="stretch")


def as_table() -> bool:
    """Draw the choice between pictures and a table."""
    chosen = st.segmented_control(
        "View",
        ["grid", "table"],
        default="grid",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen == "table"


def to_first_page() -> None:
    """Go back to the first page: the filters changed."""
    state.set_parameter(_PAGE, None)


def _columns(ws: Workspace, name: str) -> str:
    return "Columns: " + ", ".join(plain(column) for column in cached.browse_columns(ws, name))
