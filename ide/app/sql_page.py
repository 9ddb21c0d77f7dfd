"""The parts of SQL: the query, its answer to take away, and what can be asked."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ide.app import cached, errors, sql_answer
from ide.app.text import clipped, count, plain
from ide.dataset.errors import UpwellError
from ide.store.csv_cells import ESCAPED, YES, escape_cell, is_formula
from ide.store.query import QueryResult, query
from ide.store.query_history import past_queries, remember
from ide.store.sql_process import warm_up
from ide.store.workspace import Workspace

LIMIT = 1000
_QUERY = "sql"  # stands in the address; what was run, and what came of it, does not
_CHOSEN, _OUTCOME, _IS_TOLD = "sql_chosen", "sql_outcome", "sql_history_told"
_PLAY = ":material/play_arrow:"
EXAMPLES = {
    "Suspects": "SELECT rank, example_id, label, suggested_label, p_mislabeled, reason\n"
    "FROM {name}.suspects ORDER BY rank LIMIT 50",
    "Relabelled by whom": "SELECT annotator, action, count(*) AS n\n"
    "FROM {name}.edits GROUP BY ALL ORDER BY n DESC",
    "Hardest classes": "SELECT label, avg(loss) AS mean_loss, count(*) AS n\n"
    "FROM {name}.suspects GROUP BY ALL ORDER BY mean_loss DESC",
    "Learning, epoch by epoch": "SELECT epoch, avg(loss) AS loss, avg((margin > 0)::INT) AS right\n"
    "FROM {name}.dynamics GROUP BY ALL ORDER BY epoch",
    "Metrics of all builds": "SELECT finished_at, split, metric, value, low, high\n"
    "FROM {name}.metrics WHERE label IS NULL ORDER BY finished_at DESC, split",
    "Changed since HEAD": "SELECT before, after, count(*) AS n, "
    "string_agg(DISTINCT annotator, ', ') AS who\n"
    "FROM diff('HEAD', name := '{name}') WHERE kind = 'relabelled' GROUP BY ALL ORDER BY n DESC",
    "Labels at HEAD~1": "SELECT now.example_id, was.label AS was, now.label AS now\n"
    "FROM {name}.labels now JOIN {name}.labels_at('HEAD~1') was USING (example_id)\n"
    "WHERE now.label IS DISTINCT FROM was.label",
    "Issues": 'SELECT severity, "check", example_id, message\nFROM {name}.issues',
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a query that was run: rows, or a sentence; neither = it was stopped."""

    text: str
    result: QueryResult | None = None
    error: UpwellError | None = None
    seconds: float = 0.0


def query_box(name: str) -> tuple[str, bool, DeltaGenerator]:
    """Draw the query and some to begin with; return what stands there, and whether to run it.

    A query that came with the address stands there and waits: only a press runs it. The last one
    returned is the place of the history, which is drawn when the query has run.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        place = st.empty()
        for title, text in EXAMPLES.items():
            st.button(
                title,
                key=f"sql_{title}",
                type="tertiary",
                on_click=_choose,
                args=(text.format(name=name),),
            )
    with st.form("sql_form", border=False):
        text = st.text_area(
            "Query",
            key=_QUERY,
            bind="query-params",
            height=130,
            label_visibility="collapsed",
            placeholder=f"SELECT * FROM {name}.suspects LIMIT 20",
        )
        is_pressed = st.form_submit_button("Run", icon=_PLAY, type="primary")
    is_chosen = st.session_state.pop(_CHOSEN, False)
    return (text or "").strip(), is_pressed or is_chosen, place


def _choose(text: str) -> None:
    st.session_state[_QUERY] = text
    st.session_state[_CHOSEN] = True


def outcome(ws: Workspace, name: str, text: str, *, is_asked: bool) -> None:
    """Run a query that is asked; draw what came of the one that stands in the box.

    name: the dataset that is open. Raises ``QueryError`` as a sentence.
    """
    warm_up()  # while a person reads or types
    if is_asked and text:
        _run(ws, text)
    known: _Outcome | None = st.session_state.get(_OUTCOME)
    if not text:
        return
    if known is None or known.text != text:
        st.info("Nothing has run yet. Press **Run**, or Ctrl+Enter in the box.", icon=_PLAY)
    elif known.error is not None:
        raise known.error
    elif known.result is not None:
        _answer(ws, name, known)
    else:
        st.info("The query was stopped. Press **Run** to ask again.", icon=":material/stop:")


def _run(ws: Workspace, text: str) -> None:
    """Run a query and keep what came of it.

    Whatever a person does meanwhile, such as to press Cancel or to leave, has Streamlit end this
    run where it next draws something; that ends the query's process.
    """
    st.session_state[_OUTCOME] = _Outcome(text)
    started_at = time.monotonic()
    place = st.empty()
    row = place.container(horizontal=True, vertical_alignment="center", gap="small")
    with row, st.spinner("Asking …", width="content"):
        clock = st.empty()
        st.button("Cancel", icon=":material/stop:", key="sql_cancel")

        def on_wait() -> None:
            clock.caption(f"{time.monotonic() - started_at:.0f} s", width="content")

        result = error = None
        try:
            result = query(ws, text, limit=LIMIT, on_wait=on_wait)
        except UpwellError as raised:
            error = raised
    place.empty()
    seconds = time.monotonic() - started_at
    st.session_state[_OUTCOME] = _Outcome(text, result, error, seconds)
    _remember(ws, text, result, error)
    warm_up()


def _remember(
    ws: Workspace, text: str, result: QueryResult | None, error: UpwellError | None
) -> None:
    """Keep a query that ran; where the disk does not take it, that is said once a session."""
    n_rows = len(result.table) if result else None
    try:
        remember(ws, text, n_rows=n_rows, error=str(error) if error else None)
    except UpwellError as refused:
        if _IS_TOLD not in st.session_state:
            st.session_state[_IS_TOLD] = True
            errors.explain(refused)


def history(ws: Workspace, place: DeltaGenerator) -> None:
    """Draw the last queries, to be put into the box again; they wait there for a press."""
    past = past_queries(ws)
    with place.popover("History", icon=":material/history:", disabled=not past, key="sql_history"):
        st.caption("The last queries on this workspace, kept on this machine.")
        for number, asked in enumerate(past):
            n_rows = "" if asked.n_rows is None else f" · {count(asked.n_rows, 'row')}"
            failed = " · :red[refused]" if asked.error else ""
            st.button(
                plain(clipped(" ".join(asked.text.split()), 80)),
                key=f"sql_past_{number}",
                type="tertiary",
                help=plain(clipped(asked.error, 300)) if asked.error else None,
                on_click=_put,
                args=(asked.text,),
            )
            st.caption(f"{asked.asked_at[:16].replace('T', ' ')} UTC{n_rows}{failed}")


def _put(text: str) -> None:
    """Put a query into the box; it was somebody's, and waits for a press."""
    st.session_state[_QUERY] = text


