"""The review of changes as a Streamlit component, and the conversation with it.

As in Review and Problems: one element that holds a window of the list and never waits for Python;
its verdicts arrive as state, are on the disk before they are acknowledged, and sending twice
changes nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st

from ide.app import navigate
from ide.app.keyboard_component import keyboard_component
from ide.app.labeler.sync import Receipt, parse_message
from ide.app.problems.data import parse_place
from ide.app.reviews.data import Listing, review_data, save
from ide.app.server import LABELER_PATH, PROBLEMS_PATH, REVIEWS_PATH
from ide.dataset.errors import UpwellError


@lru_cache(maxsize=1)
def _component() -> Any:
    styles = [
        LABELER_PATH / "labeler.css",
        PROBLEMS_PATH / "problems.css",
        REVIEWS_PATH / "reviews.css",
    ]
    return keyboard_component("reviews", classes="labeler problems reviews", styles=styles)


def review_changes(listing: Listing, *, annotator: str, start: str | None) -> None:
    """Show the changes of a list, and save what is said of them.

    ``start``: the edit that the address names.
    """
    key = f"reviews/{listing.name}/{annotator}"
    receipt_key = f"{key}/receipt"

    def on_sync() -> None:
        message = parse_message((st.session_state.get(key) or {}).get("sync"))
        if message is not None:
            try:
                receipt = save(listing, message, annotator=annotator)
            except UpwellError as error:
                receipt = Receipt(message.client, error=str(error))
            st.session_state[receipt_key] = receipt
        navigate.stay_out_of("reviews")

    value = (st.session_state.get(key) or {}).get("sync")
    data = review_data(
        listing,
        annotator=annotator,
        start=start,
        message=parse_message(value),
        place=parse_place(value),
        receipt=st.session_state.get(receipt_key),
    )
    _component()(key=key, data=data, on_sync_change=on_sync)
