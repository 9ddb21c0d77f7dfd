"""Reverting a commit of labels: taken back by edits, in a commit of its own; later edits stay."""

from __future__ import annotations

import shutil
import sys

import pytest

from ide.dataset.errors import EditError, GitError
from ide.store.branches import create_branch, switch_branch
from ide.store.committing import commit
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_text
from ide.store.history import diff
from ide.store.merging import merge
from ide.store.reverting import revert
from ide.store.state import current_labels, dataset_state, undo_last
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return tiny_workspace(tmp_path_factory.mktemp("reverting") / "w", "pets", "birds").root


@pytest.fixture
def pets(template, tmp_path):
    shutil.copytree(template, tmp_path / "w")
    return Workspace.find(tmp_path / "w")


def labels(workspace, name="pets"):
    table = current_labels(workspace, name)
    return table.select(["example_id", "label", "split", "is_excluded"]).to_pylist()


def undo(workspace, revision="HEAD", **more):
    return revert(workspace, revision, annotator="cleo", **more)


def test_a_commit_is_taken_back_in_all_its_datasets_and_registers_and_back_again(pets):
    before = [labels(pets, name) for name in pets.datasets()]
    edit(pets, "x0", "label", "dog")
    edit(pets, "x0", "label", "<b>|pig</b>", annotator="ben")  # a chain within the commit
    edit(pets, "x1", "confirm")
    edit(pets, "x2", "exclude")
    edit(pets, "x3", "split", "train")
    edit(pets, "x4", "tag", "blurred")
    edit(pets, "x4", "comment", "see there")
    edit(pets, "x5", "label", "cat", name="birds")
    made = commit(pets, "a mistake")
    state = {n: dataset_state(pets, n) for n in pets.datasets()}
    found = undo(pets, made.revision, reason="a wrong guide")
    assert [labels(pets, name) for name in pets.datasets()] == before
    assert {n: len(e) for n, e in found.edits.items()} == {"birds": 1, "pets": 6}
    assert not found.kept and not found.notes
    message = git(pets.root, "log", "-1", "--format=%B")
    assert message.startswith('Revert "a mistake"') and made.revision in message
    assert "a wrong guide" in message and git(pets.root, "status", "--porcelain") == ""
    assert {e.action for edits in found.edits.values() for e in edits} == {"undo"}
    assert not diff(pets, made.revision + "~1", "HEAD").num_rows
    undo(pets)
    for name, was in state.items():
        now = dataset_state(pets, name)
        assert {i: s.in_force for i, s in now.items()} == {i: s.in_force for i, s in was.items()}


def test_what_a_later_edit_builds_on_is_said_and_stays(pets):
    edit(pets, "x0", "label", "dog")
    edit(pets, "x1", "label", "cat")
    edit(pets, "x2", "label", "dog")
    edit(pets, "x3", "exclude")
    made = commit(pets)
    edit(pets, "x0", "label", "<b>|pig</b>", annotator="ben")
    edit(pets, "x1", "label", "dog", annotator="ben")
    undo_last(pets, "pets", "x1", annotator="ben")
    edit(pets, "x3", "label", "cat", annotator="ben")
    commit(pets)
    found = undo(pets, made.revision[:12])
    (kept,) = found.kept
    assert "pets x0: label '<b>|pig</b>' by ben" in kept and "builds on it and stays" in kept
    now = {r["example_id"]: r for r in labels(pets)}
    assert (now["x0"]["label"], now["x1"]["label"]) == ("<b>|pig</b>", "dog")
    assert (now["x2"]["label"], now["x3"]["label"]) == ("cat", "cat")
    assert not now["x3"]["is_excluded"]
    again = undo(pets, made.revision)
    assert again.revision is None and again.kept == found.kept


