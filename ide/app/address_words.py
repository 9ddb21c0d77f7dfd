"""What an address names that there is not, a class or a check: each is said in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from ide.app import state
from ide.app.text import middle_cut, plain

MAX_LISTED = 8


def say_unknown(choices: Mapping[str, Collection[str]]) -> None:
    """Say which parameters of the address are none of their choices, and so filter nothing.

    Call it before the widgets that take them: Streamlit drops what is no option of theirs.
    """
    for name, options in choices.items():
        asked = state.parameter(name)
        if asked and asked not in options:
            known = [middle_cut(str(option), 40) for option in list(options)[:MAX_LISTED]]
            more = ", …" if len(options) > MAX_LISTED else ""
            there_are = f" There are: {', '.join(known)}{more}." if known else ""
            st.warning(
                plain(
                    f"The address asks for {name} {asked[:80]!r}, which is none here.{there_are}"
                ),
                icon=":material/wrong_location:",
            )
