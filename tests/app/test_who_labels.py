"""Who labels: said by a person, kept by the browser, never taken from a link."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.store.workspace import Workspace
from tests.app.test_views import open_view  # noqa: F401 – a fixture

NAME = "glyphs"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("who") / "w", n=30, n_suspects=20, size=8)


def who(app) -> str:
    return app.sidebar.text_input(key="sidebar_annotator").value


def test_a_link_is_no_identity_and_an_old_one_loses_its_annotator(workspace, open_view):  # noqa: F811
    app = open_view(workspace, "changes", dataset=NAME)
    app.query_params["annotator"] = "eve"
    app.run()
    assert who(app) == "ada-lovelace"  # git's own user
    assert "annotator" not in app.query_params


def test_a_name_that_is_said_stays_out_of_the_address_and_none_is_gits_own_user(
    workspace,
    open_view,  # noqa: F811
):
    app = open_view(workspace, "changes", dataset=NAME)
    app.sidebar.text_input(key="sidebar_annotator").input("Mia Wallace").run()
    assert who(app) == "mia-wallace"
    assert "mia" not in str(app.query_params)
    app.sidebar.text_input(key="sidebar_annotator").input(" ").run()
    assert who(app) == "ada-lovelace"
