"""diff, log and blame as commands: names, notes, formats, hostile text."""

from __future__ import annotations

import json

import pytest

from ide.cli import run
from ide.store.committing import commit
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

HOSTILE = "=1+1 | <script>x</script> [a](b) @ada\u202e"


@pytest.fixture
def pets(tmp_path, monkeypatch):
    pets = tiny_workspace(tmp_path / "work")
    monkeypatch.chdir(pets.root)
    evidence = {"build_id": "b843de98b0", "rank": 4, "p_mislabeled": 0.98}
    made = edit(pets, "x0", "label", "dog", reason=HOSTILE, evidence=evidence)
    edit(pets, "x2", "label", "dog")
    commit(pets)
    edit(pets, "x0", "approve", made.edit_id, annotator="ben", reason="agreed")
    return pets


def said(capsys, *arguments, code=0):
    assert run(arguments) == code
    return capsys.readouterr()


def test_a_diff_takes_revisions_and_a_name_and_ends_with_what_changed(pets, capsys):
    table = said(capsys, "diff", "HEAD~1", "HEAD", "pets").out
    assert table.splitlines()[-2:] == ["pets: 2 relabelled", "  relabelled cat → dog: 2"]
    assert "1 approved" in said(capsys, "diff", "pets").out
    for style in ("json", "csv", "markdown"):
        assert said(capsys, "diff", "HEAD~1", "pets", "--format", style).out
    assert len(json.loads(said(capsys, "diff", "HEAD~1", "--format", "json").out)) == 3
    assert len(json.loads(said(capsys, "diff", "HEAD~1", "--limit=1", "--format=json").out)) == 1
    assert "and 2 more" in said(capsys, "diff", "HEAD~1", "--limit", "1").out
    git(pets.root, "branch", "pets")
    assert "taken for the revision" in said(capsys, "diff", "pets").err
    assert "Datasets: pets" in said(capsys, "diff", "birds", code=2).err
    assert "no dataset 'birds'" in said(capsys, "diff", "HEAD", "HEAD", "birds", code=2).err


def test_what_people_wrote_is_told_of_where_it_is_a_formula_and_markup_in_no_markdown(pets, capsys):
    plain = said(capsys, "diff", "HEAD~1", "HEAD", "--format", "csv")
    assert ",=1+1 |" in plain.out and "1 cell begins as formulas do" in plain.err
    guarded = said(capsys, "diff", "HEAD~1", "HEAD", "--format", "spreadsheet")
    assert ",'=1+1 |" in guarded.out and "formulas" not in guarded.err
    for command in (("diff", "HEAD~1"), ("blame", "pets", "x0"), ("log",)):
        text = said(capsys, *command, "--format", "markdown").out
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) == 1
        assert not {"<script", "](b)", "@ada", "\u202e"} & {
            bad for bad in ("<script", "](b)", "@ada", "\u202e") if bad in text
        }


def test_blame_is_readable_and_its_json_is_whole(pets, capsys):
    table = said(capsys, "blame", "pets", "x0").out
    assert "rank 4 of build b843de9" in table
    assert "approved by ben: agreed" in table and "(not committed)" in table
    first, second = json.loads(said(capsys, "blame", "pets", "x0", "--format", "json").out)
    assert first["evidence"]["rank"] == 4 and first["review"][0]["verdict"] == "approved"
    assert first["is_committed"] and not second["is_committed"]


def test_the_log_says_what_each_commit_did_and_where_a_clone_ends(pets, capsys, tmp_path):
    rows = json.loads(said(capsys, "log", "pets", "--format", "json").out)
    assert [row["summary"] for row in rows] == ["pets: 2 relabelled", "pets: new dataset"]
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{pets.root}", "shallow")
    found = said(capsys, "log", "--workspace", str(tmp_path / "shallow"))
    assert "shallow" in found.out and "git fetch --unshallow" in found.err
