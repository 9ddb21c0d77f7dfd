import streamlit as st

from ide.app import errors, sql_page, state

ws, name = state.workspace(), state.dataset()
left, right = st.columns([3, 1], gap="medium")
with right:
    sql_page.schema(ws, name)
with left:
    text = sql_page.query_box(name)
    if text:
        with errors.shown():
            sql_page.answer(ws, text)
