"""An answer to a query: a table with pictures and links, a grid of its examples, or a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from ide.app import charts, sql_chart, sql_pictures
from ide.app.gallery import Tile, gallery
from ide.app.sql_pictures import Example
from ide.app.text import count, plain
from ide.dataset.replay import UNTOUCHED
from ide.store.browse import PAGE_SIZE
from ide.store.query import QueryResult
from ide.store.state import dataset_state, imported_labels
from ide.store.workspace import Workspace

_ROW_HEIGHT = 64  # pixels, where there are pictures
_TABLE, _GRID, _CHART = "table", "grid", "chart"
_LINK, _PICTURE = "example", "picture"  # our columns, unless the answer has one of the name


@st.fragment
def draw(ws: Workspace, dataset: str, sql: str, result: QueryResult, shown: pa.Table) -> None:
    """Draw an answer; ``shown``: the same as a table can hold it.

    A fragment: turning from one view to another, or a page, asks nothing anew.
    """
    examples = sql_pictures.examples_of(ws, sql, result.table, dataset)
    views = [_TABLE, *([_GRID] if examples else []), _CHART]
    view = st.segmented_control(
        "View", views, default=_TABLE, required=True, key="sql_view", label_visibility="collapsed"
    )
    if view == _CHART:
        _chart(result)
    elif view == _GRID and examples:
        _grids(ws, examples)
    else:
        _table(ws, result.table, shown, examples)


def _table(
    ws: Workspace, table: pa.Table, shown: pa.Table, examples: Sequence[Example | None]
) -> None:
    """Draw the rows, with what is to be seen of them in front."""
    config: dict[str, Any] = {}
    pictures = sql_pictures.picture_columns(table)
    for name, urls in pictures.items():
        shown = shown.set_column(shown.column_names.index(name), name, _texts(urls))
        config[name] = st.column_config.ImageColumn(name)
    if examples:
        name, links = _free(_LINK, shown), sql_pictures.links(examples)
        shown = shown.add_column(0, name, _texts(links))
        config[name] = st.column_config.LinkColumn(
            "", display_text=":material/open_in_new:", width=40
        )
    urls = sql_pictures.pictures(ws, examples)
    if urls:
        name = _free(_PICTURE, shown)
        shown = shown.add_column(0, name, _texts(urls))
        config[name] = st.column_config.ImageColumn("")
    has_pictures = bool(urls or pictures)
    st.dataframe(
        shown,
        hide_index=True,
        height=430,
        row_height=_ROW_HEIGHT if has_pictures else None,
        column_config=config,
        alt="The answer to the query",
    )
    if has_pictures and len(table) > sql_pictures.MAX_PICTURES:
        st.caption(f"Pictures of the first {sql_pictures.MAX_PICTURES} rows; all are in the grid.")


def _free(name: str, shown: pa.Table) -> str:
    """Return a name that no column of an answer has."""
    while name in shown.column_names:
        name = f"{name} "
    return name


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _grids(ws: Workspace, examples: Sequence[Example | None]) -> None:
    """Draw the examples of an answer, each once, a dataset at a time."""
    by_dataset: dict[str, dict[str, None]] = {}
    for example in examples:
        if example is not None:
            by_dataset.setdefault(example[0], {})[example[1]] = None
    for name, ids in by_dataset.items():
        _grid(ws, name, list(ids), has_title=len(by_dataset) > 1)


def _grid(ws: Workspace, name: str, ids: Sequence[str], *, has_title: bool) -> None:
    """Draw a page of examples with the labels in force."""
    n_pages = -(-len(ids) // PAGE_SIZE)
    key = f"sql_pages_{name}"
    page = min(max(1, st.session_state.get(key) or 1), n_pages)
    title = f"**{plain(name)}** · " if has_title else ""
    of_pages = f", page {page:,} of {n_pages:,}" if n_pages > 1 else ""
    st.caption(f"{title}{count(len(ids), 'example')}{of_pages}")
    states, imported = dataset_state(ws, name), imported_labels(ws, name)
    tiles = []
    for i in ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        state = states.get(i, UNTOUCHED)
        label = state.label if state.label is not None else imported[i]
        tone = "excluded" if state.is_excluded else "edited" if state.n_edits else ""
        tiles.append(Tile(i, "no label" if label is None else label, before=imported[i], tone=tone))
    gallery(ws, name, tiles, key=f"sql_grid_{name}")
    if n_pages > 1:
        st.pagination(n_pages, key=key, width="stretch")


def _chart(result: QueryResult) -> None:
    """Draw a chart, or say why there is none."""
    found = sql_chart.chart_of(result.table)
    if isinstance(found, str):
        st.info(plain(found), icon=":material/bar_chart:")
        return
    charts.answer(found.kind, found.xs, found.ys, (found.x_title, found.y_title), key="sql_chart")
    if result.is_cut:
        st.caption(f"Of the first {len(result.table):,} rows.")
