"""The parts of Changes: what is not committed, what people disagree about, and the commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from ide.app import actions, cached, diff_page, navigate, state
from ide.app.gallery import Tile, gallery
from ide.app.text import count, plain
from ide.dataset.changes import summarise
from ide.store.past_edits import dataset_of
from ide.store.revisions import HEAD, span_of
from ide.store.state import dataset_state
from ide.store.status import Status
from ide.store.workspace import Workspace

MAX_TILES = 60
MESSAGE = "commit_message"
REASON = "commit_despite_errors"
MAX_ERRORS = 3  # that are listed above the message
MAX_FILES = 4  # that are named below it


def commit_box(ws: Workspace, status: Status) -> None:
    """Draw the message, prefilled with what changed, and the button; above, what blocks it."""
    files = (*status.not_committed().files, *status.untracked_parts)
    state.prefill(MESSAGE, _summary(ws))
    blocking_errors(ws, status, files)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Message",
            key=MESSAGE,
            help="Left as it is, the class pairs are added below it.",
            placeholder="what changed",
            icon=":material/commit:",
        )
        st.button(
            "Commit " + count(status.n_edits or len(files), "edit" if status.n_edits else "file"),
            icon=":material/check:",
            type="primary",
            key="commit",
            on_click=actions.commit_all,
            args=(MESSAGE, REASON),
        )
    if files:
        more = f" and {len(files) - MAX_FILES:,} more" if len(files) > MAX_FILES else ""
        word = "With it" if status.n_edits else "Files"
        st.caption(f"{word}: {', '.join(plain(path) for path in files[:MAX_FILES])}{more}")


def blocking_errors(ws: Workspace, status: Status, files: Sequence[str]) -> None:
    """Draw the errors that stand in what would be committed, and the field for a reason."""
    own = {dataset_of(path) for path in files}
    touched = [d.name for d in status.datasets if d.n_edits or d.name in own]
    errors = [e for name in touched for e in cached.standing_errors(ws, name)]
    if not errors:
        return
    with st.container(border=True, gap="small"):
        verb = "blocks" if len(errors) == 1 else "block"
        said = f"{count(len(errors), 'error')} {verb} this commit"
        st.markdown(f":red[:material/error: **{said}**]")
        for row in errors[:MAX_ERRORS]:
            about = f"**{plain(row['example_id'])}** " if row["example_id"] else ""
            st.caption(f"{plain(row['dataset'])}: {about}{plain(row['message'])}")
        if len(errors) > MAX_ERRORS:
            st.caption(f"and {len(errors) - MAX_ERRORS:,} more, in Problems")
        st.text_input(
            "Commit all the same, because",
            key=REASON,
            placeholder="why these errors may stand; it is recorded in the commit",
            icon=":material/gavel:",
        )


def _summary(ws: Workspace) -> str:
    """Return what is not committed in a line: ``digits: 12 relabelled, 3 confirmed``."""
    found: dict[str, Counter[str]] = {}
    for row in cached.changes(ws):
        found.setdefault(row["dataset"], Counter())[row["kind"]] += 1
    return "; ".join(f"{name}: {summarise(kinds)}" for name, kinds in found.items())


def edits(ws: Workspace, name: str, status: Status) -> None:
    """Draw the uncommitted changes of the open dataset, and lead to those of the others."""
    for dataset in status.datasets:
        if dataset.n_edits and dataset.name != name:
            text = f"{plain(dataset.name)}: {count(dataset.n_edits, 'uncommitted edit')}"
            navigate.link("changes", text, "difference", dataset.name)
    own = next((d for d in status.datasets if d.name == name), None)
    if own is None or not own.n_edits:
        return
    if status.revision is None:
        st.caption(f"{count(own.n_edits, 'edit')}; nothing is committed yet to compare with.")
        return
    listed = cached.change_list_of(ws, name, span_of(ws, name, HEAD))
    if len(listed):
        diff_page.pictures(ws, name, listed, key=f"changes_{name}", with_undo=True)
    else:
        st.caption(
            f"**{plain(name)}** · {count(own.n_edits, 'edit')} that leave every label as it was: "
            "edits and their undos."
        )


def conflicts(ws: Workspace, status: Status) -> None:
    """Draw the examples that people disagree about, and lead to where they are resolved."""
    for dataset in status.datasets:
        if dataset.conflicts:
            states = dataset_state(ws, dataset.name)
            n = count(len(dataset.conflicts), "conflict")
            st.caption(f":red[**{plain(dataset.name)}** · {n}]")
            link = {"queue": "conflicts"}
            navigate.link("review", f"Resolve {n} by key", "call_split", dataset.name, **link)
            tiles = [
                Tile(i, " | ".join(states[i].conflict_values), tone="bad")
                for i in dataset.conflicts[:MAX_TILES]
            ]
            gallery(ws, dataset.name, tiles, key=f"conflicts_{dataset.name}")
