"""A drill in the workbench: begun by a button, told on every view, ended by a button."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

import ide.app
from ide.store.builds import current_build
from ide.store.drill_file import drill_in_force
from ide.store.state import dataset_state, edit_example, imported_labels
from tests.conftest import git

NAME = "digits"
MAIN = Path(ide.app.__file__).parent / "main.py"


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
