"""The last queries are kept on this machine, and git sees nothing of them."""

from __future__ import annotations

from ide.store.query_history import MAX_CHARACTERS, N_KEPT, past_queries, remember
from tests.conftest import git
from tests.store.tiny import tiny_workspace


def test_the_last_queries_are_kept_newest_first_each_once_and_git_sees_nothing(tmp_path):
    workspace = tiny_workspace(tmp_path / "work")
    for n in range(N_KEPT + 5):
        remember(workspace, f"SELECT {n}", n_rows=n)
    remember(workspace, "SELEC", error="Parser Error")
    remember(workspace, "SELECT 24", n_rows=1)
    found = past_queries(workspace)
    assert len(found) == N_KEPT
    assert [q.text for q in found[:3]] == ["SELECT 24", "SELEC", "SELECT 23"]
    assert found[0].n_rows == 1 and found[1].error == "Parser Error"
    assert git(workspace.root, "status", "--porcelain") == ""


def test_a_history_that_is_damaged_counts_as_none_and_is_written_anew(tmp_path):
    workspace = tiny_workspace(tmp_path / "work", is_repository=False)
    assert past_queries(workspace) == []
    path = workspace.local_path / "queries.json"
    path.parent.mkdir(exist_ok=True)
    for text in ("{", "[]", '{"queries": [3]}', '{"queries": [{"text": 3, "asked_at": ""}]}'):
        path.write_text(text)
        assert past_queries(workspace) == []
    remember(workspace, "SELECT 1")
    assert [q.text for q in past_queries(workspace)] == ["SELECT 1"]
    for odd in ("\ud800", "x" * (MAX_CHARACTERS + 1)):
        remember(workspace, odd)
    assert len(past_queries(workspace)) == 1
