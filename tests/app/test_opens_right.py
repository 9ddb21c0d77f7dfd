"""Views that open on what can be done: Reviews on what can be judged, Bisect on a gate."""

from __future__ import annotations

import pytest

from ide.app.problems.data import Place
from ide.app.reviews.data import Listing, review_data, reviewable
from ide.dataset.change_list import change_list
from ide.dataset.changes import Imported, changes
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.reviews import Verdict, save_verdicts
from ide.store.revisions import span_of
from ide.store.state import current_labels, dataset_state, edit_example, imported_labels
from tests.app.test_views import NAME, is_calm, open_view, sentences  # noqa: F401 – a fixture
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


def listing_of(workspace, name="birds") -> Listing:
    """Return what is new since main, behind two examples that came with another label."""
    span = span_of(workspace, name, "main")
    anew = {"x0": Imported("dog", "train"), "x1": Imported("cat", "train")}
    told = changes(
        {}, dataset_state(workspace, name), {"x0": "cat", "x1": "dog"},
        splits={"x0": "train", "x1": "train"}, reimported=anew,
        edits=read_edits(workspace, name).edits,
    )  # fmt: skip
    labels = current_labels(workspace, name)
    columns = (labels[c].combine_chunks() for c in ("example_id", "split"))
    return Listing(workspace, name, reviewable(change_list(told, *columns)), span)


def data_of(listing, start=None):
    given = {"annotator": "rita", "start": start, "message": None, "receipt": None}
    return review_data(listing, place=Place(), **given)


@pytest.fixture
def fresh(tmp_path):
    """A workspace on a branch; what an import brought is given to ``listing_of``."""
    workspace = tiny_workspace(tmp_path / "w", "birds")
    git(workspace.root, "branch", "-M", "main")
    git(workspace.root, "switch", "-qc", "more")
    return workspace


def test_a_new_dataset_opens_at_its_first_change_and_says_why_none_can_be_judged(fresh):
    data = data_of(listing_of(fresh))
    assert data["n"] == 2
    assert data["start"] is None  # the surface begins at the first
    assert (data["range"][0], data["n_left"]) == (0, 0)
    assert data["no_edits"].startswith("Nothing here can be judged: these 2 changes were made by")
    assert "Review" in data["no_edits"]  # what to do


def test_reviews_opens_on_the_first_change_that_can_be_judged(fresh):
    made = edit(fresh, "x3", "label", "cat", name="birds")
    data = data_of(listing_of(fresh))
    assert data["start"] == made.edit_id
    assert (data["no_edits"], data["n_left"]) == (None, 1)
    verdict = Verdict("x3", "approve", made.edit_id)
    save_verdicts(fresh, "birds", [verdict], annotator="rita")
    data = data_of(listing_of(fresh))
    assert (data["start"], data["n_left"]) == (None, 0)
    assert data["tally"] == "1 of 3 changes judged · verdicts: rita 1"


def test_an_edit_in_the_address_that_is_not_there_is_said(fresh):
    made = edit(fresh, "x3", "label", "cat", name="birds")
    data = data_of(listing_of(fresh), start="no-such-edit")
    assert "no-such-edit" in data["start_notice"]
    assert data["start"] == made.edit_id
    assert data_of(listing_of(fresh), start=made.edit_id)["start_notice"] is None


@pytest.fixture
def two_commits(digits):
    for number, example_id in enumerate(list(imported_labels(digits, NAME))[:2]):
        edit_example(digits, NAME, example_id, "exclude", annotator="ada")
        commit(digits, f"edit {number}", None)
    return digits


def test_bisect_begins_with_a_gate_of_test_accuracy_and_shows_how_one_is_written(
    two_commits,
    open_view,  # noqa: F811
):
    app = open_view(two_commits, "bisect", dataset=NAME)
    assert is_calm(app)
    gate = app.selectbox(key="bisect_gate")
    assert gate.value.startswith("accuracy >= 0.")
    assert any("recall of" in option for option in gate.options)
    assert "METRIC on SPLIT slice CONDITION >= BOUND" in sentences(app)


def test_a_gate_that_is_none_is_refused_at_its_field_and_nothing_begins(two_commits, open_view):  # noqa: F811
    app = open_view(two_commits, "bisect", dataset=NAME, gate="acuracy >= 0.9")
    app.button(key="bisect_start").click().run()
    (error,) = app.error
    assert "acuracy" in error.value
    assert not (two_commits.local_path / "bisect.json").exists()
