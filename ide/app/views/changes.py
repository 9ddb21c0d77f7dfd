import streamlit as st

from ide.app import cached, changes_page, state, tables

ws = state.workspace()
status = cached.status(ws)
changes_page.conflicts(ws, status)
if status.n_edits:
    changes_page.commit_box(ws, status)
    for dataset in status.datasets:
        changes_page.edits(ws, dataset)
else:
    tables.nothing("Nothing to commit: every edit is in the history.")

st.caption("**Commits**, newest first")
commits = cached.commits(ws)
if commits:
    tables.commits(commits)
else:
    tables.nothing("No commit has touched a dataset yet.")
