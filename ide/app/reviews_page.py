"""The parts of Reviews that are about the labels: which to judge, and what people say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from ide.app import actions, cached, diff_page, state
from ide.app.reviews.component import review_changes
from ide.app.reviews.data import Listing, reviewable, unjudged
from ide.app.text import count
from ide.dataset.change_list import narrowed
from ide.dataset.reviews import APPROVED, CHANGE_REQUESTED
from ide.store.reviews import reviews
from ide.store.revisions import Span
from ide.store.workspace import Workspace

SHOWN = ("labels", "metrics", "fixed and broken", "gates and checks")
_MINE, _NOBODY, _ASKED, _AGREED = (
    "not judged by me",
    "judged by nobody",
    "change requested",
    "approved",
)
VERDICTS = (_MINE, _NOBODY, _ASKED, _AGREED)


def all_changes(ws: Workspace, name: str, span: Span) -> Listing:
    """Return what is reviewed in a span, with what it probably caused."""
    listed = reviewable(cached.change_list_of(ws, name, span))
    return Listing(ws, name, listed, span, cached.commit_by_edit(ws, name))


def choose(listing: Listing, annotator: str) -> Listing:
    """Draw the filters and the button for all that is shown; return what is left to review."""
    verdicts, others, at_once = st.columns([3, 1, 1], gap="small")
    with verdicts:
        chosen = st.segmented_control(
            "Verdict",
            VERDICTS,
            key="verdict",
            bind="query-params",
            label_visibility="collapsed",
        )
    n_set = sum(bool(state.parameter(key)) for key in ("kind", "pair", "who", "split"))
    title = f"Filter ({n_set})" if n_set else "Filter"
    with others, st.popover(title, icon=":material/filter_alt:", width="stretch"):
        table = narrowed(listing.table, diff_page.choose(listing.table))
    shown = replace(listing, table=_of_verdict(listing, table, chosen, annotator))
    with at_once:
        _approve_all(shown, annotator)
    return shown


def _of_verdict(listing: Listing, table: pa.Table, chosen: str | None, annotator: str) -> pa.Table:
    """Keep the changes of which a verdict stands, or none does."""
    if chosen is None:
        return table
    said = reviews(listing.workspace, listing.name)
    ids = pa.array([i for i, rows in said.items() if _is_so(rows, chosen, annotator)], pa.string())
    has = pc.is_in(table["edit_id"], value_set=ids)
    return table.filter(pc.invert(has) if chosen in (_MINE, _NOBODY) else has)


def _is_so(rows: Sequence[Mapping[str, Any]], chosen: str, annotator: str) -> bool:
    """Whether the verdicts on an edit are what was asked for (or, of none, what was not)."""
    if chosen == _MINE:
        return any(row["annotator"] == annotator for row in rows)
    wanted = {_ASKED: CHANGE_REQUESTED, _AGREED: APPROVED}.get(chosen)
    return any(row["verdict"] == wanted for row in rows) if wanted else bool(rows)


def _approve_all(listing: Listing, annotator: str) -> None:
    """Draw the button that approves what is shown and not judged yet, and its way back."""
    left = len(unjudged(listing, annotator))
    with st.container(gap="xsmall"):
        with st.popover(
            "Approve all shown", icon=":material/done_all:", disabled=not left, width="stretch"
        ):
            st.caption(f"{count(left, 'change')} that you have not judged, on every page.")
            st.button(
                f"Approve {count(left, 'change')}",
                type="primary",
                key="approve_all",
                on_click=actions.approve_all,
                args=(listing,),
            )
        if taken := actions.approved_at_once(listing.name):
            st.button(
                f"Take back {taken:,}",
                icon=":material/undo:",
                key="take_back_all",
                width="stretch",
                on_click=actions.take_back_all,
                args=(listing,),
            )


@st.fragment
def labels(listing: Listing) -> None:
    """Draw the changes to judge; a fragment, so that a verdict draws nothing around it again."""
    review_changes(listing, annotator=state.annotator(), start=state.parameter("edit"))
