"""A surface that is worked by keys, as a Streamlit component: markup, styles, and its module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

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
