"""Plotly figures in the theme's colours: few marks, no decoration, cheap to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from ide.app.text import middle_cut

_CONFIG = {"displayModeBar": False, "responsive": True}
MAX_TICK = 24  # characters of a class at an axis; the whole name shows at its points
MAX_ABREAST = 50  # characters of names beside each other
MAX_CLASSES = 12  # in the chart; the weakest, or those that a person looks for
_NAMES = {"train": "train", "validation": "validation", "test": "test"}


def literal(text: str) -> str:
    """Return text that Plotly shows as it is: no tags, no entities, no formula."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace("$", "&#36;")


def curves(table: pa.Table, value: str, *, key: str, title: str) -> None:
    """Draw a mean by epoch, a line a split; ``table`` as ``training_curves`` returns it."""
    figure = go.Figure()
    for split in _NAMES:
        rows = table.filter(pc.equal(table["split"], split))
        if len(rows):
            figure.add_scatter(
                x=rows["epoch"].to_pylist(),
                y=rows[value].to_pylist(),
                name=split,
                mode="lines",
                hovertemplate="epoch %{x}: %{y:.3f}",
            )
    _style(figure, y_title=title, x_title="epoch")
    if value == "accuracy":
        figure.update_yaxes(tickformat=".0%")
    _show(figure, key, f"{title} by epoch and split")


def live_loss(events: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw the loss of a running build from its progress."""
    epochs = [e for e in events if e.get("epoch") and e.get("loss") is not None]
    figure = go.Figure(
        go.Scatter(
            x=[e["epoch"] for e in epochs], y=[e["loss"] for e in epochs], mode="lines+markers"
        )
    )
    _style(figure, y_title="training loss", x_title="epoch")
    n_epochs = max((e.get("n_epochs") or 0 for e in epochs), default=0)
    if n_epochs:
        figure.update_xaxes(range=[0.5, n_epochs + 0.5])
    figure.update_yaxes(rangemode="tozero")
    _show(figure, key, "training loss of the running build")


def training_curve(curve: Mapping[str, Sequence[Any]], *, key: str) -> None:
    """Draw one example's margin by epoch: above 0 the network believed the label."""
    figure = go.Figure(
        go.Scatter(
            x=list(curve["epoch"]),
            y=list(curve["margin"]),
            mode="lines",
            hovertemplate="epoch %{x}: %{y:.2f}<extra></extra>",
        )
    )
    figure.add_hline(y=0, line_width=1, line_dash="dot")
    _style(figure, y_title="margin of the label", x_title="epoch", height=190)
    figure.update_yaxes(range=[-1.05, 1.05])
    _show(figure, key, "margin of the given label in each epoch")


def recall(curve: Sequence[int], n_planted: int, *, key: str) -> None:
    """Draw what share of the planted errors stands among the first k of a ranking, by k.

    The dotted line is what no ranking can beat.
    """
    depths = list(range(1, len(curve) + 1))
    shares = [found / n_planted for found in curve]
    best = [min(1.0, k / n_planted) for k in depths]
    figure = go.Figure()
    figure.add_scatter(
        x=depths,
        y=shares,
        name="this ranking",
        mode="lines",
        hovertemplate="of the first %{x}: %{y:.1%}",
    )
    figure.add_scatter(
        x=depths, y=best, name="a perfect one", mode="lines", line={"dash": "dot"}, hoverinfo="skip"
    )
    figure.add_vline(x=n_planted, line_width=1, line_dash="dot")
    _style(figure, y_title="planted errors found", x_title="suspects looked at")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    _show(figure, key, "share of the planted errors among the first suspects")


_QUIET_COLOR = "#8c98a4"  # a figure has one for light and dark
_VERDICT_COLORS = {"good": "#2f9e63", "culprit": "#d9534a", "bad": "#d9534a"}


def bisection(rows: Sequence[Mapping[str, Any]], metric: str, bound: float, *, key: str) -> None:
    """Draw a metric over commits, where it was measured, with its 95 % interval and the bound.

    ``rows`` as ``bisect_report.commit_rows`` returns them, oldest first.
    """
    points = [(i, row) for i, row in enumerate(rows) if row["value"] is not None]
    places = [i for i, _ in points]
    found = [row for _, row in points]
    figure = go.Figure(
        go.Scatter(
            x=places,
            y=[row["value"] for row in found],
            mode="markers",
            marker={
                "size": [13 if row["verdict"] == "culprit" else 9 for row in found],
                "color": [_VERDICT_COLORS.get(row["verdict"], _QUIET_COLOR) for row in found],
                "opacity": 1,
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_distance(row, "high") for row in found],
                "arrayminus": [_distance(row, "low") for row in found],
                "color": _QUIET_COLOR,
                "thickness": 1.5,
                "width": 3,
            },
            text=[f"{row['revision'][:7]} {row['verdict']}" for row in found],
            hovertemplate="%{text}: %{y:.4g}<extra></extra>",
        )
    )
    bound_line = {"line_width": 1, "line_dash": "dot", "line_color": _QUIET_COLOR}
    figure.add_hline(y=bound, annotation_text=f"bound {bound:g}", **bound_line)
    _style(figure, y_title=literal(metric[:40]), x_title="", height=190)
    figure.update_xaxes(
        tickmode="array",
        tickvals=places,
        ticktext=[row["revision"][:7] for row in found],
        range=[-0.5, len(rows) - 0.5],
    )
    _show(figure, key, f"{metric} at the commits that were built, against the bound {bound:g}")


