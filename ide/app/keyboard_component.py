"""A surface that is worked by keys, as a Streamlit component, and the conversation with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app import moving_counts, navigate, state
from ide.app.conversation import Conversation, DataOf, Save
from ide.app.server import labeler_version

_N_KEPT = 3  # conversations of one key
# The modules come from a route with an immutable address, so that a rerun does not carry them.
_LOADER = """
export default async function (component) {
  const module = await import(new URL("%s", location.origin));
  return module.default(component);
}
"""


def keyboard_component(name: str, *, classes: str, styles: Sequence[Path]) -> Any:
    """Register ``upwell_<name>``, whose module is ``<name>.js``; make it once and keep it."""
    return st.components.v2.component(
        f"upwell_{name}",
        html=f'<div class="{classes}"></div>',
        css="\n".join(path.read_text(encoding="utf-8") for path in styles),
        js=_LOADER % f"/labeler/{labeler_version()}/{name}.js",
    )


def key_of(*parts: str) -> str:
    """Return a component's key made of names: Streamlit refuses one with "__" in it."""
    return "/".join(parts).replace("_", "~")  # no name has a tilde: two keys stay two


def converse(
    component: Any,
    *,
    key: str,
    view: str,
    about: str,
    save: Save,
    data_of: DataOf,
    **callbacks: Callable[[], None],
) -> None:
    """Show a surface and let it talk with the server, by a route: see ``sync_route``.

    Its edits are on the disk before they are acknowledged; sending twice changes nothing. view:
    the page that it stands on. about: names the list that it is over. data_of: what it is given,
    by the newest message as it came (None: at its beginning). callbacks: what else it may ask of
    the page, as ``on_go_change``.
    """
    counted = moving_counts.told_with(data_of, state.workspace(), state.dataset())
    conversation = _begun(key, about, save, counted)
    component(
        key=key,
        data=conversation.given(state.visit()),
        on_rested_change=lambda: navigate.stay_out_of(view),
        **callbacks,
    )


def is_spoken_of(key: str) -> bool:
    """Whether the surface of that key is on the page and has spoken."""
    kept = st.session_state.get(_kept_as(key), {}).values()
    return any(each.has_spoken and each.visit == state.visit() for each in kept)


def _begun(key: str, about: str, save: Save, data_of: DataOf) -> Conversation:
    """Return the conversation about a list, a new one where there is none.

    The session keeps it, and with the session it ends. The last ones are kept too: what a surface
    had still to say when its list gave way to another is heard.
    """
    kept: dict[str, Conversation] = st.session_state.setdefault(_kept_as(key), {})
    conversation = kept.pop(about, None) or Conversation(save, data_of)
    conversation.save, conversation.data_of = save, data_of
    kept[about] = conversation
    while len(kept) > _N_KEPT:
        kept.pop(next(iter(kept)))
    return conversation


def _kept_as(key: str) -> str:
    return f"{key}/conversations"
