"""The session's state, and the address that goes with it: one owner for both.

What can be shared stands in the address (``?dataset=…&example=…``); who is at the keyboard does
not: a link is no identity. A view reads ``state.dataset()`` and never ``st.session_state``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import streamlit as st

from ide.dataset.annotator import annotator_slug, is_annotator
from ide.dataset.errors import UpwellError, WorkspaceError
from ide.dataset.ids import content_id
from ide.store.annotators import default_annotator
from ide.store.workspace import Workspace

WORKSPACE_VARIABLE = "UPWELL_WORKSPACE"
_DATASET, _ANNOTATOR, _NOTICES = "upwell_dataset", "upwell_annotator", "upwell_notices"
_GOING = "upwell_going"
_LEFT, _TOLD, _HERE = "upwell_left_browse", "upwell_told", "upwell_here"
_LISTED = "upwell_listed"
_VISIT, _IS_ANNOTATOR_CHOSEN = "upwell_visit", "upwell_is_annotator_chosen"


def workspace() -> Workspace:
    """Return the workspace that this server was opened on."""
    return Workspace.find(os.environ.get(WORKSPACE_VARIABLE))


def begin(ws: Workspace) -> None:
    """Read the address at the start of a run, and write into it the dataset.

    A reload, or a server that was started anew, begins with the address and the cookies alone.
    """
    names = ws.datasets()
    asked = st.query_params.get("dataset")
    known = st.session_state.get(_DATASET)
    name = asked or (known if known in names else next(iter(names), None))
    st.session_state[_DATASET] = name
    address = st.query_params.to_dict() | ({"dataset": name} if name else {})
    address.pop("annotator", None)  # old addresses have it; a link does not say who labels
    if address != st.query_params.to_dict():
        st.query_params.from_dict(address)  # at once: each writing is a step of the Back button
    if _ANNOTATOR not in st.session_state:
        st.session_state[_ANNOTATOR] = _kept_annotator(ws) or default_annotator(ws)


def dataset() -> str:
    """Return the dataset that is open; raise a sentence where there is none, or no such one."""
    name = st.session_state.get(_DATASET)
    if not name:
        raise WorkspaceError(
            "this workspace holds no dataset yet. Import one with: upwell import SOURCE --name NAME"
        )
    return workspace().require(name)


def has_dataset() -> bool:
    """Whether a dataset is open that the workspace holds."""
    return st.session_state.get(_DATASET) in workspace().datasets()


def open_dataset(name: str) -> None:
    """Open another dataset; the example in the address was the old one's."""
    st.session_state[_DATASET] = name
    for key in list(st.query_params):
        del st.query_params[key]
    st.query_params["dataset"] = name


def example() -> str:
    """Return the example in the address, or raise."""
    asked = st.query_params.get("example")
    if not asked:
        raise UpwellError("no example is open: choose one in Browse, or in Review")
    return asked


def set_example_list(name: str, ids: Sequence[str]) -> None:
    """Remember the list of examples that a person opens one of."""
    st.session_state[_LISTED] = (name, tuple(ids))


def example_list(name: str) -> tuple[str, ...] | None:
    """Return the list that an example of a dataset was opened from last; None for none."""
    found: tuple[str, tuple[str, ...]] | None = st.session_state.get(_LISTED)
    return found[1] if found and found[0] == name else None


def left_address() -> dict[str, str] | None:
    """Return Browse's address as it was left, where a person comes back from an example.

    The browser's Back button returns to the view, but Streamlit has put the example's address
    in the place of Browse's; so it is kept here.
    """
    left: dict[str, str] | None = st.session_state.get(_LEFT)
    if "example" in st.query_params and left is not None:
        return left
    st.session_state[_LEFT] = st.query_params.to_dict()
    return None


def parameter(name: str) -> str | None:
    """Return one of the address's other parameters."""
    return st.query_params.get(name) or None


def set_parameter(name: str, value: str | None) -> None:
    """Write one of the address's other parameters; None takes it out."""
    if value is not None:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def annotator() -> str:
    """Return who is at the keyboard: a name that can name an edit log."""
    return str(st.session_state.get(_ANNOTATOR) or default_annotator(workspace()))


def is_annotator_chosen() -> bool:
    """Whether a person said in this session who labels: the browser is to keep it."""
    return bool(st.session_state.get(_IS_ANNOTATOR_CHOSEN))


