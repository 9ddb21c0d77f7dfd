"""What commands print: aligned on a terminal, exact in JSON, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

from ide.output import printable, render

ROWS = [{"id": "a", "label": "=1+1"}, {"id": "b", "label": None}]


def test_json_is_exact():
    assert json.loads(render(ROWS, columns=["id"], style="json")) == ROWS


def test_csv_has_the_columns_asked_for_and_runs_no_formula():
    text = render(ROWS, columns=["id", "label"], style="csv")
    assert list(csv.reader(io.StringIO(text))) == [["id", "label"], ["a", "'=1+1"], ["b", ""]]


def test_a_terminal_gets_no_control_characters():
    assert "\x1b" not in printable("\x1b[31mred\x07\n")
    assert len(printable("x" * 10_000_000)) == 60


def test_an_empty_table_says_so():
    assert render([], columns=["id"], style="table") == "(none)"
    assert render([], columns=["id"], style="csv") == "id"
