"""What Browse shows below its filters: a page of examples, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from ide.app import batch_bar, cached, errors, filters, gate_form, review_part, state, tables
from ide.app.gallery import gallery, text_of, tiles_of
from ide.app.selection import Selection, selection
from ide.app.text import count
from ide.store.batch_edits import seen_of
from ide.store.browse import MAX_LISTED, BrowsePage, Filters, browse_ids
from ide.store.browse_offers import offers
from ide.store.builds import BuildInfo
from ide.store.exact_values import python_rows
from ide.store.gate_drafts import draft_of_filters
from ide.store.state import dataset_state
from ide.store.workspace import Workspace


@st.fragment
def results(ws: Workspace, name: str, build: BuildInfo | None, chosen: Filters) -> None:
    """Draw the page that is asked for; turning it draws nothing else anew."""
    with errors.shown():
        states = dataset_state(ws, name)  # before the rows: see seen_of
        found = cached.browse_page(ws, name, build, chosen, page=filters.page_number())
        seen = seen_of(states, found.rows["example_id"].to_pylist())
        picked = selection((name, chosen, found.page), seen)
        batch_bar.redraw_around(picked)
        is_table = _head(ws, name, build, chosen, found)
        if found.n_rows:
            tags = offers(ws, name, build).tags
            listed = partial(browse_ids, ws, name, build, chosen, limit=MAX_LISTED)
            batch_bar.draw(batch_bar.Bar(ws, name, build, chosen, found, picked, tags, listed))
            _examples(ws, name, found, picked, listed, is_table=is_table)
        else:
            tables.nothing("Nothing matches. Loosen a filter, or clear the search.")
        filters.pagination(found.n_pages, found.page)
        state.left_address()


def _head(
    ws: Workspace, name: str, build: BuildInfo | None, chosen: Filters, found: BrowsePage
) -> bool:
    """Draw how many match and where they lead; return whether a table is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = f"page {found.page:,} of {found.n_pages:,}"
        st.caption(f"{count(found.n_rows, 'example')}, {pages}")
        st.space("stretch")
        if found.n_rows:
            review_part.link(name, build, chosen)
            draft = partial(draft_of_filters, ws, name, build, chosen)
            gate_form.button(ws, name, draft, key="browse")
        return filters.as_table()


def _examples(
    ws: Workspace,
    name: str,
    found: BrowsePage,
    picked: Selection,
    listed: Callable[[], Sequence[str]],
    *,
    is_table: bool,
) -> None:
    """Draw the examples, each to be selected and to be opened."""
    if is_table:
        is_text = ws.config(name).modality == "text"
        texts = [text_of(ws, name, i) for i in picked.seen] if is_text else None
        tables.examples(found.rows, name, picked, texts, key="browse_table")
        return
    tags = {i: shown.tags for i, shown in picked.seen.items()}
    tiles = tiles_of(python_rows(found.rows), tags)
    gallery(ws, name, tiles, key="browse_grid", choice=picked.as_choice(), listed=listed)
