"""A drill in the workbench: begun by a button, told on every view, ended by a button."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from ide.dataset.drill import drill_of
from ide.store.builds import current_build
from ide.store.drill_file import drill_in_force
from ide.store.drills import end_drill, start_drill
from ide.store.edit_log import read_edits
from ide.store.state import dataset_state, edit_example, imported_labels
from tests.conftest import git
from tests.store.tiny import tiny_workspace

NAME = "digits"
MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "w", "pets")


@pytest.fixture
def open_example(monkeypatch):
    def opened(workspace, example_id: str, name: str = "pets") -> AppTest:
        monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        app.query_params.update(dataset=name, example=example_id, annotator="ada")
        return app.switch_page("views/example.py").run()

    return opened


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown, app.toast)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def test_a_drill_is_begun_followed_and_ended_by_buttons(digits, monkeypatch):
    clean, truth = current_build(digits, NAME), imported_labels(digits, NAME)
    monkeypatch.setenv("UPWELL_WORKSPACE", str(digits.root))
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["dataset"] = NAME
    app.switch_page("views/evals.py").run()
    app.number_input(key="drill_errors").set_value(12)
    app.button(key="drill_start").click().run()
    assert not app.exception and not app.error
    drill = drill_in_force(digits, NAME)
    assert len(drill.planted) == 12
    assert git(digits.root, "branch", "--show-current").strip() == drill.branch
    assert "12 planted errors, 0 found" in said(app)
    assert "is measured by the drill's first build" in said(app)
    assert not [b for b in app.button if b.key == "drill_start"]

    wrong = drill.planted[0]
    edit_example(digits, NAME, wrong.example_id, "label", wrong.true_label, annotator="ada")
    other = next(i for i in truth if i not in drill.labels)
    edit_example(digits, NAME, other, "exclude", annotator="ada")
    app.run()
    assert "12 planted errors, 1 found" in said(app)
    app.button(key="drill_chip_end").click().run()
    assert not app.exception and not app.error
    assert "1 edit of examples that were not planted came along" in said(app)
    assert git(digits.root, "branch", "--show-current").strip() == "main"
    assert current_build(digits, NAME) == clean and imported_labels(digits, NAME) == truth
    assert list(dataset_state(digits, NAME)) == [other]
    assert "planted error" not in "\n".join(str(m.value) for m in app.sidebar.markdown)
    assert "The last drill" in said(app)


def test_a_verdict_on_an_examples_page_that_was_open_in_a_drill_counts_in_it_only(
    pets, open_example
):
    """Whether the drill was built or not: the page says what it showed, not what is there now."""
    drill = start_drill(pets, "pets", n_errors=2, seed=4)
    wrong = drill.planted[0]
    app = open_example(pets, wrong.example_id)
    end_drill(pets, "pets")
    app.button(key="example_confirm_None").click().run()
    assert not app.exception and not app.error
    assert dataset_state(pets, "pets") == {}
    (verdict,) = read_edits(pets, "pets").elsewhere
    assert (verdict.action, drill_of(verdict)) == ("confirm", drill.drill_id)


def test_an_examples_page_names_the_build_that_it_shows(digits, open_example):
    build = current_build(digits, NAME)
    example_id = next(iter(imported_labels(digits, NAME)))
    app = open_example(digits, example_id, NAME)
    app.button(key="example_exclude_None").click().run()
    (edit,) = read_edits(digits, NAME).edits
    assert edit.evidence["build_id"] == build.build_id
    assert edit.evidence["rank"] > 0 and 0 <= edit.evidence["p_mislabeled"] <= 1
