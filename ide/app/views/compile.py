import streamlit as st

from ide.app import cached, charts, compile_page, first_build, state, tables
from ide.store.builds import current_build, list_builds

ws, name = state.workspace(), state.dataset()
compile_page.controls(ws, name)

build = current_build(ws, name)
if build is None:
    if not first_build.is_running(ws, name):
        tables.nothing("No build yet. Compile to train the network on the labels as they stand.")
    st.stop()

compile_page.what_changed(ws, build)
compile_page.offer_commit(ws, name)
st.caption(f"**Training of the current build** · {compile_page.network(build)}")
loss, accuracy = st.columns(2, gap="medium")
with loss:
    charts.curves(cached.curves(build), "loss", key="curve_loss", title="mean loss")
with accuracy:
    charts.curves(cached.curves(build), "accuracy", key="curve_accuracy", title="accuracy")
st.caption("**Builds**, newest first")
tables.builds(list_builds(ws, name))
