"""A week with version control: label, look, commit, merge with a colleague, report."""

from __future__ import annotations

import json
import subprocess

import pytest

from ide import cli
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.history import diff
from ide.store.past_edits import edits_at
from ide.store.state import current_labels, edit_example, undo_last
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.conftest import git

pytestmark = pytest.mark.flow


def upwell(capsys, workspace, *arguments):
    """Run a command in a workspace and return its exit code and what it prints."""
    capsys.readouterr()
    code = cli.run([*arguments, "--workspace", str(workspace.root)])
    return code, capsys.readouterr().out


def test_label_look_commit_and_report(digits, capsys):
    rows = current_labels(digits, "digits").slice(0, 4).to_pylist()
    base = git(digits.root, "rev-parse", "HEAD").strip()
    (digits.root / "notes.txt").write_text("mine\n")
    git(digits.root, "add", "notes.txt")
    for row in rows[:2]:
        other = "8" if row["label"] != "8" else "3"
        edit_example(digits, "digits", row["example_id"], "label", other, annotator="ada")
    edit_example(digits, "digits", rows[2]["example_id"], "exclude", annotator="ada")
    edit_example(digits, "digits", rows[3]["example_id"], "exclude", annotator="ada")
    undo_last(digits, "digits", rows[3]["example_id"], annotator="ada")

    code, out = upwell(capsys, digits, "status", "--format", "json")
    found = json.loads(out)
    assert code == 0 and len(found["edits"]) == 5 and found["conflicts"] == []
    code, out = upwell(capsys, digits, "diff", "--format", "json")
    assert [r["kind"] for r in json.loads(out)].count("relabelled") == 2 and len(
        json.loads(out)
    ) == 3
    code, out = upwell(capsys, digits, "commit")
    assert code == 0 and "digits: 2 relabelled, 1 excluded" in out
    assert upwell(capsys, digits, "commit")[0] == 2
    assert git(digits.root, "diff", "--cached", "--name-only").split() == ["notes.txt"]
    code, out = upwell(capsys, digits, "log", "--format", "json", "--limit", "1")
    assert json.loads(out)[0]["summary"] == "digits: 2 relabelled, 1 excluded"
    code, out = upwell(capsys, digits, "blame", "digits", rows[0]["example_id"], "--format", "json")
    assert json.loads(out)[0]["commit"] == git(digits.root, "rev-parse", "HEAD")[:10]
    code, out = upwell(capsys, digits, "report", "--base", base)
    assert code == 0 and "Labels: 2 relabelled, 1 excluded." in out
    assert "5 edits are newer than the build" in out
    assert "| test | 451 |" in out
    query = "SELECT count(*) AS n FROM digits.edits WHERE revision IS NOT NULL"
    code, out = upwell(capsys, digits, "sql", query, "--format", "json")
    assert json.loads(out) == [{"n": 5}]


def test_two_people_label_in_two_clones_and_git_merges_every_edit(digits, tmp_path):
    subprocess.run(["git", "clone", "-q", str(digits.root), str(tmp_path / "other")], check=True)
    other = Workspace.find(tmp_path / "other")
    ids = current_labels(digits, "digits")["example_id"].to_pylist()
    (other.root / "datasets" / "digits" / "examples").symlink_to(digits.examples_path("digits"))
    for workspace, annotator, label in ((digits, "ada", "1"), (other, "ben", "7")):
        for example_id in (ids[0], ids[1 if annotator == "ada" else 2]):
            edit_example(workspace, "digits", example_id, "label", label, annotator=annotator)
        commit(workspace)
    git(digits.root, "pull", "-q", "--no-rebase", "--no-edit", str(other.root), "HEAD")
    (dataset,) = status(digits).datasets
    assert dataset.n_edits == 0 and dataset.conflicts == (ids[0],)
    assert {e.annotator for e in edits_at(digits, "digits", "HEAD")} == {"ada", "ben"}
    kinds = [r["kind"] for r in diff(digits, "HEAD^1", "HEAD").to_pylist()]
    assert "disputed" in kinds
    edit_example(digits, "digits", ids[0], "label", "7", annotator="ada", reason="a bar")
    assert not status(digits).datasets[0].conflicts
    made = commit(digits)
    assert "1 resolved" in made.message
    assert sum(len(c.edit_ids.get("digits", ())) for c in log(digits)) == 5
