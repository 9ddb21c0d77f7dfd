from functools import partial

import streamlit as st

from ide.app import cached, errors, filters, gate_form, navigate, state, tables
from ide.app.gallery import gallery, tiles_of
from ide.app.text import count
from ide.store.builds import current_build
from ide.store.exact_values import python_rows
from ide.store.gate_drafts import draft_of_filters

ws, name = state.workspace(), state.dataset()
if left := state.left_address():
    navigate.go("browse", name, **{k: v for k, v in left.items() if k != "dataset"})
build = current_build(ws, name)
chosen = filters.draw(ws, name)


@st.fragment
def results() -> None:
    """Draw the page that is asked for; turning it draws nothing else anew."""
    with errors.shown():
        found = cached.browse_page(ws, name, build, chosen, page=filters.page_number())
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{count(found.n_rows, 'example')}, page {found.page:,} of {found.n_pages:,}"
            )
            st.space("stretch")
            if found.n_rows:
                draft = partial(draft_of_filters, ws, name, build, chosen)
                gate_form.button(ws, name, draft, key="browse")
            is_table = filters.as_table()
        if not found.n_rows:
            tables.nothing("Nothing matches. Loosen a filter, or clear the SQL condition.")
        elif is_table:
            tables.examples(found.rows, name, key="browse_table")
        else:
            gallery(ws, name, tiles_of(python_rows(found.rows)), key="browse_grid")
        filters.pagination(found.n_pages, found.page)
        state.left_address()


results()
