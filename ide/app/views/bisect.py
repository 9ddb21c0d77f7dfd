import streamlit as st

from ide.app import bisect_page, cached, history_page, state, tables

ws, name = state.workspace(), state.dataset()
if not ws.config(name).is_compiled:
    tables.no_build(ws, ws.config(name), "")
    st.stop()
if len(cached.commits(ws, name)) < 2:
    tables.nothing(
        "Nothing to search yet: bisecting asks which of several commits broke a gate. Commit your "
        "labels in Changes."
    )
    st.stop()
history_page.told()
bisect_page.request(ws, name)
bisect_page.culprit(ws, name)
bisect_page.live(ws, name)
bisect_page.changes(ws, name)
