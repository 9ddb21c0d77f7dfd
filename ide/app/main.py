"""The workbench: navigation, sidebar, the view, the evals beside it, the status line."""

from pathlib import Path

import streamlit as st

from ide.app import aside, errors, navigate, sidebar, state, statusline

_FOLDER = Path(__file__).parent
WITH_EVALS = frozenset({"browse", "example", "changes", "compile"})

st.set_page_config(
    page_title="Upwell",
    page_icon=str(_FOLDER / "icon.svg"),
    layout="wide",
    menu_items={"About": "**Upwell** – an IDE for Software 2.0: datasets are source code."},
)
st.logo(str(_FOLDER / "logo.svg"), icon_image=str(_FOLDER / "icon.svg"), size="large")
st.html(_FOLDER / "style.css")
page = st.navigation(navigate.pages(), expanded=True)

with errors.shown():
    workspace = state.workspace()
    state.begin(workspace)
    with errors.shown():
        sidebar.draw(workspace)
    view = page.url_path or "home"
    with st.container(key="title"):
        st.subheader(page.title, anchor=False)
    if view in WITH_EVALS:
        work, beside = st.columns([4, 1], gap="medium")
        with work, errors.shown():
            page.run()
        with beside, errors.shown(), st.container(key="aside"):
            aside.draw(workspace, state.dataset())
    else:
        with errors.shown():
            page.run()
    statusline.draw(workspace)
