"""The parts of Problems: its filters, which stand in the address, and the list that they leave."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ide.app import first_build, navigate, state
from ide.app.address_words import say_unknown
from ide.app.problems.component import problems
from ide.app.problems.data import Listing
from ide.app.text import count, plain
from ide.dataset.check_settings import SEVERITIES
from ide.dataset.schema import SPLITS
from ide.store.builds import BuildInfo, build_table
from ide.store.issues import ALL, DISMISSED, OPEN, SETTLED, IssueFilters
from ide.store.state import current_labels
from ide.store.workspace import Workspace

# what is chosen stands in the address, so these words are the choices and their spelling there
_SHOW = {"open": OPEN, "not a problem": DISMISSED, "resolved by edits": SETTLED, "all": ALL}


def filters(ws: Workspace, name: str, build: BuildInfo) -> IssueFilters:
    """Draw the filters and return them."""
    checks = sorted(set(build_table(build, "issues", ["check"])["check"].unique().to_pylist()))
    classes = ws.config(name).classes
    one_of = {"check": checks, "severity": SEVERITIES, "label": classes, "split": SPLITS}
    say_unknown({"show": _SHOW, **one_of})
    bound: Any = {"bind": "query-params"}
    any_: Any = {"index": None, "placeholder": "Any", **bound}
    with st.grid(6, min_column_width=130, gap="small", vertical_alignment="bottom"):
        show = st.selectbox("Show", list(_SHOW), key="show", **bound)
        check = st.selectbox("Check", checks, key="check", **any_)
        severity = st.selectbox("Severity", SEVERITIES, key="severity", **any_)
        label = st.selectbox("Class", classes, key="label", **any_)
        split = st.selectbox("Split", SPLITS, key="split", **any_)
        text = st.text_input("Text", key="text", placeholder="In the message or an id", **bound)
    return IssueFilters(check, severity, label, split, text or "", _SHOW[show])


@st.fragment
def listed(listing: Listing) -> None:
    """Draw the list; a fragment, so that saving an edit draws nothing around it again."""
    problems(listing, annotator=state.annotator(), start=state.parameter("issue"))


def none_found(ws: Workspace, name: str) -> None:
    """Say that the checks found nothing, and where to go on."""
    n = len(current_labels(ws, name))
    st.success(
        f"The checks looked at {count(n, 'example')} and found nothing to mend.",
        title="No problems",
        icon=":material/task_alt:",
    )
    navigate.link("review", "Review suspects", "rate_review", name)


def no_build(ws: Workspace, name: str) -> None:
    """Say why nothing is checked, and how to get there."""
    config = ws.config(name)
    if not config.is_compiled:
        st.info(
            f"{plain(name)} holds {config.modality}, and only images compile so far. Its checks "
            f"run with `upwell check {name}`, and what they find then stands here.",
            icon=":material/report:",
        )
        navigate.link("browse", "Browse", "grid_view", name)
        return
    if first_build.is_running(ws, name):
        return  # the line above the view says so
    st.info(
        f"{plain(name)} is not checked yet. The checks run with a build, or without one by "
        f"`upwell check {name}`: duplicates, leaks, outliers and the rest then stand here.",
        icon=":material/report:",
    )
    navigate.link("compile", "Compile", "play_circle", name)
