"""What commands print: aligned on a terminal, exact in JSON, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

import pytest

from ide.output import ProgressLine, n_formulas, printable, render
from ide.store.csv_cells import is_formula, unescape_rows

ROWS = [{"id": "a", "label": "=1+1"}, {"id": "b", "label": None}]


def test_json_is_exact():
    assert json.loads(render(ROWS, columns=["id"], style="json")) == ROWS


def test_json_is_json_also_where_a_number_is_none():
    """Previously NaN and Infinity, which jq and browsers refuse."""
    rows = [{"loss": float("nan"), "probs": [1.0, float("inf")], "by": {"x": float("-inf")}}]

    def refuse(name):
        raise AssertionError(name)

    found = json.loads(render(rows, columns=[], style="json"), parse_constant=refuse)
    assert found == [{"loss": None, "probs": [1.0, None], "by": {"x": None}}]


def test_csv_has_the_columns_asked_for_and_its_cells_as_they_are():
    """As an export's: previously an apostrophe stood before what a spreadsheet would run."""
    text = render(ROWS, columns=["id", "label"], style="csv")
    assert list(csv.reader(io.StringIO(text))) == [["id", "label"], ["a", "=1+1"], ["b", ""]]
    assert n_formulas(ROWS, ["id", "label"]) == 1


def test_for_a_spreadsheet_no_cell_is_a_formula_and_an_import_reads_it_back():
    rows = [*ROWS, {"id": "-5", "label": "''=x"}]
    text = render(rows, columns=["id", "label"], style="spreadsheet")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[:2] == [["id", "label", "upwell_escaped"], ["a", "'=1+1", "yes"]]
    assert not any(is_formula(cell) for line in lines for cell in line)
    read = [cells for _, cells in unescape_rows(iter(enumerate(lines)))]
    assert read == [["id", "label"], ["a", "=1+1"], ["b", ""], ["-5", "''=x"]]


def test_a_terminal_gets_no_control_characters():
    assert "\x1b" not in printable("\x1b[31mred\x07\n")
    assert len(printable("x" * 10_000_000)) == 60


def test_an_empty_table_says_so():
    assert render([], columns=["id"], style="table") == "(none)"
    assert render([], columns=["id"], style="csv") == "id"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_progress_is_a_line_a_stage():
    """Previously a line per 100 rows and per epoch, which buried a CI run's log."""
    log = io.StringIO()
    with ProgressLine(log) as progress:
        for n in range(100, 100_000, 100):
            progress(f"reading {n:,} of 100,000", stage="reading")
        progress("writing 1 of 2", stage="writing")
    assert log.getvalue() == "reading 100 of 100,000\nwriting 1 of 2\n"


def test_without_a_terminal_a_long_stage_says_now_and_then_how_far_it_is(monkeypatch):
    monkeypatch.setattr("ide.output.QUIET_S", 0.0)
    log = io.StringIO()
    with ProgressLine(log) as progress:
        for n in (1, 1, 2):
            progress(f"reading {n}", stage="reading")
    assert log.getvalue() == "reading 1\nreading 2\n"


def test_on_a_terminal_progress_is_one_line_that_never_wraps_and_is_gone_at_the_end(monkeypatch):
    """An error's sentence comes to stand on a line of its own."""
    monkeypatch.setenv("COLUMNS", "40")
    terminal = _Terminal()
    with pytest.raises(ZeroDivisionError), ProgressLine(terminal) as progress:
        progress("a" * 100, stage="reading")
        raise ZeroDivisionError
    drawn = terminal.getvalue()
    assert drawn.endswith("\r\x1b[K") and "\n" not in drawn
    assert max(map(len, drawn.split("\r\x1b[K"))) == 39
