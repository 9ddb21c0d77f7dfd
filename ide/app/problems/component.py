"""The Problems view as a Streamlit component, and the conversation with it.

As in Review: one element that holds a window of the list and never waits for Python; its edits
arrive by a route, are on the disk before they are acknowledged, and sending twice changes nothing.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from ide.app.keyboard_component import converse, key_of, keyboard_component
from ide.app.labeler.sync import Receipt, parse_message, receive
from ide.app.problems.data import Listing, parse_place, problem_data
from ide.app.problems.rows import ACTIONS
from ide.app.server import LABELER_PATH, PROBLEMS_PATH


@lru_cache(maxsize=1)
def _component() -> Any:
    styles = [LABELER_PATH / "labeler.css", PROBLEMS_PATH / "problems.css"]
    return keyboard_component("problems", classes="labeler problems", styles=styles)


def problems(listing: Listing, *, annotator: str, start: str | None) -> None:
    """Show a build's problems, and save what is done about them.

    ``start``: the issue that the address names.
    """
    workspace, name = listing.workspace, listing.name

    def data(value: Any, receipt: Receipt | None) -> dict[str, Any]:
        return problem_data(
            listing,
            annotator=annotator,
            start=start,
            message=parse_message(value),
            place=parse_place(value),
            receipt=receipt,
        )

    converse(
        _component(),
        key=key_of("problems", name, annotator),
        view="problems",
        about=listing.view_id,
        save=partial(receive, workspace, name, annotator=annotator, actions=ACTIONS),
        data_of=data,
    )
