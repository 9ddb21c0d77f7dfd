"""Choosing two revisions: a branch, a tag, a commit, or the files as they are now.

What is chosen stands in the address as ``a`` and ``b``, so that a diff can be sent to somebody.
"""

from __future__ import annotations

import streamlit as st

from ide.app import cached, state
from ide.app.text import ago
from ide.store.revisions import HEAD, WORKING_TREE, Span, span_of
from ide.store.workspace import Workspace

N_COMMITS = 30


def asked() -> tuple[str | None, str]:
    """Return the two names in the address; None where none is asked for, "" = the files now.

    An address with ``b`` alone asks what that commit did.
    """
    a, b = state.parameter("a"), state.parameter("b") or WORKING_TREE
    return a or (f"{b}^" if b else None), b


def choose(ws: Workspace, name: str, a: str, b: str) -> Span:
    """Draw both choices and return what they stand for; raise ``GitError`` where they cannot."""
    words = choices(ws, name)
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        _select("From", "a", (a, b), words)
    with right:
        _select("To", "b", (a, b), words)
    return span_of(ws, name, a, b)


def _select(title: str, parameter: str, pair: tuple[str, str], words: dict[str, str]) -> None:
    value = pair["ab".index(parameter)]
    names = [n for n in words if n != WORKING_TREE or parameter == "b"]
    options = names if value in names else [value, *names]
    key = f"revision_{parameter}_{value}"

    def on_change() -> None:
        chosen = str(st.session_state[key] or "").strip()
        state.set_parameter(parameter, chosen or None)
        state.set_parameter("page", None)
        if parameter == "b" and not state.parameter("a"):
            state.set_parameter("a", pair[0])

    st.selectbox(
        title,
        options,
        index=options.index(value),
        format_func=lambda n: words.get(n, n),
        key=key,
        on_change=on_change,
        accept_new_options=True,
        help="A branch, a tag or a commit; any other name that git knows can be typed.",
    )


def choices(ws: Workspace, name: str) -> dict[str, str]:
    """Return name → how it is shown: the files now, HEAD, branches, tags, recent commits."""
    found = {WORKING_TREE: "working tree, the files as they are now", HEAD: "HEAD, the last commit"}
    for ref in cached.refs(ws):
        found.setdefault(ref.name, f"{ref.name} · {ref.kind}")
    for commit in cached.commits(ws, name)[:N_COMMITS]:
        line = (commit.message.splitlines() or [""])[0][:60]
        found[commit.revision[:10]] = f"{commit.revision[:7]} · {line} · {ago(commit.committed_at)}"
    return found
