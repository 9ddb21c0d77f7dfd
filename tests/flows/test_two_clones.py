"""Two people, two clones, a bare repository: both label, push, merge and resolve, and agree."""

from __future__ import annotations

import pytest

from ide import cli
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.state import current_labels
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

pytestmark = pytest.mark.flow


def upwell(workspace, *arguments):
    return cli.run([*arguments, "--workspace", str(workspace.root)])


def labels(workspace):
    return current_labels(workspace, "pets").to_pylist()


def clone(tmp_path, name):
    """Clone the bare repository; the examples, which are DVC's, are laid beside."""
    git(tmp_path, "clone", "-q", "hub.git", name)
    git(tmp_path / name, "config", "user.name", name)
    examples = tmp_path / name / "datasets" / "pets" / "examples"
    examples.symlink_to(tmp_path / "begin" / "datasets" / "pets" / "examples")
    return Workspace.find(tmp_path / name)


def test_two_clones_end_with_equal_labels_by_command_and_by_plain_git(tmp_path, capsys):
    begin = tiny_workspace(tmp_path / "begin")
    with (begin.root / ".gitignore").open("a") as ignored:
        ignored.write("/datasets/*/examples\n")  # a link to them, too
    git(begin.root, "commit", "-qam", "ignore the link")
    git(tmp_path, "clone", "-q", "--bare", "begin", "hub.git")
    ada, ben = clone(tmp_path, "ada"), clone(tmp_path, "ben")

    # Each labels on a branch, with one example that they see differently and one alike.
    for workspace, annotator, value in ((ada, "ada", "dog"), (ben, "ben", "<b>|pig</b>")):
        assert upwell(workspace, "branch", annotator) == 0
        edit(workspace, "x0", "label", value, annotator=annotator, reason=f"{annotator} looked")
        edit(workspace, "x1", "label", "cat", annotator=annotator)
        edit(workspace, "x2" if annotator == "ada" else "x3", "exclude", annotator=annotator)
        assert upwell(workspace, "commit") == 0
        git(workspace.root, "push", "-q", "origin", annotator)

    first = git(ada.root, "rev-parse", "HEAD").strip()

    # Ada merges by command, Ben by plain git: the same labels, the same edits.
    git(ada.root, "fetch", "-q")
    capsys.readouterr()
    assert upwell(ada, "merge", "origin/ben") == 1
    told = capsys.readouterr()
    assert "3 edits of pets" in told.out and "1 example is in conflict: pets x0" in told.err
    git(ben.root, "pull", "-q", "--no-rebase", "--no-edit", "origin", "ada")
    assert upwell(ben, "status") == 1
    assert labels(ada) == labels(ben)
    edits = [{e.edit_id for e in read_edits(w, "pets").edits} for w in (ada, ben)]
    assert edits[0] == edits[1] and len(edits[0]) == 6

    # Both settle it, the same way; then ada's goes to the hub and ben takes it.
    for workspace, annotator in ((ada, "ada"), (ben, "ben")):
        edit(workspace, "x0", "label", "dog", annotator=annotator, reason="we talked")
        assert "1 resolved" in commit(workspace).message
    git(ada.root, "push", "-q", "origin", "ada")
    git(ben.root, "fetch", "-q")
    assert upwell(ben, "merge", "origin/ada") == 0
    git(ben.root, "push", "-q", "origin", "ben")
    git(ada.root, "fetch", "-q")
    assert upwell(ada, "merge", "origin/ben") == 0
    assert git(ada.root, "rev-parse", "HEAD") == git(ben.root, "rev-parse", "HEAD")
    assert labels(ada) == labels(ben)
    row = labels(ada)[0]
    assert (row["label"], row["is_conflict"]) == ("dog", False)

    # Ada takes her first commit back; what was decided on top of it stays, and is said.
    capsys.readouterr()
    assert upwell(ada, "revert", first, "--reason", "too hasty") == 0
    told = capsys.readouterr()
    assert "pets x0: label 'dog' by" in told.err and "builds on it and stays" in told.err
    rows = {r["example_id"]: r for r in labels(ada)}
    assert not rows["x2"]["is_excluded"] and rows["x3"]["is_excluded"]
    assert upwell(ada, "switch", "main") == 0
    assert upwell(ada, "merge", "ada") == 0
    assert upwell(ada, "branch") == 0
    assert labels(ada) == list(rows.values())
