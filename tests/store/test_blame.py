"""Who brought an edit: across merges, reverts, shallow clones and a detached head."""

from __future__ import annotations

from ide.store.commit_cache import FILE
from ide.store.commits import log, metrics_of_commits, shallow_note
from ide.store.committing import commit
from ide.store.edit_log import append_edits, read_edits
from ide.store.history import blame
from ide.store.state import edit_example
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


def commits_of(pets, example_id):
    return [row["commit"] for row in blame(pets, "pets", example_id)]


def test_a_merge_brings_only_what_was_resolved_in_it_and_a_clone_that_ends_says_so(tmp_path):
    pets = tiny_workspace(tmp_path / "work")
    root = pets.root
    edit(pets, "x1", "exclude")
    first = commit(pets).revision
    git(root, "switch", "-qc", "other")
    edit(pets, "x0", "label", "dog", annotator="ben")
    theirs = commit(pets).revision
    git(root, "switch", "-q", "main")
    edit(pets, "x0", "label", "<b>|pig</b>")
    ours = commit(pets).revision
    git(root, "merge", "-q", "--no-commit", "other")
    resolved = edit(pets, "x0", "label", "cat", annotator="cleo")
    git(root, "add", "datasets")
    git(root, "commit", "-qm", "merged and resolved")
    merge = git(root, "rev-parse", "HEAD").strip()
    assert set(commits_of(pets, "x0")) == {ours[:10], theirs[:10], merge[:10]}
    newest = log(pets)[0]
    assert newest.is_merge and newest.edit_ids == {"pets": (resolved.edit_id,)}
    assert {c.revision for c in log(pets)} >= {merge, ours, theirs, first}

    read_again = {c.revision: c for c in log(pets)}
    (root / ".upwell" / FILE).unlink()  # what is kept is as what git says
    edit(pets, "x2", "exclude")
    commit(pets)
    assert {c.revision: c for c in log(pets) if c.revision in read_again} == read_again

    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    shallow = type(pets)(tmp_path / "shallow")
    newest, *_ = log(shallow)
    assert newest.is_cut and not newest.counts and "shallow" in newest.summary
    assert "git fetch --unshallow" in (shallow_note(shallow) or "")
    (row,) = blame(shallow, "pets", "x1")
    assert row["commit"] is None and row["is_committed"]
    git(shallow.root, "fetch", "-q", "--unshallow")
    assert commits_of(shallow, "x1") == [first[:10]] and shallow_note(shallow) is None
    assert metrics_of_commits(pets, "pets", [first]) == {}


def test_a_plain_revert_withdraws_edits_and_its_revert_is_not_who_made_them(tmp_path):
    pets = tiny_workspace(tmp_path / "work")
    made = edit(pets, "x0", "label", "dog", reason="so")
    edit(pets, "x1", "comment", 'about "x0"\\')
    first = commit(pets).revision
    git(pets.root, "revert", "--no-edit", "HEAD")
    assert log(pets)[0].counts == {"pets": {"withdrawn": 2}}
    assert blame(pets, "pets", "x0") == []
    git(pets.root, "revert", "--no-edit", "HEAD")
    git(pets.root, "checkout", "-q", "--detach")
    assert commits_of(pets, "x0") == [first[:10]]
    assert [row["edit_id"] for row in blame(pets, "pets", "x0")] == [made.edit_id]


def test_blame_finds_an_example_however_its_id_was_written(tmp_path):
    pets = tiny_workspace(tmp_path / "work")
    own = edit(pets, "x3", "label", "cat")
    path = pets.edits_path("pets") / "ada.jsonl"
    path.write_text(path.read_text().replace('"x3"', '"\\u00783"'))
    assert read_edits(pets, "pets").edits == (own,)
    said = edit_example(pets, "pets", "x3", "approve", own.edit_id, annotator="ben", reason="yes")
    append_edits(pets, "pets", [said])
    first, second = blame(pets, "pets", "x3")
    assert first["review"][0]["annotator"] == "ben" and first["review"][0]["reason"] == "yes"
    assert second["action"] == "approve" and not first["is_committed"]
