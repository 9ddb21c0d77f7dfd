import streamlit as st

from ide.app import errors, sql_page, state

ws, name = state.workspace(), state.dataset()
left, right = st.columns([3, 1], gap="medium")
with right:
    sql_page.schema(ws, name)
with left:
    text, is_asked, place = sql_page.query_box(name)
    with errors.shown():
        sql_page.outcome(ws, name, text, is_asked=is_asked)
    sql_page.history(ws, place)
