"""What is not committed, with the button that commits it, where something waits for that."""

from __future__ import annotations

import streamlit as st

from ide.app import actions, navigate
from ide.app.text import plain
from ide.store.commit_paths import NotCommitted


def offer(left: NotCommitted, dataset: str, *, key: str, why: str = "") -> None:
    """Draw what is not committed and the button; nothing where everything is.

    why: what waits for it; said where that is so, for the lock of a build alone holds up nothing.
    """
    if left.is_committable:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                "Commit",
                icon=":material/check:",
                key=key,
                on_click=actions.commit_now,
                args=(dataset,),
                help="With a message that says what changed; Changes has a field for another.",
            )
            waiting = why if left.taken.is_in_the_way else ""
            navigate.link("changes", "See it", "difference", dataset)
            st.caption(f"Not committed: {plain(str(left.taken))}{waiting}", width="content")
    if left.foreign:
        st.caption(
            f":orange[{plain(str(left.untaken))}: changed, and no label, so that git has to commit "
            "it before a merge or a revert.]"
        )
