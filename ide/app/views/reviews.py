from dataclasses import replace

import streamlit as st

from ide.app import cached, comparison_panel, reviews_page, revision_choice, state, tables
from ide.app.address_words import say_unknown
from ide.app.text import plain
from ide.store.revisions import default_base, from_where_they_part

ws, name = state.workspace(), state.dataset()
a, b = revision_choice.asked()
span = revision_choice.choose(ws, name, a or default_base(ws), b)
span, note = from_where_they_part(ws, span)
if note:
    st.caption(f":material/call_split: {plain(note)}.")
listing = reviews_page.all_changes(ws, name, span)
if not len(listing.table):
    tables.nothing(f"Nothing to review: {plain(name)} has the same labels in {plain(span.title)}.")
    st.stop()

found = cached.comparison(ws, name, span, listing.view_id)
listing = replace(listing, caused=comparison_panel.caused(found))
comparison_panel.summary(found, listing)
say_unknown({"show": reviews_page.SHOWN, "verdict": reviews_page.VERDICTS})
shown = st.segmented_control(
    "Show",
    reviews_page.SHOWN,
    default="labels",
    required=True,
    key="show",
    bind="query-params",
    label_visibility="collapsed",
)
if shown == "metrics":
    comparison_panel.metrics(found)
elif shown == "fixed and broken":
    comparison_panel.flips(ws, found)
elif shown == "gates and checks":
    comparison_panel.gates_and_checks(ws, found)
else:
    left = reviews_page.choose(listing, state.annotator())
    if len(left.table):
        reviews_page.labels(left)
    else:
        tables.nothing("No change matches. Take a filter back, or the choice of verdicts.")
