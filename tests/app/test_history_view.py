"""History: what its buttons did, and what they were refused for, stands in the page."""

from __future__ import annotations

import pytest

from ide.app.commit_rows import rows
from ide.app.history_actions import merged_sentence
from ide.dataset.errors import GitError
from ide.dataset.two_builds import Shift
from ide.store.branches import create_branch, list_branches, switch_branch
from ide.store.commit_graph import lanes, parents_of_commits
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.conflicts import conflict_ids, conflicts_by_id, origins
from ide.store.merging import merge
from tests.app.test_views import open_view, sentences  # noqa: F401 – a fixture
from tests.store.tiny import edit, tiny_workspace

NAME = "pets"


@pytest.fixture
def disputed(tmp_path):
    """Two branches that label x0 differently, merged: x0 is in conflict."""
    workspace = tiny_workspace(tmp_path / "w")
    home = list_branches(workspace)[0].name
    create_branch(workspace, "bob")
    edit(workspace, "x0", "label", "<b>|pig</b>", annotator="bob", reason="a <snout>")
    commit(workspace, "bob's <i>round</i>", despite_errors="a test")
    switch_branch(workspace, home)
    edit(workspace, "x0", "label", "dog")
    commit(workspace, "ada's round", despite_errors="a test")
    result = merge(workspace, "bob")
    return workspace, result


def test_a_conflict_says_who_in_which_commit_of_which_branch(disputed):
    workspace, result = disputed
    assert conflict_ids(workspace, NAME) == ["x0"]
    (conflict,) = conflicts_by_id(workspace, NAME, ["x0"], annotator="ada")["x0"]
    found = origins(workspace, NAME, [conflict])
    by_name = {e.annotator: found[e.edit_id] for side in conflict.sides for e in side.edits}
    assert by_name["bob"].branches == ("bob",)
    assert by_name["ada"].branches == ()
    assert all(len(origin.commit) == 10 for origin in found.values())
    assert merged_sentence("bob", result, {"bob": 1, "cy": 12}) == (
        "Merged **bob**: 12 edits of cy, 1 edit of bob brought; 1 conflict to resolve."
    )


def test_each_commit_says_what_it_did_and_where_its_branch_meets(disputed):
    workspace, _ = disputed
    commits = log(workspace, NAME)
    parents = parents_of_commits(workspace, NAME)
    drawn = rows(
        commits,
        NAME,
        graph=lanes([(c.revision, parents[c.revision]) for c in commits]),
        branches=list_branches(workspace),
        metrics={commits[1].revision: {"test": 0.9}, commits[-1].revision: {"test": 0.8}},
        shifts={
            commits[1].revision: (
                commits[-1].revision,
                Shift("test", 100, 0.8, 0.9, 0.0, n_fixed=10, n_broken=0, n_relabelled=0),
            )
        },
        can_revert=True,
    )
    assert [row["done"] for row in drawn[1:3]] == ["1 relabelled", "1 relabelled"]
    assert drawn[0]["is_merge"]
    assert drawn[1]["delta"] == "+10.0 pts"
    assert {row["lane"] for row in drawn} == {0, 1}


def test_errors_stand_in_place_and_change_nothing(disputed, open_view):  # noqa: F811
    workspace, _ = disputed
    edit(workspace, "x1", "label", "cat")
    with pytest.raises(GitError, match="Commit first"):
        merge(workspace, "bob")
    app = open_view(workspace, "history", dataset=NAME)
    assert not app.exception
    assert "4 commits" in sentences(app)
    app.text_input(key="history_new_branch").set_value("../..").run()
    app.button(key="history_create").click().run()
    assert "../.." in sentences(app)
    app.text_input(key="history_new_branch").set_value("cy").run()
    app.button(key="history_create").click().run()
    assert "You are on the new branch **cy**" in app.success[0].value
    assert list_branches(workspace)[0].name == "cy"