def test_a_merge_is_taken_back_to_the_branch_it_was_made_on(pets):
    create_branch(pets, "ben")
    edit(pets, "x0", "label", "dog", annotator="ben")
    edit(pets, "x1", "label", "cat", annotator="ben")
    commit(pets)
    switch_branch(pets, "main")
    edit(pets, "x0", "label", "<b>|pig</b>")
    commit(pets)
    before = labels(pets)
    assert merge(pets, "ben").conflicts == {"pets": ("x0",)}
    found = undo(pets)
    assert labels(pets) == before and found.edits.keys() == {"pets"}
    assert not status(pets).datasets[1].conflicts


def test_what_edits_cannot_take_back_is_named_with_the_command_that_can(pets):
    write_text(pets.config_path("pets"), pets.config_path("pets").read_text() + "# more\n")
    write_text(pets.checks_path("pets") / "own.sql", "SELECT 1")
    edit(pets, "x0", "label", "dog")
    made = commit(pets, despite_errors="a test")
    old = git(pets.root, "rev-parse", "--short=10", "HEAD~1").strip()
    (note,) = undo(pets).notes
    assert "not taken back: datasets/pets/checks/own.sql, datasets/pets/dataset.toml." in note
    assert f"git checkout {old} -- datasets/pets/dataset.toml" in note
    assert "git rm datasets/pets/checks/own.sql" in note
    git(pets.root, "commit", "-q", "--allow-empty", "-m", "nothing")
    assert "it changed no labels" in undo(pets).notes[0]
    assert "was taken back already" in undo(pets, made.revision).notes[0]
    _, note = undo(pets, git(pets.root, "rev-list", "--max-parents=0", "HEAD").strip()).notes
    assert "this first commit of all began" in note


def fingerprint(workspace):
    return (
        {p.name: p.read_bytes() for p in workspace.edits_path("pets").glob("*.jsonl")},
        git(workspace.root, "for-each-ref"),
        git(workspace.root, "status", "--porcelain"),
    )


def test_a_refused_revert_has_changed_nothing(pets, monkeypatch):
    edit(pets, "x0", "label", "dog")
    commit(pets)
    git(pets.root, "branch", "-q", "other")
    edit(pets, "x1", "label", "cat")
    made = commit(pets)
    hook = pets.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)

    def refuses(match, revision="HEAD", error=GitError, **more):
        before = fingerprint(pets)
        with pytest.raises(error, match=match):
            revert(pets, revision, **{"annotator": "cleo", **more})
        assert fingerprint(pets) == before

    refuses("is no revision here", "nowhere")
    refuses("cannot name an edit log", annotator="../ada", error=EditError)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    refuses("not today")
    refuses("not today", annotator="ada")  # whose log there is
    hook.unlink()
    git(pets.root, "switch", "-q", "other")
    refuses("is not part of this branch", made.revision)
    edit(pets, "x2", "exclude")
    refuses("not committed: datasets/pets/edits/ada.jsonl; a revert needs")
    git(pets.root, "checkout", "-q", "--", "datasets")
    git(pets.root, "checkout", "-q", "--detach")
    refuses("HEAD is detached")
    git(pets.root, "switch", "-q", "other")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(pets.root, "config", "user.useConfigOnly", "true")
    refuses("git does not know whose commit")


def test_a_shallow_clone_does_not_take_its_first_commit_for_the_first_of_all(pets, tmp_path):
    for example_id in ("x0", "x1"):
        edit(pets, example_id, "label", "dog")
        commit(pets)
    git(tmp_path, "clone", "-q", "--depth", "1", pets.root.as_uri(), "clone")
    clone = Workspace.find(tmp_path / "clone")
    assert len(read_edits(clone, "pets").edits) == 2
    with pytest.raises(GitError, match=r"shallow and lacks what was before.*--unshallow"):
        undo(clone)


