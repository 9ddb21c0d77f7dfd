"""The review of changes as a Streamlit component, and the conversation with it.

As in Review and Problems: one element that holds a window of the list and never waits for Python;
its verdicts arrive by a route, are on the disk before they are acknowledged, and sending twice
changes nothing.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from ide.app.keyboard_component import converse, key_of, keyboard_component
from ide.app.labeler.sync import Receipt, parse_message
from ide.app.problems.data import parse_place
from ide.app.reviews.data import Listing, review_data, save
from ide.app.server import LABELER_PATH, PROBLEMS_PATH, REVIEWS_PATH


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

    def data(value: Any, receipt: Receipt | None) -> dict[str, Any]:
        return review_data(
            listing,
            annotator=annotator,
            start=start,
            message=parse_message(value),
            place=parse_place(value),
            receipt=receipt,
        )

    converse(
        _component(),
        key=key_of("reviews", listing.name, annotator),
        view="reviews",
        about=listing.view_id,
        save=partial(save, listing, annotator=annotator),
        data_of=data,
    )
