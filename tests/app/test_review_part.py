"""Review's controls: what it is narrowed to stands in the address, and so does the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from benchmarks.synthetic import make_workspace
from ide.store.state import edit_example, imported_labels

MAIN = Path(ide.app.__file__).parent / "main.py"
NAME = "glyphs"


@pytest.fixture
def review(tmp_path, monkeypatch):
    workspace = make_workspace(tmp_path / "w", n=40, n_suspects=20, size=8)
    example_id = next(iter(imported_labels(workspace, NAME)))
    edit_example(workspace, NAME, example_id, "label", "7", annotator="ben")
    monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))

    def opened(**parameters: str) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.switch_page("views/review.py").run()

    return opened


def said(app: AppTest) -> str:
    kinds = (app.caption, app.warning, app.info)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def test_what_review_is_narrowed_to_is_said_chosen_and_left(review):
    app = review(dataset=NAME, given="3", example="x")
    assert "given 3" in said(app)
    assert app.selectbox(key="narrow_by_").options == ["ben"]
    assert "narrow_tag_" not in {box.key for box in app.selectbox}  # there is none
    app.selectbox(key="narrow_suggested_").select("5").run()
    assert "given 3, suggested 5" in said(app)
    assert app.query_params["suggested"] == "5" and "example" not in app.query_params
    app.button(key="narrow_leave").click().run()
    assert set(app.query_params) == {"dataset"}
    assert "narrow_leave" not in {button.key for button in app.button}
    assert not app.exception


def test_a_part_that_cannot_be_asked_for_gets_a_sentence_and_a_way_out(review):
    app = review(dataset=NAME, where="nope = 1")
    assert "cannot be answered" in said(app) and not app.exception
    assert app.button(key="narrow_leave")
    app = review(dataset=NAME, given="<b>no class</b>", split="none", tag="gone")
    assert "given <b>no class</b>, in none, tagged gone" in said(app)
    assert not app.exception
