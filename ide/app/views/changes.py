import streamlit as st

from ide.app import cached, changes_page, diff_page, navigate, revision_choice, state, tables
from ide.app.text import plain
from ide.store.revisions import HEAD

ws, name = state.workspace(), state.dataset()
status = cached.status(ws)
a, b = revision_choice.asked()
if status.problem:
    st.warning(plain(status.problem), icon=":material/warning:")
elif status.revision or a:
    span = revision_choice.choose(ws, name, a or HEAD, b)
if a and not status.problem:
    listed = cached.change_list_of(ws, name, span)
    if len(listed):
        diff_page.pictures(ws, name, listed, key="diff", with_undo=False)
    else:
        tables.nothing(f"No difference: {plain(name)} has the same labels in {plain(span.title)}.")
    navigate.link("changes", "What is not committed", "edit_note", name)
    st.stop()

changes_page.conflicts(ws, status)
if status.not_committed().is_committable or status.untracked_parts:
    changes_page.commit_box(ws, status)
    changes_page.edits(ws, name, status)
else:
    tables.nothing("Nothing to commit: every edit is in the history.")

st.caption("**Commits**, newest first")
commits = cached.commits(ws)
if commits:
    tables.commits(commits)
else:
    tables.nothing("No commit has touched a dataset yet.")
