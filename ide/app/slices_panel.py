"""Slices in Evals: where a build is weak, and a gate of any of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from ide.app import cached, gate_form, navigate, state
from ide.app.text import interval, percent, plain
from ide.dataset.gate_drafts import of_slice
from ide.dataset.schema import SPLIT
from ide.store.builds import BuildInfo
from ide.store.gate_drafts import accuracy_of
from ide.store.workspace import Workspace

MAX_ROWS = 200
_PARAMETER, _NEW_GATE = "slice", "gate"


def draw(ws: Workspace, name: str, build: BuildInfo, split: str) -> None:
    """Draw the slices of a split, weakest first; choosing one offers its examples and a gate."""
    table = cached.table(build, "slices")
    rows = table.filter(
        pc.and_(pc.equal(table[SPLIT], split), pc.not_equal(table["slice"], "true"))
    )
    rows = rows.sort_by([("accuracy", "ascending"), ("n", "descending"), ("slice", "ascending")])
    st.caption("**Slices**, weakest first · a row offers its examples and a gate")
    chosen = _table(rows.slice(0, MAX_ROWS)) or state.parameter(_PARAMETER)
    if len(rows) > MAX_ROWS:
        st.caption(f"and {len(rows) - MAX_ROWS:,} more")
    if chosen:
        _chosen(ws, name, build, split, chosen)


def _table(rows: pa.Table) -> str | None:
    """Draw the table and return the condition of the row that is chosen."""
    shown = [
        {
            "slice": row["slice"],
            "n": row["n"],
            "accuracy": row["accuracy"],
            "95 % interval": interval(row),
        }
        for row in rows.to_pylist()
    ]
    picked = st.dataframe(
        shown,
        key="slices",
        hide_index=True,
        height=min(38 + 35 * max(1, len(shown)), 320),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "slice": st.column_config.TextColumn(width="medium"),
            "accuracy": st.column_config.NumberColumn(format="percent"),
        },
        alt="Slices of this split, the weakest first",
    )
    chosen = picked.selection.rows
    return rows["slice"][chosen[0]].as_py() if chosen and chosen[0] < len(rows) else None


def _chosen(ws: Workspace, name: str, build: BuildInfo, split: str, condition: str) -> None:
    wanted = accuracy_of(build, split)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        whole = f"all of {split}: {percent(wanted)}"
        st.caption(f"**{plain(condition[:200])}** · {plain(whole)}", width="content")
        navigate.link("browse", "Open in Browse", "grid_view", name, where=condition, split=split)
        draft = of_slice(condition, split=split, wanted=wanted)
        gate_form.button(ws, name, lambda: draft, key="slice")
        if state.parameter(_NEW_GATE):  # from Problems: the form is what was asked for
            state.set_parameter(_NEW_GATE, None)
            gate_form.open_form(ws, name, draft)
