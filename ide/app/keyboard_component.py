"""A surface that is worked by keys, as a Streamlit component, and the conversation with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app import navigate
from ide.app.labeler.sync import Message, Receipt, parse_message
from ide.app.server import labeler_version

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


def converse(
    component: Any,
    *,
    key: str,
    view: str,
    save: Callable[[Message], Receipt],
    data_of: Callable[[Any, Receipt | None], dict[str, Any]],
) -> None:
    """Show a surface, save what its messages bring, and give it what it lacks.

    Its edits arrive as state and are on the disk before they are acknowledged; sending twice
    changes nothing. view: the page that it stands on, which a late message does not bring back.
    data_of: what it is given, by the newest message as it came (None: at its beginning).
    """
    receipt_key = f"{key}/receipt"

    def on_sync() -> None:
        message = parse_message(_said(key))
        if message is not None:
            st.session_state[receipt_key] = save(message)
        navigate.stay_out_of(view)

    data = data_of(_said(key), st.session_state.get(receipt_key))
    component(key=key, data=data, on_sync_change=on_sync)


def _said(key: str) -> Any:
    return (st.session_state.get(key) or {}).get("sync")
