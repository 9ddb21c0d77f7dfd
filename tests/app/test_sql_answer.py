"""An answer to a query: its examples as pictures and links, and what a chart makes of it."""

from __future__ import annotations

import datetime
import decimal

import pyarrow as pa
import pytest

from ide.app.sql_chart import MAX_BARS, chart_of
from ide.app.sql_pictures import examples_of, links, picture_columns, pictures
from ide.store.examples import read_examples
from ide.store.state import imported_labels
from tests.store.tiny import tiny_workspace

HOSTILE = "<b>$x$ & [0]"


def test_words_are_bars_numbers_a_line_and_numbers_that_repeat_points():
    bars = chart_of(pa.table({HOSTILE: ["b", "a", None], "n": [2, 1, 3]}))
    assert (bars.kind, bars.xs, bars.ys) == ("bar", ["b", "a", "null"], [2, 1, 3])
    assert bars.x_title == HOSTILE
    swapped = chart_of(pa.table({"n": [2, 1], "label": ["b", "a"]}))
    assert (swapped.kind, swapped.xs, swapped.y_title) == ("bar", ["b", "a"], "n")
    line = chart_of(pa.table({"epoch": [2, 1, None], "loss": [0.5, float("nan"), 1.0]}))
    assert (line.kind, list(line.xs), list(line.ys)) == ("line", [1, 2], [None, 0.5])
    assert chart_of(pa.table({"x": [1, 1], "y": [1, 2]})).kind == "points"
    money = pa.table({"at": [datetime.datetime(2026, 1, 2)], "n": [decimal.Decimal("1.5")]})
    assert chart_of(money).kind == "line" and list(chart_of(money).ys) == [1.5]
    assert chart_of(pa.table({"ok": [True, False], "n": [1, 2]})).kind == "bar"


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"a": [1]}, "this answer has 1 column"),
        ({"a": [1], "b": [2], "c": [3]}, "3 columns"),
        ({"a": pa.array([], pa.int64()), "b": pa.array([], pa.int64())}, "no row"),
        ({"a": ["x"], "b": ["y"]}, "Neither a nor b is a number"),
        ({"a": [[1.0]], "n": [1]}, "no place on an axis"),
        ({"a": [b"x"], "n": [1]}, "no place on an axis"),
        ({"a": [str(i) for i in range(MAX_BARS + 1)], "n": list(range(MAX_BARS + 1))}, "61 bars"),
        ({"a": pa.array([None], pa.int64()), "n": [1]}, "no value"),
    ],
)
def test_what_no_chart_can_show_is_said_in_a_sentence(columns, sentence):
    assert sentence in chart_of(pa.table(columns))


def test_rows_lead_to_the_examples_of_the_dataset_that_the_query_names(tmp_path):
    workspace = tiny_workspace(tmp_path / "work", "birds", "pets", is_repository=False)
    ids = pa.table({"example_id": ["x0", "nope", "x1", None]})
    for sql, dataset in (
        ("FROM pets.labels", "pets"),
        ('SELECT * FROM "birds" . labels', "birds"),
        ("FROM petshop.labels", "birds"),  # none of ours: the open one
    ):
        found = examples_of(workspace, sql, ids, "birds")
        assert found == [(dataset, "x0"), None, (dataset, "x1"), None], sql
    assert links(found)[:2] == ["./example?dataset=birds&example=x0", None]
    said = pa.table({"dataset": ["pets", "zoo"], "example_id": ["x0", "x1"]})
    assert examples_of(workspace, "FROM diff()", said, "birds") == [("pets", "x0"), ("birds", "x1")]
    assert pictures(workspace, found) == []  # texts
    for odd in ({"example_id": [1]}, {"other": ["x0"]}, {"example_id": ["nope"]}):
        assert examples_of(workspace, "FROM pets.labels", pa.table(odd), "pets") == []


def test_rows_of_pictures_have_them(compiled_digits):
    some = list(imported_labels(compiled_digits, "digits"))[:3]
    found = examples_of(compiled_digits, "", pa.table({"example_id": some}), "digits")
    assert all(url.startswith("/payload/digits/") for url in pictures(compiled_digits, found))
    payloads = read_examples(compiled_digits, "digits", ["image"]).slice(0, 2)
    odd = pa.array([b"<script>", b"\x89PNG broken"], pa.binary())
    columns = picture_columns(payloads.append_column("odd", odd))
    assert columns.keys() == {"image"}
    assert all(url.startswith("data:image/png;base64,") for url in columns["image"])
