"""What History's buttons do: callbacks that say in place, in a sentence, what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import streamlit as st

from ide.app import cached, state
from ide.app.text import count, plain, short
from ide.dataset.errors import UpwellError
from ide.store.branches import create_branch, switch_branch
from ide.store.edit_log import read_edits
from ide.store.merging import MergeResult
from ide.store.merging import merge as merge_branch
from ide.store.reverting import revert as revert_commit
from ide.store.workspace import Workspace

MAX_PEOPLE = 4  # named in a sentence


def switch(name: str) -> None:
    """Go to a branch."""
    try:
        found = switch_branch(state.workspace(), name)
    except UpwellError as error:
        state.tell(plain(error), "error")
        return
    _went(f"You are on **{plain(found.branch)}**.", found.notes)


def create(key: str) -> None:
    """Make the branch that is named in the widget ``key``, and go there."""
    name = str(st.session_state.get(key) or "").strip()
    if not name:
        state.tell("Name the branch first.", "error")
        return
    try:
        found = create_branch(state.workspace(), name)
    except UpwellError as error:
        state.tell(plain(error), "error")
        return
    st.session_state[key] = ""
    _went(f"You are on the new branch **{plain(found.branch)}**.", found.notes)


def merge(name: str) -> None:
    """Merge a branch into the current one, and say what it brought."""
    ws = state.workspace()
    try:
        before = _edits_by_id(ws)
        found = merge_branch(ws, name)
        after = _edits_by_id(ws)
    except UpwellError as error:
        state.tell(plain(error), "error")
        return
    brought = Counter(who for edit_id, who in after.items() if edit_id not in before)
    _went(merged_sentence(name, found, brought), found.notes, found.conflicts)


def revert(revision: str, key: str) -> None:
    """Take a commit back, for the reason in the widget ``key``."""
    reason = str(st.session_state.get(key) or "").strip() or None
    try:
        found = revert_commit(
            state.workspace(), revision, annotator=state.annotator(), reason=reason
        )
    except UpwellError as error:
        state.tell(plain(error), "error")
        return
    said = f"Took {short(revision)} back by {count(found.n_edits, 'edit')}."
    kept = f" {count(len(found.kept), 'label')} stayed: later edits build on them."
    _went((said if found.revision else "") + (kept if found.kept else ""), found.notes)


def merged_sentence(name: str, found: MergeResult, brought: Mapping[str, int]) -> str:
    """Say what a merge did: ``12 edits of ada brought; 3 conflicts.``"""
    if found.is_up_to_date:
        return f"Nothing new: **{plain(name)}** is in this branch already."
    people = sorted(brought.items(), key=lambda entry: (-entry[1], entry[0]))
    said = [f"{count(n, 'edit')} of {plain(who)}" for who, n in people[:MAX_PEOPLE]]
    rest = sum(n for _, n in people[MAX_PEOPLE:])
    said += [f"{count(rest, 'edit')} of {len(people) - MAX_PEOPLE} others"] if rest else []
    head = f"Merged **{plain(name)}**: {', '.join(said) or 'no edits'} brought"
    n = found.n_conflicts
    return f"{head}; {count(n, 'conflict')} to resolve." if n else f"{head}, and nothing disagrees."


def _went(
    text: str, notes: tuple[str, ...] = (), conflicts: Mapping[str, tuple[str, ...]] | None = None
) -> None:
    """Say how it went, and have git asked anew."""
    cached.forget_history()
    more = "".join(f"  \n{plain(note)}" for note in notes)
    n_by_dataset = {name: len(ids) for name, ids in (conflicts or {}).items()}
    state.tell(text + more, "done", n_by_dataset)


def _edits_by_id(ws: Workspace) -> dict[str, str]:
    return {e.edit_id: e.annotator for name in ws.datasets() for e in read_edits(ws, name).every}
