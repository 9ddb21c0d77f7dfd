"""SQL in the workbench: a query runs where a person presses for it, and never on arrival."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from tests.store.tiny import tiny_workspace

MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture
def open_sql(tmp_path, monkeypatch):
    """Open the page on a small workspace, with a query in its address."""
    monkeypatch.setenv("UPWELL_WORKSPACE", str(tiny_workspace(tmp_path / "work").root))

    def opened(sql: str) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        app.query_params["sql"] = sql
        return app.switch_page("views/sql.py").run()

    return opened


def run_button(app: AppTest):
    return next(button for button in app.button if button.label == "Run")


def said(app: AppTest) -> str:
    return "\n".join(str(e.value) for kind in (app.info, app.warning) for e in kind)


def test_a_query_in_the_address_runs_only_when_it_is_pressed_for(open_sql):
    app = open_sql("SELECT 40 + 2 AS answer")
    for arrived in (app, app.run()):
        assert arrived.text_area(key="sql").value == "SELECT 40 + 2 AS answer"
        assert not arrived.dataframe
        assert "Nothing has run yet" in said(arrived)
    run_button(app).click().run()
    assert app.dataframe[0].value.to_dict("records") == [{"answer": 42}]
    assert set(app.query_params) == {"sql", "dataset"}  # nothing there says that it has run
    app.session_state["sql"] = "SELECT 1 AS other"  # as the Back button does
    app.run()
    assert not app.dataframe
    assert "Nothing has run yet" in said(app)


def test_an_answer_stays_and_does_not_run_again_when_the_page_is_drawn_again(open_sql):
    app = open_sql("SELECT random() AS drawn")
    run_button(app).click().run()
    drawn = app.dataframe[0].value["drawn"][0]
    assert app.run().dataframe[0].value["drawn"][0] == drawn


def test_what_cannot_be_answered_is_said_once_it_is_pressed_for(open_sql):
    app = open_sql("DROP TABLE pets.edits")
    run_button(app).click().run()
    assert "is refused" in said(app)
    assert not app.exception


def test_one_of_our_own_queries_runs_when_it_is_chosen(open_sql):
    app = open_sql("")
    assert not said(app)
    app.button(key="sql_Relabelled by whom").click().run()
    assert app.dataframe


def test_the_examples_of_an_answer_are_shown_as_a_grid_and_two_columns_as_a_chart(open_sql):
    app = open_sql("SELECT example_id, label FROM pets.labels")
    run_button(app).click().run()
    assert app.segmented_control(key="sql_view").options == ["table", "grid", "chart"]
    shown = app.dataframe[0].value
    assert shown["example"][0] == "./example?dataset=pets&example=x0"
    app.segmented_control(key="sql_view").set_value("grid").run()
    assert "6 examples" in "".join(caption.value for caption in app.caption)
    app.segmented_control(key="sql_view").set_value("chart").run()
    assert "Neither example\\_id nor label is a number" in said(app)
    app = open_sql("SELECT label, count(*) AS n FROM pets.labels GROUP BY label")
    run_button(app).click().run()
    app.segmented_control(key="sql_view").set_value("chart").run()
    assert app.get("plotly_chart")
    assert not app.exception


def test_the_last_queries_stand_in_the_history_and_wait_for_a_press(open_sql):
    app = open_sql("SELECT 1 AS one")
    run_button(app).click().run()
    app.text_area(key="sql").input("SELEC 2")
    run_button(app).click().run()
    assert [app.button(key=f"sql_past_{n}").label for n in (0, 1)] == ["SELEC 2", "SELECT 1 AS one"]
    app.button(key="sql_past_1").click().run()
    assert app.text_area(key="sql").value == "SELECT 1 AS one"
    assert not app.dataframe and "Nothing has run yet" in said(app)


def test_a_download_for_a_spreadsheet_is_offered_where_it_would_run_a_cell(open_sql):
    keys = []
    for text in ("SELECT 'a' AS x", "SELECT '=1+1' AS x", 'SELECT 1 AS "=x"', "SELECT -5 AS x"):
        app = open_sql(text)
        run_button(app).click().run()
        keys.append([e.proto.label for e in app.get("download_button")])
    plain = ["CSV", "Parquet"]
    guarded = ["CSV", "For a spreadsheet", "Parquet"]
    assert keys == [plain, guarded, guarded, plain]
