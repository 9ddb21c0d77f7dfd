"""Browse's filters: widgets whose values stand in the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from ide.app import cached, navigate, state
from ide.app.address_words import say_unknown
from ide.app.text import plain
from ide.dataset.schema import SPLITS
from ide.store.browse import Filters
from ide.store.browse_offers import Offers, offers
from ide.store.builds import BuildInfo
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


def draw(ws: Workspace, name: str, build: BuildInfo | None) -> Filters:
    """Draw the filters that there is something for, and return them."""
    there = offers(ws, name, build)
    classes = ws.config(name).classes
    one_of = {"show": _SHOW, "label": classes, "predicted": classes, "split": SPLITS, "sort": _SORT}
    say_unknown(one_of)
    first: Any = {"bind": "query-params", "on_change": to_first_page}
    search = st.text_input(
        "Search",
        key="search",
        **first,
        label_visibility="collapsed",
        icon=":material/search:",
        placeholder=f"Search {_searched(ws, name)}: all words, in any order",
    )
    any_of: Any = {"index": None, "placeholder": "Any", **first}
    has_predicted = there.has_predictions or "predicted" in st.query_params
    has_tag = bool(there.tags) or "tag" in st.query_params
    n_columns = 4 + has_predicted + has_tag
    with st.grid(n_columns, min_column_width=120, gap="small", vertical_alignment="bottom"):
        show = st.selectbox("Show", _there(_SHOW, there.shows, "show"), key="show", **first)
        label = st.selectbox("Label", ws.config(name).classes, key="label", **any_of)
        predicted = None
        if has_predicted:
            predicted = st.selectbox(
                "Predicted", ws.config(name).classes, key="predicted", **any_of
            )
        splits = [s for s in SPLITS if s in there.splits or s == state.parameter("split")]
        split = st.selectbox("Split", splits, key="split", **any_of)
        tag = None
        if has_tag:
            asked = state.parameter("tag")  # what a link names is shown, also where it is gone
            tags = [*there.tags, *([asked] if asked and asked not in there.tags else [])]
            tag = st.selectbox("Tag", tags, key="tag", **any_of)
        order = st.selectbox("Sort", _there(_SORT, there.orders, "sort"), key="sort", **first)
    where = st.text_input(
        "SQL condition",
        key="where",
        **first,
        label_visibility="collapsed",
        icon=":material/filter_alt:",
        placeholder=f"SQL condition, such as  {_example(there)}",
        help=_columns(ws, name),
    )
    return Filters(
        label, predicted, split, _SHOW[show], where or "", _SORT[order], search or "", tag
    )


def _there(words: Mapping[str, str], there: Collection[str], key: str) -> list[str]:
    """Return the choices that there is something of, and the one that the address asks for."""
    return [word for word, value in words.items() if value in there or _is_asked(key, word)]


def _is_asked(key: str, word: str) -> bool:
    return word in (state.parameter(key), st.session_state.get(key))


def _searched(ws: Workspace, name: str) -> str:
    text = "text, " if ws.config(name).modality == "text" else ""
    return f"{text}file names and other columns"


def _example(there: Offers) -> str:
    if there.has_predictions:
        return "p_mislabeled > 0.3 AND predicted = '8'"
    return "n_edits = 0 AND split = 'train'"


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