def _distance(row: Mapping[str, Any], end: str) -> float:
    return 0.0 if row[end] is None else abs(row[end] - row["value"])


def answer(
    kind: str, xs: Sequence[Any], ys: Sequence[float | None], titles: tuple[str, str], *, key: str
) -> None:
    """Draw two columns of an answer as bars, a line or points; names and values as they are."""
    x_title, y_title = titles
    figure = go.Figure()
    if kind == "bar":
        names = [literal(x) for x in xs]
        figure.add_bar(
            x=list(range(len(xs))),
            y=list(ys),
            text=names,
            textposition="none",
            hovertemplate="%{text}: %{y}<extra></extra>",
        )
    else:
        mode = "lines+markers" if kind == "line" else "markers"
        figure.add_scatter(x=list(xs), y=list(ys), mode=mode)
    _style(figure, y_title=literal(y_title), x_title=literal(x_title), height=430)
    figure.update_layout(hovermode="closest")
    if kind == "bar":
        _name_ticks(figure, list(xs))
        figure.update_yaxes(rangemode="tozero")
    _show(figure, key, f"{y_title} by {x_title}")


def class_metrics(rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw precision and recall of each class with their 95 % intervals."""
    figure = go.Figure()
    labels = [literal(row["label"]) for row in rows]
    for offset, measure in ((-0.14, "precision"), (0.14, "recall")):
        values = [row[measure]["value"] for row in rows]
        figure.add_scatter(
            x=[i + offset for i in range(len(rows))],
            y=values,
            name=measure,
            mode="markers",
            marker={"size": 7},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": _distances(rows, measure, "high"),
                "arrayminus": _distances(rows, measure, "low"),
                "thickness": 1.5,
                "width": 3,
            },
            text=labels,
            hovertemplate="%{text}: %{y:.1%}",
        )
    _style(figure, y_title="", x_title="", height=330)
    _name_ticks(figure, [row["label"] for row in rows])
    figure.update_yaxes(tickformat=".0%")
    _show(figure, key, "precision and recall of each class with 95 % intervals")


def _name_ticks(figure: go.Figure, names: Sequence[Any]) -> None:
    """Write a name below each place 0, 1, …; slanted where they would meet, the last one too."""
    shown = [middle_cut(str(name), MAX_TICK) for name in names]
    is_crowded = sum(len(name) + 2 for name in shown) > MAX_ABREAST
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(range(len(shown))),
        ticktext=[literal(name) for name in shown],
        tickangle=-45 if is_crowded else None,
        ticklabeloverflow="allow",
    )


def _distances(rows: Sequence[Mapping[str, Any]], measure: str, end: str) -> list[float]:
    return [
        0.0 if row[measure]["value"] is None else abs(row[measure][end] - row[measure]["value"])
        for row in rows
    ]


def _style(figure: go.Figure, *, y_title: str, x_title: str, height: int = 230) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 30 if len(figure.data) > 1 else 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        hovermode="x unified" if x_title else "closest",
        showlegend=len(figure.data) > 1,
    )
    figure.update_xaxes(title=x_title or None, showgrid=False, fixedrange=True)
    figure.update_yaxes(title=y_title or None, fixedrange=True, zeroline=False)


def _show(figure: go.Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=_CONFIG, alt=alt)
