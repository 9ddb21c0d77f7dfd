"""The workbench: navigation, sidebar, the view, the evals beside it, the status line."""

from pathlib import Path

import streamlit as st

from ide.app import (
    aside,
    browser_page,
    cards,
    errors,
    first_build,
    navigate,
    sidebar,
    state,
    statusline,
    trust_card,
)

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
    navigate.go_on(page.url_path or "home")
    state.begin(workspace)
    state.arrive(page.url_path or "home")
    with errors.shown():
        sidebar.draw(workspace)
    # the frame comes first: a view may stop the script where it has no more to say
    errors.show_notices()
    with st.container(gap=None):
        browser_page.draw(workspace)
        statusline.draw(workspace)
        with st.container(key="title"):
            st.title(page.title, anchor=False)
        with errors.shown():
            trust_card.draw(workspace, page.url_path or "home")
        with errors.shown():
            if state.has_dataset():
                first_build.draw(workspace, state.dataset(), page.url_path or "home")
    work = st.container()
    if (page.url_path or "home") in WITH_EVALS and state.has_dataset():
        work, beside = st.columns([4, 1], gap="medium")
        with beside, errors.shown(), st.container(key="aside"):
            aside.draw(workspace, state.dataset())
    with work, errors.shown():
        if workspace.datasets():
            state.dataset()  # an address with an unknown one is told so, whatever the view
            page.run()
        else:
            cards.welcome(workspace)
