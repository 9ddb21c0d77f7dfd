"""Browse as Streamlit runs it: nothing is offered that is not, and many are judged at once."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from ide.app.selection import Selection
from ide.dataset.replay import UNTOUCHED
from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.edit_log import read_edits
from ide.store.files import write_parquet
from ide.store.state import dataset_state
from ide.store.workspace import Workspace
from tests.store.tiny import edit, tiny_workspace

MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture
def browse(monkeypatch):
    def opened(workspace: Workspace, **parameters: str) -> AppTest:
        monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.session_state["upwell_annotator"] = "ada"
        return app.switch_page("views/browse.py").run()

    return opened


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "work")


@pytest.fixture
def many(tmp_path):
    """A hundred texts: two pages."""
    workspace = tiny_workspace(tmp_path / "work")
    n = 100
    table = {
        "example_id": [f"y{i:03d}" for i in range(n)],
        "split": ["train"] * n,
        "label": ["cat"] * n,
        "text": pa.array(["<b>word</b>"] * n, PAYLOAD_TYPES["text"]),
    }
    write_parquet(workspace.examples_path("pets") / "part-000000000001.parquet", pa.table(table))
    return workspace


def options(app: AppTest, key: str) -> list[str]:
    return app.selectbox(key=key).options


def keys(app: AppTest) -> set[str]:
    return {str(e.key) for kind in (app.selectbox, app.button, app.text_input) for e in kind}


def said(app: AppTest) -> str:
    kinds = (app.caption, app.markdown, app.toast, app.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def test_nothing_is_offered_that_is_not(pets, browse):
    app = browse(pets)
    assert not app.exception
    assert options(app, "show") == ["everything"]
    assert options(app, "sort") == ["by id", "shuffled"]
    assert not {"predicted", "tag"} & keys(app)
    edit(pets, "x0", "tag", "hard")
    edit(pets, "x1", "label", "cat")
    app.run()
    assert options(app, "show") == ["everything", "edited", "relabelled"]
    assert options(app, "tag") == ["hard"]


def test_what_a_link_asks_for_is_shown_where_there_is_nothing_of_it(pets, browse):
    app = browse(pets, show="suspects", tag="gone")
    assert app.selectbox(key="show").value == "suspects"
    assert app.selectbox(key="tag").value == "gone"
    assert "Nothing matches" in said(app)


def test_with_a_build_what_it_says_is_offered(compiled_digits, browse):
    app = browse(compiled_digits, dataset="digits")
    assert {"suspects", "predicted otherwise"} <= set(options(app, "show"))
    assert options(app, "sort")[0] == "most suspect first"
    assert "predicted" in keys(app)


def test_the_table_of_texts_has_the_texts(pets, browse):
    app = browse(pets, view="table", search="text 3")
    shown = app.dataframe[0].value
    assert list(shown["text"]) == ["text 3"]
    assert "1 example, page 1 of 1" in said(app)


def test_all_on_a_page_are_judged_at_once_and_taken_back_at_once(many, browse):
    app = browse(many)
    app.button(key="batch_page").click().run()
    assert "**60** selected" in said(app)
    app.selectbox(key="batch_label").select("dog").run()
    assert len(read_edits(many, "pets").edits) == 60
    assert {e.annotator for e in read_edits(many, "pets").edits} == {"ada"}
    assert "60 labelled dog" in said(app)
    assert app.button(key="batch_undo").label == "Undo: 60 labelled dog"
    app.button(key="batch_undo").click().run()
    assert not any(state.is_judged for state in dataset_state(many, "pets").values())
    assert "batch_undo" not in keys(app)
    assert not app.exception


def test_more_than_a_page_is_asked_about_with_its_number(many, browse):
    app = browse(many)
    app.button(key="batch_all").click().run()
    assert "**100** selected that match" in said(app)
    app.button(key="batch_exclude").click().run()
    assert not read_edits(many, "pets").edits
    assert "Exclude **100 examples**?" in said(app) and "2 pages" in said(app)
    app.button(key="batch_no").click().run()
    assert not read_edits(many, "pets").edits
    app.button(key="batch_exclude").click().run()
    app.button(key="batch_yes").click().run()
    assert sum(s.is_excluded for s in dataset_state(many, "pets").values()) == 100
    assert not app.exception


def test_what_is_selected_is_of_the_page_that_is_shown(many, browse):
    app = browse(many)
    app.button(key="batch_page").click().run()
    app.text_input(key="search").input("y09").run()
    assert "batch_exclude" not in keys(app)  # another page: nothing is selected
    app.button(key="batch_page").click().run()
    assert "**10** selected" in said(app)
    app.button(key="batch_none").click().run()
    assert "batch_exclude" not in keys(app)


def test_a_tag_is_given_and_taken_off(pets, browse):
    edit(pets, "x1", "tag", "<b>new</b>")
    app = browse(pets)
    app.button(key="batch_page").click().run()
    app.selectbox(key="batch_tag").select("<b>new</b>").run()
    assert dataset_state(pets, "pets")["x0"].tags == {"<b>new</b>"}
    app.button(key="batch_page").click().run()
    app.selectbox(key="batch_untag").select("<b>new</b>").run()
    assert not dataset_state(pets, "pets")["x0"].tags
    assert not app.exception


@pytest.mark.parametrize(
    "hostile",
    [None, 3, "x0", {"epoch": 1}, {"epoch": 1, "ids": "x0"}, {"epoch": 2, "ids": ["x0"]},
     {"epoch": True, "ids": ["x0"]}, {"epoch": 1, "ids": ["nope", 3, None, ["x0"]]}],
)  # fmt: skip
def test_of_what_a_browser_says_is_chosen_only_what_the_page_shows_is_taken(hostile):
    chosen = Selection("page", 5, {"x0": UNTOUCHED, "x1": UNTOUCHED})
    chosen.as_choice().on_change(hostile)
    assert chosen.ids == []
    chosen.as_choice().on_change({"epoch": 5, "ids": ["x1", "x1", "nope"]})
    assert chosen.ids == ["x1"]
    assert list(chosen.meant) == ["x1"]
