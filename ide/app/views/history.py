import streamlit as st

from ide.app import cached, history_page, state
from ide.app.text import plain

ws, name = state.workspace(), state.dataset()
status = cached.status(ws)
is_led_on = history_page.told()
if status.problem:
    st.warning(plain(status.problem), icon=":material/warning:")
    st.stop()
history_page.standing(name, status, is_led_on=is_led_on)
listed, beside = st.columns([7, 3], gap="large")
with beside:
    history_page.branches(ws, status)
with listed:
    history_page.commits(ws, name, status)
