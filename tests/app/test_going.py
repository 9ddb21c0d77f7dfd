"""Where a person asked to go is where they arrive, whatever is heard late from the page before."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.store.state import imported_labels
from ide.store.workspace import Workspace
from tests.app.test_views import open_view, sentences  # noqa: F401 – a fixture

NAME = "glyphs"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("going") / "w", n=30, n_suspects=20, size=8)


@pytest.mark.parametrize("view", ["example", "browse"])
def test_a_late_message_of_the_page_that_is_left_leads_nowhere_else(workspace, open_view, view):  # noqa: F811
    """It has the old page's address, or the old page as well; ``page=1`` is of Browse."""
    example_id = next(iter(imported_labels(workspace, NAME)))
    app = open_view(workspace, "browse", dataset=NAME)
    going = ("browse", "example", {"dataset": NAME, "example": example_id}, False)
    app.session_state["upwell_going"] = going  # a tile was clicked
    app.query_params.clear()
    app.query_params["dataset"], app.query_params["page"] = NAME, "1"
    app.switch_page(f"views/{view}.py").run()
    assert example_id in app.query_params["example"]
    assert "no example is open" not in sentences(app)
    app.switch_page("views/browse.py").run()  # there it was: who goes back stays
    assert "example" not in app.query_params
