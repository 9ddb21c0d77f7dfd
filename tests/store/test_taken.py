"""Edits that were saved and that git by hand took: told, brought back, and never a false alarm."""

from __future__ import annotations

import shutil

import pytest

from ide.cli import run
from ide.store.branches import switch_branch
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.importing import import_source
from ide.store.merging import merge
from ide.store.reverting import revert
from ide.store.status import status
from ide.store.taken import bring_back, drop_taken, taken_edits
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


@pytest.fixture
def pets(tmp_path):
    """A workspace with a committed log of one edit."""
    workspace = tiny_workspace(tmp_path / "work")
    edit(workspace, "x0", "label", "dog")
    commit(workspace)
    return workspace


def ids(workspace):
    return {e.edit_id for e in read_edits(workspace, "pets").edits}


TAKING = (
    ("stash",),
    ("checkout", "--", "."),
    ("restore", "."),
    ("reset", "-q", "--hard"),
    ("checkout", "-q", "--force", "HEAD"),
)


@pytest.mark.parametrize("command", TAKING, ids=" ".join)
def test_saved_edits_that_git_took_are_told_and_come_back(pets, command, capsys):
    saved = [edit(pets, f"x{n}", "label", "cat").edit_id for n in (1, 3)]
    every = ids(pets)
    git(pets.root, *command)
    assert ids(pets).isdisjoint(saved)
    late = edit(pets, "x2", "label", "dog").edit_id  # the labeller goes on, and sees nothing
    ((log, gone),) = taken_edits(pets, "pets").items()
    assert log == "datasets/pets/edits/ada.jsonl" and [e.edit_id for e in gone] == saved
    ((sentence,),) = [d.taken for d in status(pets).datasets]
    assert "ada.jsonl: 2 edits that were saved" in sentence and "upwell recover pets" in sentence
    assert run(["status", "--workspace", str(pets.root)]) == 0
    assert "upwell recover pets" in capsys.readouterr().err
    assert run(["recover", "--workspace", str(pets.root)]) == 0
    assert "pets: 2 edits are back" in capsys.readouterr().out
    assert ids(pets) == every | {late} and not taken_edits(pets, "pets")
    assert bring_back(pets, "pets") == 0


def test_a_new_log_that_git_cleaned_away_comes_back(pets):
    saved = edit(pets, "x1", "label", "cat", annotator="ben").edit_id
    git(pets.root, "clean", "-fdq")
    assert saved not in ids(pets)
    assert bring_back(pets, "pets") == 1 and saved in ids(pets)


def test_popping_the_stash_beside_it_does_no_harm(pets):
    edit(pets, "x1", "label", "cat")
    every = ids(pets)
    git(pets.root, "stash")
    git(pets.root, "stash", "pop")
    assert not taken_edits(pets, "pets") and ids(pets) == every


def test_what_was_meant_to_go_is_spoken_of_no_more(pets):
    edit(pets, "x1", "label", "cat")
    git(pets.root, "reset", "-q", "--hard")
    assert drop_taken(pets, "pets") == 1
    assert not taken_edits(pets, "pets") and len(ids(pets)) == 1
    edit(pets, "x1", "label", "cat")
    assert not taken_edits(pets, "pets")


def test_what_a_branch_has_is_not_gone(pets):
    """Committed by hand, and the branch left by hand: Upwell was not told of either."""
    home = git(pets.root, "branch", "--show-current").strip()
    git(pets.root, "switch", "-qc", "theirs")
    edit(pets, "x1", "label", "cat")
    git(pets.root, "commit", "-qam", "by hand")
    git(pets.root, "switch", "-q", home)
    assert len(ids(pets)) == 1 and not taken_edits(pets, "pets")
    git(pets.root, "branch", "-qD", "theirs")
    assert taken_edits(pets, "pets")  # and now no branch has it


def test_upwell_s_own_moves_are_no_alarm(pets, tmp_path):
    home = git(pets.root, "branch", "--show-current").strip()
    git(pets.root, "switch", "-qc", "theirs")
    edit(pets, "x1", "label", "cat")
    commit(pets)
    assert not list((pets.local_path / "saved" / "pets").iterdir())  # a commit has them
    switch_branch(pets, home)
    assert not taken_edits(pets, "pets")
    merge(pets, "theirs")
    revert(pets, "HEAD", annotator="ada")
    git(pets.root, "switch", "-q", "--detach", "HEAD~1")
    assert not taken_edits(pets, "pets")


def test_a_dataset_that_is_imported_anew_misses_nothing(pets, tmp_path):
    (tmp_path / "t.csv").write_text("id,text,label\n1,a,x\n2,b,y\n")
    for _ in range(2):
        shutil.rmtree(pets.dataset_path("t"), ignore_errors=True)
        import_source(pets, str(tmp_path / "t.csv"), name="t", track=False)
        assert not taken_edits(pets, "t")
        edit(pets, "1", "label", "y", name="t")


def test_an_edit_is_saved_where_its_copy_cannot_be(pets):
    (pets.local_path / "saved").mkdir(exist_ok=True, parents=True)
    shutil.rmtree(pets.local_path / "saved")
    (pets.local_path / "saved").write_text("a file in the way")
    assert edit(pets, "x1", "label", "cat").edit_id in ids(pets)
    assert not taken_edits(pets, "pets")
