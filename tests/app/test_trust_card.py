"""The workbench of an untrusted workspace shows it, runs nothing of it, and says what would run."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

import ide.app
from ide.app.trust_card import VIEWS
from ide.store.trust import is_trusted
from tests.traps import trapped_workspace

MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.delenv("UPWELL_TRUST")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    workspace = trapped_workspace(tmp_path / "w", tmp_path / "fired")
    monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
    monkeypatch.chdir(workspace.root)
    before = config.get_option("server.address")
    yield workspace, AppTest.from_file(str(MAIN), default_timeout=60)
    config.set_option("server.address", before)


def said(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.toast, app.error, app.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def test_an_untrusted_workspace_is_shown_and_runs_nothing(opened, tmp_path):
    _, app = opened
    for view in ("home", "browse", *sorted(VIEWS - {"home"}), "reviews", "problems", "sql"):
        app.query_params["dataset"] = "pets"
        app.switch_page(f"views/{view}.py").run()
        assert not app.exception, view
        assert ("This workspace is not trusted yet" in said(app)) == (view in VIEWS), view
        assert list((tmp_path / "fired").iterdir()) == [], view


def test_trust_is_given_by_a_click_only_where_no_other_machine_can_click(opened):
    workspace, app = opened
    config.set_option("server.address", "0.0.0.0")
    app.run()
    assert "datasets/pets/checks/night.py" in said(app)
    assert not [button for button in app.button if button.key == "trust_it"]
    config.set_option("server.address", "localhost")
    app.switch_page("views/compile.py").run()
    app.button(key="trust_it").click().run()
    assert is_trusted(workspace.root)
    assert "not trusted yet" not in said(app)
