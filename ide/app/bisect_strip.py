"""The commits of a bisection in a row, coloured by what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app import navigate
from ide.app.text import count, short

_FOLDER = Path(__file__).parent / "components"
_strip = st.components.v2.component(
    "upwell.strip",
    html='<div class="cells" role="list"></div>',
    css=(_FOLDER / "strip.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "strip.js").read_text(encoding="utf-8"),
)
_WORDS = {
    "good": "passes",
    "bad": "fails",
    "culprit": "the culprit",
    "running": "is being built",
    "skipped": "cannot be built",
    "unknown": "not known yet",
}


def strip(rows: Sequence[Mapping[str, Any]], dataset: str, *, key: str) -> None:
    """Draw rows of ``bisect_report.commit_rows``; a click opens what the commit changed."""
    _strip(key=key, data={"items": [_item(row, dataset) for row in rows]})


def number(value: float | None) -> str:
    """Return a metric's value as a cell has room for."""
    return "" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"


def _item(row: Mapping[str, Any], dataset: str) -> dict[str, str]:
    is_implied = row["verdict"] in ("good", "bad") and row["value"] is None
    said = _WORDS[row["verdict"]] + (", as it follows from another" if is_implied else "")
    about = [short(row["revision"]), row["subject"], row["author"], said, row["says"]]
    if row["n_changes"]:
        about.insert(3, count(row["n_changes"], "label changed").replace("changeds", "changed"))
    if row["via"]:
        about.append(f"brought by the merge {short(row['via'])}")
    return {
        "mark": row["verdict"],
        "name": short(row["revision"]),
        "value": number(row["value"]) or {"running": "…", "skipped": "–"}.get(row["verdict"], ""),
        "title": " · ".join(part for part in about if part),
        "href": navigate.address("changes", dataset, b=row["revision"]),
    }