def set_annotator(name: str) -> None:
    """Change who is at the keyboard; without a name it is git's own user again."""
    is_named = bool(name.strip())
    st.session_state[_ANNOTATOR] = (
        annotator_slug(name) if is_named else default_annotator(workspace())
    )
    st.session_state[_IS_ANNOTATOR_CHOSEN] = True


def keep_annotator(name: str) -> None:
    """Go on as who labelled in this tab of the browser before the session began."""
    if is_annotator(name) and not is_annotator_chosen():
        st.session_state[_ANNOTATOR] = name


def annotator_cookie(ws: Workspace) -> str:
    """Return the name of the cookie that keeps who labels; ports of a machine share cookies."""
    return f"upwell_annotator_{content_id(str(ws.root).encode())[:12]}"


def _kept_annotator(ws: Workspace) -> str | None:
    """Return who labels by the browser's cookie."""
    cookie = st.context.cookies.get(annotator_cookie(ws))
    name = unquote(cookie) if isinstance(cookie, str) else ""
    return name if is_annotator(name) else None


def prefill(key: str, text: str) -> None:
    """Put text into a widget that nobody has typed into; call it before the widget is drawn."""
    if st.session_state.get(key) in (None, "", st.session_state.get(f"{key}_prefilled")):
        st.session_state[key] = text
        st.session_state[f"{key}_prefilled"] = text


def typed(key: str) -> str | None:
    """Return what a person typed into a widget; None where the prefilled text stands."""
    text = st.session_state.get(key)
    return None if not text or text == st.session_state.get(f"{key}_prefilled") else str(text)


def arrive(view: str) -> None:
    """Remember which view is being drawn, and at which address."""
    if elsewhere(view):
        st.session_state[_VISIT] = visit() + 1
    st.session_state[_HERE] = (view, st.query_params.to_dict())


def set_out(view: str, query: Mapping[str, str]) -> None:
    """Remember where a person asked to go, until the page is there: see ``swallowed``."""
    here: tuple[str, dict[str, str]] | None = st.session_state.get(_HERE)
    st.session_state[_GOING] = (here[0] if here else None, view, dict(query), False)


def swallowed(view: str) -> tuple[str, dict[str, str]] | None:
    """Return where a person asked to go from here, or to, where that was lost on the way.

    On a slow machine a widget of the page that is left may speak after the click: Streamlit then
    draws that page again, or the new one with an address that is not its own.
    """
    going: tuple[str | None, str, dict[str, str], bool] | None = st.session_state.get(_GOING)
    if going is None:
        return None
    origin, target, query, was_there = going
    address = st.query_params.to_dict()
    is_right = query.keys() <= address.keys() if was_there else query.items() <= address.items()
    if view == target and is_right:
        st.session_state[_GOING] = (origin, target, query | address, True)
        return None
    if view == target or (view == origin and not was_there):
        return target, query
    del st.session_state[_GOING]
    return None


def visit() -> int:
    """Return a number that changes whenever one comes to a view from another."""
    return int(st.session_state.get(_VISIT, 0))


def elsewhere(view: str) -> tuple[str, dict[str, str]] | None:
    """Return the view that was drawn last and its address, where it is not ``view``.

    What a surface had still to say may be heard when its page has been left already.
    """
    found: tuple[str, dict[str, str]] | None = st.session_state.get(_HERE)
    return found if found is not None and found[0] != view else None


def tell(text: str, kind: str, conflicts: Mapping[str, int] | None = None) -> None:
    """Have it said in place what an action did, until another says something.

    ``text`` is Markdown; ``kind``: done or error; ``conflicts``: dataset → how many it left.
    """
    st.session_state[_TOLD] = (text, kind, dict(conflicts or {}))


def told() -> tuple[str, str, dict[str, int]] | None:
    """Return what the last action had to say, once: another run of the page is another matter."""
    found: tuple[str, str, dict[str, int]] | None = st.session_state.pop(_TOLD, None)
    return found


def notify(text: str, icon: str) -> None:
    """Have something said at the edge of the page when it is next drawn; ``text`` is Markdown."""
    st.session_state.setdefault(_NOTICES, []).append((text, icon))


def notices() -> list[tuple[str, str]]:
    """Return what is to be said, and forget it."""
    found: list[tuple[str, str]] = st.session_state.pop(_NOTICES, [])
    return found
