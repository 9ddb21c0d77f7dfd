"""Names that a dataset or an annotator may have are names that the surfaces can be drawn for."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.app.keyboard_component import key_of
from ide.dataset.edit import make_edit
from ide.dataset.ids import content_id
from ide.store.builds import require_build
from ide.store.edit_log import append_edits
from ide.store.files import write_parquet
from ide.store.state import imported_labels
from ide.store.workspace import Workspace
from tests.app.test_views import is_calm, open_view  # noqa: F401 – a fixture
from tests.conftest import git
from tests.found import issues

NAME, PERSON = "my__digits__", "x.__-y"  # what Streamlit splits its keys at


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    """A dataset with a suspect, a conflict, a problem, and a change to review."""
    found = make_workspace(
        tmp_path_factory.mktemp("keys") / "w", n=30, n_suspects=20, size=8, name=NAME
    )
    git(found.root, "add", "-A")
    git(found.root, "commit", "-qm", "some digits")
    first, other = list(imported_labels(found, NAME))[:2]
    path = require_build(found, NAME).path / "issues.parquet"
    write_parquet(path, issues(("leaks", first, other, {})))
    rivals = (("al", "1"), ("a__b", "2"))
    append_edits(found, NAME, [make_edit(first, "label", v, annotator=who) for who, v in rivals])
    append_edits(found, NAME, [make_edit(other, "exclude", annotator="al")])
    return found


@pytest.mark.parametrize(
    ("view", "more"),
    [("review", {}), ("review", {"queue": "conflicts"}), ("problems", {}), ("reviews", {})],
)
def test_a_surface_is_drawn_for_any_names_that_are_admitted(
    workspace,
    open_view,  # noqa: F811
    view,
    more,
):
    app = open_view(workspace, view, dataset=NAME, annotator=PERSON, **more)
    assert is_calm(app)
    assert not [error.value for error in app.error]
    (surface,) = app.main.get("bidi_component")[-1:]  # the sidebar has one, too
    assert content_id(str(workspace.root).encode()) in str(surface.proto)


def test_two_names_have_two_keys_and_none_has_what_streamlit_splits_at():
    names = [("a_", "b"), ("a", "_b"), ("a__b", "c"), ("a", "b__c"), ("a-", "b")]
    keys = {key_of("labeler", *pair) for pair in names}
    assert len(keys) == len(names)
    assert not any("__" in key for key in keys)
