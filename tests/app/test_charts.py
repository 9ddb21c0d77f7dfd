"""Charts are drawn by Plotly itself, which refuses what it does not know."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from ide.app import charts


@pytest.mark.parametrize("n", [1, 3, 12])
def test_each_class_has_its_name_below_it_however_many_and_long_they_are(n, monkeypatch):
    figures: list[go.Figure] = []
    monkeypatch.setattr(charts.st, "plotly_chart", lambda figure, **_: figures.append(figure))
    measure = {"value": 0.5, "low": 0.25, "high": 0.75}
    names = [f"a product with a long name, number {i:04d}" for i in range(n)]
    rows = [{"label": name, "precision": measure, "recall": measure} for name in names]
    charts.class_metrics(rows, key="k")
    axis = figures[0].layout.xaxis
    assert [text[-4:] for text in axis.ticktext] == [name[-4:] for name in names]
    assert len(set(axis.ticktext)) == n
    assert axis.ticklabeloverflow == "allow"  # the last one is not dropped at the edge
