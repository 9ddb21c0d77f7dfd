from functools import partial

import streamlit as st

from ide.app import blame_panel, cached, charts, example_page, gate_form, state
from ide.app.gallery import gallery
from ide.app.labeler.single import single
from ide.app.panels import bars
from ide.app.text import plain
from ide.store.builds import current_build
from ide.store.file_names import file_names
from ide.store.gate_drafts import draft_of_examples

ws, name, example_id = state.workspace(), state.dataset(), state.example()
build = current_build(ws, name)
row = example_page.read(ws, name, build, example_id)

single(ws, name, row, example_page.evidence_of(ws, name, row, build))
picture, facts = st.columns([1, 1.25], gap="medium")
with picture:
    example_page.payload(ws, name, row)
    example_page.buttons(ws, name, row, build)
    title = f"example {example_id}"
    draft = partial(draft_of_examples, ws, name, [example_id], title)
    gate_form.button(ws, name, draft, key="example")
with facts:
    example_page.facts(row, file_names(ws, name)(example_id))
    if row["reason"]:
        st.caption(f":material/search_insights: {plain(row['reason'])}")
    example_page.problems(ws, name, build, row)
    if probs := example_page.probability_bars(ws, name, build, example_id):
        st.caption("**Network’s own probability**")
        bars(probs, key="example_probs")

if build is not None:
    curve, near = st.columns(2, gap="medium")
    with curve:
        st.caption("**Training record**")
        record = cached.example_curve(build, example_id)
        if record["epoch"]:
            charts.training_curve(record, key="example_curve")
        else:
            st.caption("No record: this example was not in the build.")
    with near:
        st.caption("**Nearest in the network's features**")
        gallery(ws, name, example_page.neighbors(ws, name, build, row), key="near", size="small")

st.caption("**History**")
blame_panel.draw(ws, name, example_id)