def test_edits_that_come_in_meanwhile_stay_out_of_the_commit(pets, monkeypatch):
    """Somebody's tool that knows no lock appends while the commit is made."""
    edit(pets, "x0", "label", "dog")
    commit(pets)
    late = read_edits(pets, "pets").edits[0]
    hook = pets.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    line = '{"edit_id": "01900000-0000-7000-8000-000000000001", "example_id": "x1", '
    line += '"action": "exclude", "annotator": "cleo", "made_at": "2026-01-01T00:00:00Z"}'
    log = pets.edits_path("pets") / "cleo.jsonl"
    hook.write_text(f"#!/bin/sh\necho '{line}' >> '{log}'\n")
    hook.chmod(0o755)
    undo(pets)
    assert git(pets.root, "diff", "--stat").count("+") == 2  # of one line, and of the sum
    assert status(pets).n_edits == 1 and dataset_state(pets, "pets")["x1"].is_excluded
    append_edits(pets, "pets", [late])  # the lock is free again


def hook_of(workspace, name, script):
    path = workspace.root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def edits_by(workspace, annotator, example_id, label):
    root = workspace.root
    command = f"edit pets {example_id} --label '{label}' --annotator {annotator} --workspace {root}"
    return f"timeout 60 '{sys.executable}' -P -m ide.cli {command}"


def test_a_hook_may_edit_while_a_revert_commits(pets):
    edit(pets, "x0", "label", "dog")
    commit(pets)
    hook_of(pets, "pre-commit", edits_by(pets, "ben", "x1", "cat"))
    assert undo(pets).n_edits == 1
    state = dataset_state(pets, "pets")
    assert (state["x0"].label, state["x1"].label) == (None, "cat")  # None: as imported
    assert status(pets).n_edits == 1  # the hook's, which is not the revert's to commit


def test_a_refused_revert_takes_out_its_own_lines_and_no_others(pets):
    """The hook edits in the very log that the revert has written to."""
    edit(pets, "x0", "label", "dog")
    commit(pets)
    before = (pets.edits_path("pets") / "ada.jsonl").read_bytes()
    hook_of(pets, "pre-commit", f"{edits_by(pets, 'ada', 'x1', 'cat')}\nexit 1")
    with pytest.raises(GitError, match="refused"):
        revert(pets, "HEAD", annotator="ada")
    after = (pets.edits_path("pets") / "ada.jsonl").read_bytes()
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 1
    assert dataset_state(pets, "pets")["x1"].label == "cat"
    assert dataset_state(pets, "pets")["x0"].label == "dog"


def test_a_refused_revert_that_somebody_has_built_on_stays_and_says_so(pets):
    edit(pets, "x0", "label", "dog")
    commit(pets)
    hook_of(pets, "pre-commit", f"{edits_by(pets, 'ben', 'x0', '<b>|pig</b>')}\nexit 1")
    with pytest.raises(GitError, match="stand all the same, uncommitted, for 1 that came in"):
        undo(pets)
    assert dataset_state(pets, "pets")["x0"].label == "<b>|pig</b>"
    assert not dataset_state(pets, "pets")["x0"].is_conflict


def test_no_hook_runs_while_the_lock_of_the_logs_is_held(pets):
    """Of a revert, a switch and a merge: a hook that edits would wait for us, and we for it."""
    edit(pets, "x0", "label", "dog")
    commit(pets)
    lock = pets.local_path / "edits.lock"
    for name in ("pre-commit", "post-commit", "post-checkout", "post-merge"):
        probe = f"flock -n -s '{lock}' true && echo free >> '{pets.root}/.upwell/{name}'"
        hook_of(pets, name, probe)

    def ran(name):
        path = pets.local_path / name
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text.split()

    undo(pets)
    assert ran("pre-commit") == ["free"] and ran("post-commit") == ["free"]
    create_branch(pets, "other", "HEAD~1")
    assert ran("post-checkout") == ["free"]
    switch_branch(pets, "other")
    ran("post-checkout")
    git(pets.root, "commit", "-qm", "empty", "--allow-empty", "--no-verify")
    ran("post-commit")
    merge(pets, git(pets.root, "rev-parse", "main").strip())
    assert ran("post-merge") == ["free"]
