"""Blame: every edit of an example, with who, when, why, on what evidence, and who reviewed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ide.app import cached, navigate
from ide.app.text import moment, plain
from ide.dataset.edit import REVIEW_ACTIONS
from ide.dataset.evidence import evidence_words
from ide.dataset.reviews import APPROVED
from ide.store.revisions import HEAD
from ide.store.workspace import Workspace

N_SHOWN = 12  # edits that are not folded away
MAX_WORDS = 400  # characters of a comment or a reason
_DID = {
    "label": "labelled",
    "confirm": "confirmed",
    "vote": "voted",
    "exclude": "excluded",
    "restore": "restored",
    "split": "moved to",
    "tag": "tagged",
    "untag": "tag taken off:",
    "comment": "comment:",
    "dismiss": "dismissed issue",
    "approve": "approved",
    "request_change": "asked for a change",
}
Edit = Mapping[str, Any]  # a row of ``history.blame``


def draw(ws: Workspace, name: str, example_id: str) -> None:
    """Draw the edits of an example, newest first; a review stands below the edit that it is on."""
    edits = cached.blame(ws, name, example_id)
    by_id = {edit["edit_id"]: edit for edit in edits}
    own = [edit for edit in reversed(edits) if not _is_review(edit, by_id)]
    if not own:
        st.caption("As imported; nobody has edited it.")
        return
    for edit in own[:N_SHOWN]:
        _edit(name, edit, by_id)
    if len(own) > N_SHOWN:
        with st.expander(f"{len(own) - N_SHOWN:,} older edits"):
            for edit in own[N_SHOWN:]:
                _edit(name, edit, by_id)


def _is_review(edit: Edit, by_id: Mapping[str, Edit]) -> bool:
    """Whether an edit is a verdict of a reviewer, or takes one back."""
    seen: set[str] = set()
    while edit["action"] == "undo" and edit["edit_id"] not in seen:
        seen.add(edit["edit_id"])
        target = by_id.get(edit["value"] or "")
        if target is None:
            return False
        edit = target
    return edit["action"] in REVIEW_ACTIONS


def _edit(name: str, edit: Edit, by_id: Mapping[str, Edit]) -> None:
    with st.container(border=True, gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(what(edit, by_id))}**", width="content")
            if edit["is_in_force"]:
                st.badge("stands", color="green")
            st.caption(f"{plain(edit['annotator'])} · {moment(edit['made_at'])}", width="content")
            st.space("stretch")
            _links(name, edit)
        if edit["reason"]:
            st.markdown(plain(edit["reason"][:MAX_WORDS]))
        if said := evidence_words(edit["evidence"]):
            st.caption(f":material/visibility: {plain(said)}")
        _reviews(edit["review"])


def what(edit: Edit, by_id: Mapping[str, Edit]) -> str:
    """Say what an edit did: ``labelled 8``, ``took back: labelled 8``."""
    parts: list[str] = []
    while edit["action"] == "undo" and len(parts) < 5:
        parts.append("took back:")
        target = by_id.get(edit["value"] or "")
        if target is None:
            return "took back an edit that is not here"
        edit = target
    parts.append(_DID.get(edit["action"], str(edit["action"])))
    if edit["value"] and edit["action"] not in REVIEW_ACTIONS:
        parts.append(str(edit["value"])[:MAX_WORDS])
    return " ".join(parts)


def _links(name: str, edit: Edit) -> None:
    """Lead to the diff of the commit that brought an edit, and to where it is reviewed."""
    commit = edit["commit"]
    if commit:
        navigate.link("changes", f"commit {commit[:7]}", "commit", name, b=commit)
    else:
        text = "committed before what this clone has" if edit["is_committed"] else "not committed"
        st.caption(text, width="content")
    if edit["action"] != "comment" and (commit or not edit["is_committed"]):
        span = {"a": f"{commit}^", "b": commit} if commit else {"a": HEAD}
        navigate.link("reviews", "Review", "fact_check", name, **span, edit=edit["edit_id"])


def _reviews(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        is_approval = row["verdict"] == APPROVED
        verdict = (
            ":green[:material/check_circle: approved]"
            if is_approval
            else ":orange[:material/edit_note: change requested]"
        )
        said = f": {plain(row['reason'][:MAX_WORDS])}" if row["reason"] else ""
        state = "" if is_approval or row["is_open"] else " · answered"
        seen = evidence_words(row["evidence"])
        st.markdown(
            f"{verdict} by **{plain(row['annotator'])}**{said} "
            f":gray[{plain(moment(row['made_at']))}{plain(' · ' + seen) if seen else ''}{state}]"
        )
