"""The keys on an example's own page, as a Streamlit component: classes, and its list's next one.

Labels go by the route and into the edit log as those of Review do. The page around is drawn again
when they are saved, and when another example is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from ide.app import navigate, state
from ide.app.keyboard_component import converse, key_of, keyboard_component
from ide.app.labeler.sync import Receipt, parse_message, receive
from ide.app.review_data import state_row, undoable_steps
from ide.app.server import LABELER_PATH
from ide.dataset.ids import content_id
from ide.dataset.replay import UNTOUCHED
from ide.dataset.schema import EXAMPLE_ID
from ide.store.replaying import replayed
from ide.store.state import imported_table
from ide.store.workspace import Workspace

N_AROUND = 50  # ids at each side that the browser knows: a held arrow key has somewhere to go


@lru_cache(maxsize=1)
def _component() -> Any:
    styles = [LABELER_PATH / "labeler.css"]
    return keyboard_component("single", classes="labeler single", styles=styles)


def single(workspace: Workspace, name: str, row: Mapping[str, Any], shown: Any) -> None:
    """Show the keys of the example that the page is of; ``shown``: what the page shows of it."""
    example_id, annotator = row[EXAMPLE_ID], state.annotator()
    place = place_of(workspace, name, example_id, state.example_list(name))
    key = key_of("single", name, annotator)

    def data(value: Any, receipt: Receipt | None) -> dict[str, Any]:
        given = single_data(workspace, name, row, annotator=annotator, receipt=receipt)
        message = parse_message(value)
        return given | place | {"evidence": shown, "to": message.client if message else None}

    def on_go() -> None:
        navigate.stay_out_of("example")
        asked = st.session_state[key].go
        if isinstance(asked, Mapping) and isinstance(asked.get("example"), str):
            navigate.go("example", name, example=asked["example"])

    converse(
        _component(),
        key=key,
        view="example",
        about=f"{example_id}/{place['list']}",
        save=partial(receive, workspace, name, annotator=annotator),
        data_of=data,
        on_go_change=on_go,
    )


def single_data(
    workspace: Workspace,
    name: str,
    row: Mapping[str, Any],
    *,
    annotator: str,
    receipt: Receipt | None,
) -> dict[str, Any]:
    """Return what stands of an example now, and what of it can be undone."""
    now, example_id = replayed(workspace, name), row[EXAMPLE_ID]
    example_state = now.states.get(example_id, UNTOUCHED)
    steps = undoable_steps(
        (e for e in now.log.edits if e.example_id == example_id), now.states, annotator
    )
    return {
        "workspace": content_id(str(workspace.root).encode()),
        "dataset": name,
        "annotator": annotator,
        "classes": list(workspace.config(name).classes),
        "example": example_id,
        "rows": [
            {
                "id": example_id,
                "given": row["imported_label"],
                "suggested": row["suggested_label"],
                "p": row["p_mislabeled"],
                "p_suggested": None,
                "state": state_row(example_state, row["imported_label"], annotator),
            }
        ],
        "history": steps,
        "receipt": receipt.as_data() if receipt else None,
    }


def place_of(
    workspace: Workspace, name: str, example_id: str, listed: Sequence[str] | None
) -> dict[str, Any]:
    """Return where an example stands in the list that it was opened from, and what is around.

    Without a list that has it, in the order of the dataset. ``first``: the position of the first
    of ``around``, from 1; ``at``: the example's own place in it.
    """
    if listed and example_id in listed:
        ids, where = listed, "listed"
        at = ids.index(example_id)
    else:
        column, where = imported_table(workspace, name)[EXAMPLE_ID], "in the dataset"
        at, ids = column.index(example_id).as_py(), column
    low = max(0, at - N_AROUND)
    around = ids[low : at + N_AROUND + 1]
    return {
        "around": list(around) if isinstance(around, Sequence) else around.to_pylist(),
        "at": at - low,
        "first": low + 1,
        "n": len(ids),
        "where": where,
        "list": content_id("\0".join(ids).encode()) if where == "listed" else "",
    }
