"""Tables as people read them: few columns, formatted, one page of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from ide.app import first_build, navigate
from ide.app.facts import metrics_of
from ide.app.selection import Selection
from ide.app.text import duration, interval, moment, percent, plain, points, short
from ide.dataset.config import DatasetConfig
from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import BuildInfo
from ide.store.commits import CommitInfo
from ide.store.workspace import Workspace

_EXAMPLE_COLUMNS = (
    "example_id",
    "label",
    "imported_label",
    "predicted",
    "p_mislabeled",
    "loss",
    "split",
    "n_edits",
    "annotator",
    "is_excluded",
    "reason",
)


def nothing(text: str) -> None:
    """Say that there is nothing to show, and what to do."""
    st.caption(f":material/search_off: {text}")


def no_build(ws: Workspace, config: DatasetConfig, text: str) -> None:
    """Say that there is no build yet, and lead to where one is made, if it can be."""
    if first_build.is_running(ws, config.name):
        return  # the line above the view says so
    if not config.is_compiled:
        nothing(f"Only images compile so far, so that of {config.modality} nothing is measured.")
        return
    nothing(text)
    navigate.link("compile", "Go to Compile", "play_circle", config.name)


def examples(
    rows: pa.Table,
    dataset: str,
    chosen: Selection,
    texts: Sequence[str] | None,
    *,
    key: str,
) -> None:
    """Draw one page of examples as a table, a row to be chosen and to be opened.

    texts: of the rows, in their order, where the examples are texts.
    """
    ids = rows[EXAMPLE_ID].to_pylist()
    extra = [c for c in rows.column_names if c not in (*_EXAMPLE_COLUMNS, *_INNER)]
    is_told = [c for c in _EXAMPLE_COLUMNS if c not in _OF_BUILDS or rows[c].null_count < len(rows)]
    shown = rows.select([*is_told, *extra])
    if texts is not None:
        cells = [text[:MAX_TEXT] for text in texts]
        shown = shown.add_column(1, _TEXT, pa.array(cells, pa.string()))
    links = [navigate.address("example", dataset, example=i) for i in ids]
    shown = shown.add_column(0, _OPEN, pa.array(links, pa.string()))
    table_key = f"{key}_{chosen.epoch}"  # what is chosen elsewhere is chosen anew here

    first = [place for place, i in enumerate(ids) if i in set(chosen.first)]

    def on_select() -> None:
        places = st.session_state[table_key].selection.rows
        chosen.hear_rows([ids[place] for place in places if place < len(ids)])

    st.dataframe(
        shown,
        key=table_key,
        hide_index=True,
        height=620,
        on_select=on_select,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": first}},
        column_config={
            _OPEN: st.column_config.LinkColumn(
                "", display_text=":material/open_in_new:", width=40, pinned=True
            ),
            EXAMPLE_ID: st.column_config.TextColumn("example", pinned=True),
            _TEXT: st.column_config.TextColumn("text", width="large"),
            "imported_label": "imported",
            "p_mislabeled": st.column_config.ProgressColumn(
                "suspicion", format="percent", min_value=0, max_value=1
            ),
            "loss": st.column_config.NumberColumn(format="%.3f"),
            "n_edits": "edits",
            "is_excluded": "excluded",
            "reason": st.column_config.TextColumn(width="large"),
        },
        alt="The examples that match, a page of them",
    )


MAX_TEXT = 600  # characters of a text in a cell
_OPEN, _TEXT = "upwell_open", "text"  # columns that no source has
_OF_BUILDS = frozenset({"predicted", "p_mislabeled", "loss", "reason"})
_INNER = ("rank", "suggested_label", "margin", "is_conflict", "is_judged", "has_issue")


def builds(found: Sequence[BuildInfo]) -> None:
    """Draw the builds that are kept, newest first."""
    st.dataframe(
        [_build_row(build) for build in found],
        hide_index=True,
        column_config={
            "accuracy": st.column_config.NumberColumn("test accuracy", format="percent"),
            "macro F1": st.column_config.NumberColumn(format="percent"),
            "edits": st.column_config.NumberColumn(help="Edits in it, of all times"),
        },
        alt="Builds, newest first",
    )


def _build_row(build: BuildInfo) -> dict[str, Any]:
    metrics = metrics_of(build)
    uncommitted = f" + {build.n_uncommitted_edits:,} edits" if build.n_uncommitted_edits else ""
    return {
        "finished": moment(build.finished_at),
        "build": short(build.build_id),
        "revision": f"{short(build.revision)}{uncommitted}",
        "accuracy": metrics["accuracy"]["value"] if metrics else None,
        "95 % interval": interval(metrics["accuracy"]) if metrics else "–",
        "macro F1": metrics["macro_f1"] if metrics else None,
        "edits": build.n_edits,
        "took": duration(build.seconds),
    }


def class_rows(
    rows: Sequence[dict[str, Any]], f1_changes: Mapping[str, float | None] | None
) -> list[dict[str, Any]]:
    """Return a row a class for a table; ``f1_changes``: against another build, on one label set."""
    return [
        {
            "class": row["label"],
            "n": row["n"],
            "precision": row["precision"]["value"],
            "precision, 95 %": interval(row["precision"]),
            "recall": row["recall"]["value"],
            "recall, 95 %": interval(row["recall"]),
            "F1": row["f1"],
            **({"Δ F1": points(f1_changes.get(row["label"]))} if f1_changes else {}),
        }
        for row in rows
    ]


def classes(rows: list[dict[str, Any]]) -> None:
    """Draw precision and recall of each class."""
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "precision": st.column_config.NumberColumn(format="percent"),
            "recall": st.column_config.NumberColumn(format="percent"),
            "F1": st.column_config.NumberColumn(format="percent"),
        },
        alt="Precision and recall of each class with 95 % intervals",
    )


def commits(found: Sequence[CommitInfo]) -> None:
    """Draw commits, newest first."""
    st.dataframe(
        [
            {
                "when": moment(commit.committed_at),
                "revision": short(commit.revision),
                "author": commit.author,
                "message": commit.message.splitlines()[0] if commit.message else "",
                "changed": commit.summary,
            }
            for commit in found
        ],
        hide_index=True,
        column_config={"message": st.column_config.TextColumn(width="large")},
        alt="Commits, newest first",
    )


def shares(values: dict[str, float | None]) -> str:
    """Return named shares in a line of Markdown."""
    return " · ".join(f"{plain(k)} {percent(v)}" for k, v in values.items())