def _answer(ws: Workspace, name: str, known: _Outcome) -> None:
    """Draw the answer and its downloads."""
    text, result, seconds = known.text, known.result, known.seconds
    assert result is not None
    table = result.table
    cut = f", the first {len(table):,} (add LIMIT, or ask for less)" if result.is_cut else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{count(len(table), 'row')}{cut}, in {seconds:.1f} s", width="content")
        st.space("stretch")
        _download("CSV", "csv", _csv(table), "text/csv")
        if _has_formulas(table):
            _download("For a spreadsheet", "spreadsheet.csv", _for_spreadsheet(table), "text/csv")
        _download("Parquet", "parquet", _parquet(table), "application/vnd.apache.parquet")
    sql_answer.draw(ws, name, text, result, _shown(table))


def _download(label: str, ending: str, data: bytes, mime: str) -> None:
    st.download_button(
        label,
        data,
        file_name=f"upwell.{ending}",
        mime=mime,
        icon=":material/download:",
        key=f"sql_{ending}",
        on_click="ignore",
    )


def _csv(table: pa.Table) -> bytes:
    """Return the cells as they are, as ``upwell export`` and ``upwell sql`` write them."""
    sink = io.BytesIO()
    pa_csv.write_csv(_shown(table), sink)
    return sink.getvalue()


def _for_spreadsheet(table: pa.Table) -> bytes:
    """Return a CSV of which a spreadsheet runs no cell; a column says that it is one."""
    shown = _shown(table)
    columns = {
        escape_cell(name): pa.array(list(map(_escaped, column.to_pylist())), pa.string())
        if _is_text(column.type)
        else column
        for name, column in zip(shown.column_names, shown.columns, strict=True)
    }
    sink = io.BytesIO()
    marked = pa.table(columns).append_column(ESCAPED, pa.array([YES] * len(table), pa.string()))
    pa_csv.write_csv(marked, sink)
    return sink.getvalue()


def _escaped(cell: str | None) -> str | None:
    return None if cell is None else escape_cell(cell)


def _has_formulas(table: pa.Table) -> bool:
    """Whether a spreadsheet would run a cell."""
    shown = _shown(table)
    texts = (column for column in shown.columns if _is_text(column.type))
    cells = chain(shown.column_names, *(column.to_pylist() for column in texts))
    return any(cell is not None and is_formula(cell) for cell in cells)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _shown(table: pa.Table) -> pa.Table:
    """Return a table that a grid and a CSV can hold: payloads by their size, nests as text."""
    columns = [_column(column) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _column(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        shown = [None if v is None else f"{len(v):,} bytes" for v in column.to_pylist()]
    elif pa.types.is_nested(kind):
        shown = [None if v is None else str(v) for v in column.to_pylist()]
    else:
        return column
    return pa.array(shown, pa.string())


def schema(ws: Workspace, name: str) -> None:
    """List the tables and their columns."""
    st.caption(f"**Tables of {plain(name)}**")
    with st.container(gap="xxsmall", key="schema"):
        for table, columns in cached.schema(ws, name).items():
            with st.expander(f"{plain(table)} :gray[{len(columns)}]"):
                lines = [f"{plain(c)} :gray[{plain(kind)}]" for c, kind in columns.items()]
                st.caption("  \n".join(lines))
    st.caption("The past: `diff('A', 'B')`, and tables as of a revision, `labels_at('HEAD~1')`")
