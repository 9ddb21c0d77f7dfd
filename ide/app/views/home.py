import streamlit as st

from ide.app import cards, errors, import_panel, state
from ide.app.addresses import UNKNOWN

ws = state.workspace()
cards.no_view(state.parameter(UNKNOWN))
cards.problems(ws)
with st.grid(2, min_column_width=430, gap="medium") as grid:
    for name in ws.datasets():
        with grid.cell(), st.container(border=True, key=f"card_{name}"), errors.shown():
            cards.card(ws, name)
    with grid.cell(), st.container(border=True, key="card_lately"), errors.shown():
        cards.activity(ws)
    with grid.cell(), st.container(border=True, key="card_problems"), errors.shown():
        cards.problem_list(ws)
with errors.shown():
    import_panel.draw(ws, is_open=False)
