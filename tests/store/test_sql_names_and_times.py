"""SQL on datasets named like its words, and values that Python and browsers have no type for."""

from __future__ import annotations

import io
import json
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ide import cli
from ide.dataset.config import is_name
from ide.store.browse import browse_example
from ide.store.exact_values import python_rows, spans_as_text
from ide.store.query import query
from ide.store.sql_names import quote_datasets
from tests.store.importing_tools import bare_workspace, import_quietly, texts, write_csv


@pytest.mark.parametrize("name", ["order", "left", "end", "table"])
def test_a_dataset_named_like_a_word_of_sql_is_queried_as_any_other(tmp_path, name):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(
        workspace, write_csv(tmp_path / "t.csv", [["text", "label"], *texts()]), name=name
    )
    sql = f"SELECT count(*) AS n FROM {name}.labels JOIN {name.upper()} . edits ON false"
    assert query(workspace, sql).table.to_pylist() == [{"n": 0}]
    assert len(query(workspace, f'FROM "{name}".labels ORDER BY label LIMIT 3').table) == 3


def test_every_word_of_sql_that_can_name_a_dataset_can_be_written_before_a_dot():
    with duckdb.connect() as database:
        words = database.sql("SELECT DISTINCT keyword_name FROM duckdb_keywords()").fetchall()
        names = [word for (word,) in words if is_name(word)]
        for name in names:
            database.execute(f'CREATE SCHEMA "{name}"; CREATE TABLE "{name}".labels (a INT)')
            database.execute(quote_datasets(f"SELECT max(a) FROM {name}.labels", {name}))
    assert len(names) > 100


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'order.labels' FROM pets.labels -- order.labels",
        "SELECT x.order.y /* order.a */ FROM x ORDER BY 1",
        'SELECT "order".labels, é FROM "order".labels',
        "SELECT '",
    ],
)
def test_nothing_else_of_a_query_is_touched(sql):
    assert quote_datasets(sql, {"order", "pets"}) == sql


@pytest.fixture
def times(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    at = pa.array([1711848600123456789, None], pa.timestamp("ns"))
    table = pa.table({"id": ["a", "b"], "text": ["x", "y"], "label": ["p", "q"], "taken": at})
    pq.write_table(table, tmp_path / "n.parquet")
    import_quietly(workspace, tmp_path / "n.parquet", name="n")
    return workspace


def test_nanoseconds_are_printed_in_full_and_shown(times, capsys):
    root = ["--workspace", str(times.root)]
    assert (
        cli.run(["sql", "SELECT taken, [taken] AS times FROM n.examples", "--format", "csv", *root])
        == 0
    )
    assert "2024-03-31 01:30:00.123456789" in capsys.readouterr().out
    for style in ("table", "json", "markdown"):
        assert cli.run(["sql", "FROM n.examples", "--format", style, *root]) == 0
    row = browse_example(times, "n", None, "a")
    assert row is not None and row["taken"] == "2024-03-31 01:30:00.123456789"


def test_spans_of_time_are_text_in_every_form(times, capsys):
    span = "max(taken) - min(taken) + INTERVAL 14 MONTH + INTERVAL 90 SECOND"
    sql = f"SELECT {span} AS i FROM n.examples"
    found = query(times, sql).table
    assert found["i"].to_pylist() == ["1 year 2 months 00:01:30"]
    pq.write_table(found, io.BytesIO())
    assert cli.run(["sql", sql, "--format", "json", "--workspace", str(times.root)]) == 0
    assert json.loads(capsys.readouterr().out) == [{"i": "1 year 2 months 00:01:30"}]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (pa.MonthDayNano([-14, 2, 0]), pa.month_day_nano_interval(), "-1 year -2 months 2 days"),
        (pa.MonthDayNano([0, 0, 0]), pa.month_day_nano_interval(), "00:00:00"),
        (-1_500_000, pa.duration("us"), "-00:00:01.5"),
        (90_061, pa.duration("s"), "25:01:01"),
        (1, pa.duration("ns"), "00:00:00.000000001"),
    ],
)
def test_a_span_reads_as_people_write_it(value, kind, text):
    assert spans_as_text(pa.table({"s": pa.array([value], kind)}))["s"].to_pylist() == [text]


def test_times_within_lists_are_cut_to_what_python_has():
    table = pa.table({"l": pa.array([[1711848600123456789]], pa.list_(pa.timestamp("ns")))})
    assert python_rows(table) == [{"l": [datetime(2024, 3, 31, 1, 30, 0, 123456)]}]


def test_a_float_of_32_bits_is_shown_with_its_own_digits():
    values = [0.1, -1.5e-9, None, float("inf"), 16777216.0]
    table = pa.table({"single": pa.array(values, pa.float32()), "double": pa.array(values)})
    rows = python_rows(table.append_column("half", pa.array([0.5, None, 2, 0.25, 1], pa.float16())))
    assert [row["single"] for row in rows] == values
    assert [row["double"] for row in rows] == values
    assert [row["half"] for row in rows] == [0.5, None, 2, 0.25, 1]
