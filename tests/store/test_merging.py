"""Merging labels: no edit is lost, equal ones agree, and what is refused has changed nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from threading import Thread

import pyarrow as pa
import pytest

from ide.dataset.edit import make_edit
from ide.dataset.errors import BuildRunningError, GitError, ImportRefusedError
from ide.dataset.snapshot import edit_set_hash
from ide.store.branches import create_branch, list_branches, switch_branch
from ide.store.builds import build_model, current_build, edits_since
from ide.store.committing import commit
from ide.store.compile_lock import compile_lock
from ide.store.drills import start_drill
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_json, write_parquet, write_text
from ide.store.importing.lock import import_folder
from ide.store.log_lock import replacing_logs
from ide.store.merging import merge
from ide.store.merging_texts import merge_texts
from ide.store.state import current_labels, dataset_state
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.small import compiled_workspace, copy_workspace
from tests.store.test_builds import make_another
from tests.store.tiny import edit, tiny_workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return tiny_workspace(tmp_path_factory.mktemp("merging") / "w").root


@pytest.fixture
def pets(template, tmp_path):
    shutil.copytree(template, tmp_path / "w")
    return Workspace.find(tmp_path / "w")


def labels(workspace):
    table = current_labels(workspace, "pets")
    return table.select(["example_id", "label", "is_excluded", "is_conflict"]).to_pylist()


def ids(workspace):
    return sorted(e.edit_id for e in read_edits(workspace, "pets").every)


def fingerprint(workspace):
    """All that a refusal must leave as it was."""
    files = {
        p.relative_to(workspace.root): p.read_bytes()
        for p in sorted(workspace.root.rglob("*"))
        if p.is_file() and not {".git", ".upwell"} & set(p.parts)
    }
    return files, git(workspace.root, "for-each-ref"), git(workspace.root, "status", "--porcelain")


def two_branches(workspace):
    """Label on ``ben`` and on ``main``: x0 differently, x1 alike, x2 and x3 one side each."""
    create_branch(workspace, "ben")
    for example_id, value in (("x0", "dog"), ("x1", "cat"), ("x2", "dog")):
        edit(workspace, example_id, "label", value, annotator="ben")
    commit(workspace)
    switch_branch(workspace, "main")
    for example_id, value in (("x0", "<b>|pig</b>"), ("x1", "cat"), ("x3", "cat")):
        edit(workspace, example_id, "label", value, annotator="ada")
    commit(workspace)


def test_a_merge_brings_every_edit_and_disputes_only_what_differs(pets):
    two_branches(pets)
    edits = ids(pets)
    found = merge(pets, "ben")
    assert found.n_edits == {"pets": 3} and found.conflicts == {"pets": ("x0",)}
    assert found.revision == git(pets.root, "rev-parse", "HEAD").strip()
    assert set(edits) < set(ids(pets)) and len(ids(pets)) == 6
    state = dataset_state(pets, "pets")
    assert state["x0"].conflict_values == ("<b>|pig</b>", "dog")
    assert [state[i].label for i in ("x1", "x2", "x3")] == ["cat", "dog", "cat"]
    assert git(pets.root, "log", "-1", "--format=%s%n%b").split("\n")[0] == "Merge branch 'ben'"
    assert git(pets.root, "status", "--porcelain") == ""
    again = merge(pets, "ben")
    assert again.is_up_to_date and again.revision is None and again.conflicts == found.conflicts


def test_plain_git_merges_to_the_same_labels_and_edits_in_both_directions(pets, tmp_path):
    two_branches(pets)
    results = []
    for here, there in (("main", "ben"), ("ben", "main")):
        for by_hand in (False, True):
            shutil.copytree(pets.root, tmp_path / f"{here}-{by_hand}")
            workspace = Workspace.find(tmp_path / f"{here}-{by_hand}")
            git(workspace.root, "switch", "-q", here)
            if by_hand:
                git(workspace.root, "merge", "-q", "--no-edit", there)
            else:
                merge(workspace, there)
            results.append((labels(workspace), ids(workspace)))
    assert results == results[:1] * 4


def test_an_edit_that_comes_while_git_replaces_a_log_waits_and_lands_in_the_new_one(pets):
    edit(pets, "x0", "exclude")
    log = pets.edits_path("pets") / "ada.jsonl"
    late = make_edit("x1", "exclude", annotator="ada")
    with replacing_logs(pets):
        thread = Thread(target=append_edits, args=(pets, "pets", [late]))
        thread.start()
        thread.join(0.05)
        text = log.read_bytes()
        log.unlink()  # as git does
        log.write_bytes(text)
    thread.join()
    assert read_edits(pets, "pets").edits[-1] == late


def test_both_sides_of_one_annotator_s_file_are_kept_also_where_its_end_is_torn(pets):
    log = pets.edits_path("pets") / "ada.jsonl"
    edit(pets, "x0", "tag", "first")
    log.write_bytes(log.read_bytes()[:-1])  # a last line without its end, taken by a plain commit
    git(pets.root, "add", "-A")
    git(pets.root, "commit", "-qm", "torn")
    create_branch(pets, "ben")
    edit(pets, "x1", "tag", "second")
    commit(pets)
    switch_branch(pets, "main")
    edit(pets, "x2", "tag", "third")
    commit(pets)
    (pets.root / ".gitattributes").unlink()
    git(pets.root, "commit", "-qam", "no attributes")
    assert merge(pets, "ben").n_edits == {"pets": 1}
    found = read_edits(pets, "pets")
    assert sorted(e.value for e in found.edits) == ["first", "second", "third"]
    assert not found.damage


def test_edits_that_one_side_removed_by_hand_are_back_after_a_merge(pets):
    edit(pets, "x0", "label", "dog")
    commit(pets)
    create_branch(pets, "ben")
    edit(pets, "x1", "tag", "kept")
    commit(pets)
    switch_branch(pets, "main")
    git(pets.root, "rm", "-q", "datasets/pets/edits/ada.jsonl")
    git(pets.root, "commit", "-qm", "edits removed")
    assert read_edits(pets, "pets").edits == ()
    merge(pets, "ben")
    assert sorted(e.value for e in read_edits(pets, "pets").edits) == ["dog", "kept"]


def test_a_branch_that_only_went_on_is_gone_to_without_a_commit_unless_a_message_is_given(pets):
    create_branch(pets, "ben")
    edit(pets, "x0", "label", "dog")
    made = commit(pets)
    switch_branch(pets, "main")
    assert merge(pets, "ben").revision == made.revision
    git(pets.root, "reset", "-q", "--hard", "HEAD~1")
    found = merge(pets, "ben", message="Ben's second look")
    assert found.revision != made.revision and found.n_edits == {"pets": 1}
    assert git(pets.root, "log", "-1", "--format=%s %p").startswith("Ben's second look ")


GATE = '\n[[gate]]\nname = "{0}"\ncondition = "true"\nmetric = "accuracy"\nbound = 0.5\n'


def test_descriptions_that_both_sides_added_to_are_joined_and_others_refused(pets):
    path = pets.config_path("pets")
    text = path.read_text()
    create_branch(pets, "ben")
    write_text(path, text + GATE.format("bens"))
    git(pets.root, "commit", "-qam", "a gate")
    switch_branch(pets, "main")
    write_text(path, text + GATE.format("adas"))
    git(pets.root, "commit", "-qam", "a gate")
    assert not merge(pets, "ben").notes
    assert [g.name for g in pets.config("pets").gates] == ["adas", "bens"]
    git(pets.root, "reset", "-q", "--hard", "HEAD~1")
    write_text(path, text.replace('"pets"', '"Pets"') + GATE.format("bens").replace("0.5", "0.9"))
    git(pets.root, "commit", "-qam", "the same gate, otherwise")
    before = fingerprint(pets)
    with pytest.raises(GitError, match=r"datasets/pets/dataset.toml: changed differently on both"):
        merge(pets, "ben")
    assert fingerprint(pets) == before


def test_classes_and_datasets_that_both_sides_added_stand_together(tmp_path):
    def merged(path, *texts):
        return merge_texts(tmp_path, path, *(text.encode() for text in texts))

    base, ours, theirs = (f'title = "x"\nclasses = ["a"{c}]\n' for c in ("", ', "b"', ', "c"'))
    assert b'classes = ["a", "b", "c"]' in merged("datasets/x/dataset.toml", base, ours, theirs)
    lists = ("datasets: []\n", "datasets:\n  - a\n", "datasets:\n  - b\n")
    assert merged("params.yaml", *lists) == b"datasets:\n  - a\n  - b\n"
    assert merged("datasets/x/dataset.toml", "k = 1\n", "k = 2\n", "k = 3\n") is None
    assert merged("params.yaml", "a: 1\n", "a: [\n", "a: 3\n") is None
    assert merged("README.md", "a\n", "b\n", "c\n") is None


def test_two_compiled_branches_keep_this_one_s_dvc_lock_and_say_so(pets):
    lock = pets.root / "dvc.lock"
    two_branches(pets)
    for branch in ("ben", "main"):
        switch_branch(pets, branch)
        write_text(lock, f"schema: '2.0'\nstages: {{{branch}: {{}}}}\n")
        git(pets.root, "add", "-A")
        git(pets.root, "commit", "-qm", "compiled")
    found = merge(pets, "ben")
    assert "dvc.lock is this branch's" in found.notes[0] and "main" in lock.read_text()
    assert found.conflicts == {"pets": ("x0",)}


def refuses(workspace, match, name="ben", error=GitError):
    before = fingerprint(workspace)
    with pytest.raises(error, match=match):
        merge(workspace, name)
    assert fingerprint(workspace) == before


def test_a_merge_is_refused_where_it_could_lose_something_and_nothing_has_changed(pets):
    two_branches(pets)
    refuses(pets, r"there is no branch 'nowhere'\. Branches: main, ben", "nowhere")
    refuses(pets, "there is no branch '--abort'", "--abort")
    edit(pets, "x4", "exclude")
    refuses(pets, r"not committed: datasets/pets/edits/ada.jsonl; a merge needs every edit")
    git(pets.root, "checkout", "-q", "--", "datasets")
    write_text(pets.edits_path("pets") / "ben.jsonl", "mine\n")  # untracked, and on the branch
    refuses(pets, "not committed: datasets/pets/edits/ben.jsonl")
    (pets.edits_path("pets") / "ben.jsonl").unlink()
    with compile_lock(pets):
        refuses(pets, "a build is running, and a merge would change files", error=BuildRunningError)
    with import_folder(pets):
        refuses(pets, "an import is running", error=ImportRefusedError)
    write_text(pets.root / ".git" / "MERGE_HEAD", "")
    refuses(pets, "a merge is in progress")
    (pets.root / ".git" / "MERGE_HEAD").unlink()
    git(pets.root, "checkout", "-q", "--detach")
    refuses(pets, r"HEAD is detached.*upwell switch main")
    git(pets.root, "switch", "-q", "main")
    git(pets.root, "switch", "-q", "--orphan", "other")
    git(pets.root, "commit", "-q", "--allow-empty", "-m", "another history")
    git(pets.root, "switch", "-q", "main")
    refuses(pets, "have no commit in common", "other")


def test_a_hook_and_a_missing_identity_refuse_a_merge_with_their_words(pets, monkeypatch):
    two_branches(pets)
    hook = pets.root / ".git" / "hooks" / "pre-merge-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    refuses(pets, r"refused by the hook pre-merge-commit.*It said: not today")
    hook.unlink()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(pets.root, "config", "user.useConfigOnly", "true")
    refuses(pets, r"git does not know whose commit this would be")


def test_a_shallow_clone_that_does_not_reach_back_says_how_to_fetch_the_rest(pets, tmp_path):
    two_branches(pets)
    clone = ["git", "clone", "-q", "--depth", "1", "--no-single-branch", pets.root.as_uri()]
    subprocess.run([*clone, str(tmp_path / "clone")], check=True)
    refuses(Workspace(tmp_path / "clone"), "shallow.*git fetch --unshallow", "origin/ben")


def test_a_drill_s_branch_is_never_merged_nor_merged_into(pets):
    edit(pets, "x0", "exclude")
    commit(pets)
    drill = start_drill(pets, "pets", n_errors=2, seed=4)
    refuses(pets, r"a drill is under way on this branch", "main")
    with pytest.raises(GitError, match="a drill of 'pets' is under way"):
        create_branch(pets, "mine")
    edit(pets, "x1", "confirm")
    with pytest.raises(GitError, match="not committed"):
        switch_branch(pets, "main")
    commit(pets)
    git(pets.root, "branch", "-q", "disguised")
    switch_branch(pets, "main")
    for name in (drill.branch, "disguised"):
        refuses(pets, r"is a drill of 'pets'.*never leave it", name)


def test_branches_tell_what_they_have_beside_this_one(pets, tmp_path):
    two_branches(pets)
    main, ben = list_branches(pets)
    assert (main.name, main.is_current, main.n_ahead, main.n_behind) == ("main", True, 0, 0)
    assert (ben.name, ben.is_current, ben.n_ahead, ben.n_behind) == ("ben", False, 1, 1)
    assert ben.author == "Ada Lovelace" and "relabelled" in ben.subject
    git(tmp_path, "clone", "-q", str(pets.root), "clone")
    clone = Workspace.find(tmp_path / "clone")
    assert next(b.name for b in list_branches(clone)) == "main"
    assert {b.name for b in list_branches(clone) if b.is_remote} == {"origin/main", "origin/ben"}
    assert switch_branch(clone, "ben").branch == "ben"
    with pytest.raises(GitError, match=r"there is a branch 'ben' here already.*upwell merge"):
        switch_branch(clone, "origin/ben")


def test_switching_takes_uncommitted_edits_along_where_git_can_and_refuses_where_not(pets):
    two_branches(pets)
    for name in ("a b", "-x", "main~1", "drill/mine", "ben", "ben/more", "@{-1}"):
        with pytest.raises(GitError):
            create_branch(pets, name)
    git(pets.root, "update-ref", "refs/heads/--detach", "HEAD")
    with pytest.raises(GitError, match="there is no branch '--detach'"):  # and no option of git's
        switch_branch(pets, "--detach")
    assert create_branch(pets, "old", "HEAD~1").branch == "old"
    assert read_edits(pets, "pets").edits == ()
    edit(pets, "x4", "exclude", annotator="cleo")
    switch_branch(pets, "main")
    assert status(pets).n_edits == 1
    edit(pets, "x4", "restore", annotator="ada")
    before = fingerprint(pets)
    with pytest.raises(GitError, match=r"ada.jsonl is not committed and would be overwritten"):
        switch_branch(pets, "old")
    assert fingerprint(pets) == before
    with pytest.raises(GitError, match="there is no branch 'nowhere'"):
        switch_branch(pets, "nowhere")
    commit(pets)
    git(pets.root, "switch", "-q", "--orphan", "empty")
    git(pets.root, "commit", "-q", "--allow-empty", "-m", "nothing")
    git(pets.root, "switch", "-q", "main")
    with pytest.raises(GitError, match="'empty' holds no workspace"):
        switch_branch(pets, "empty")


def test_examples_follow_the_pointer_and_both_sides_imports_are_joined(tmp_path, monkeypatch):
    """Real DVC: a cache, two branches with a part each."""
    from ide.store.importing import import_source
    from ide.store.new import new_workspace

    workspace = new_workspace(tmp_path / "w")

    def bring(n):
        source = tmp_path / f"{n}.csv"
        source.write_text("text,label\n" + "".join(f"text {n} {i},cat\n" for i in range(3)))
        import_source(workspace, str(source), name="pets")
        git(workspace.root, "add", "-A")
        git(workspace.root, "commit", "-qm", f"import {n}")

    bring(0)
    create_branch(workspace, "ben")
    bring(1)
    switch_branch(workspace, "main")
    assert len(current_labels(workspace, "pets")) == 3
    bring(2)
    merge(workspace, "ben")
    assert len(current_labels(workspace, "pets")) == 9
    pointer = (workspace.root / "datasets/pets/examples.dvc").read_text()
    assert "nfiles: 3" in pointer
    cache = workspace.root / ".dvc" / "cache" / "files" / "md5"
    (lost,) = [p for p in cache.rglob("*.dir") if len(json.loads(p.read_bytes())) == 1]
    lost.unlink()
    git(workspace.root, "branch", "-q", "old", "HEAD~1^")
    before = fingerprint(workspace)
    with pytest.raises(GitError, match=r"DVC's cache on this machine lacks them.*dvc fetch"):
        switch_branch(workspace, "old")
    assert fingerprint(workspace) == before


def test_after_a_switch_the_current_build_is_the_kept_one_of_these_labels_or_it_is_said(
    tmp_path, tmp_path_factory
):
    workspace = copy_workspace(compiled_workspace(tmp_path_factory.getbasetemp()), tmp_path / "w")
    first = current_build(workspace, "some")
    md5 = build_model(first)["inputs"]["examples"]  # as DVC's pointer would name them
    pointer = f"outs:\n- md5: {md5}.dir\n  path: examples\n"
    write_text(workspace.root / "datasets" / "some" / "examples.dvc", pointer)
    commit(workspace, despite_errors="a test")
    create_branch(workspace, "ben")
    made = edit(workspace, "x000", "label", "7", name="some")
    commit(workspace, despite_errors="a test")
    make_another(workspace, "1" * 16)
    snapshot = workspace.build_path("some") / "snapshot.json"
    facts = {**json.loads(snapshot.read_bytes()), "edits_revision": edit_set_hash([made.edit_id])}
    write_json(snapshot, facts)
    assert current_build(workspace, "some").build_id == "1" * 16
    assert not switch_branch(workspace, "main").notes
    assert current_build(workspace, "some").build_id == first.build_id
    assert edits_since(workspace, current_build(workspace, "some")) == 0
    git(workspace.root, "branch", "-q", "cleo")
    assert not switch_branch(workspace, "ben").notes
    assert current_build(workspace, "some").build_id == "1" * 16
    switch_branch(workspace, "cleo")
    edit(workspace, "x001", "label", "7", name="some")
    edit(workspace, "x002", "label", "7", name="some")
    commit(workspace, despite_errors="a test")
    switch_branch(workspace, "main")
    (note,) = switch_branch(workspace, "cleo").notes
    assert "is of other labels than these (2 edits differ)" in note


def test_of_1_000_edits_against_1_000_exactly_the_50_that_differ_are_disputed(tmp_path):
    workspace = tiny_workspace(tmp_path / "w")
    ids = [f"y{i:04d}" for i in range(1950)]
    rows = {"example_id": ids, "split": ["train"] * 1950, "label": ["cat"] * 1950, "text": ids}
    write_parquet(workspace.examples_path("pets") / "part-1.parquet", pa.table(rows))
    git(workspace.root, "branch", "-q", "ben")
    sides = {"main": (ids[:1000], "dog"), "ben": (ids[950:], "<b>|pig</b>")}
    for branch, (labelled, value) in sides.items():
        git(workspace.root, "switch", "-q", branch)
        edits = [make_edit(i, "label", value, annotator=branch) for i in labelled]
        append_edits(workspace, "pets", edits)
        git(workspace.root, "add", "-A")
        git(workspace.root, "commit", "-qm", branch)
    found = merge(workspace, "main")
    assert found.n_edits == {"pets": 1000} and found.conflicts == {"pets": tuple(ids[950:1000])}
    assert len({e.edit_id for e in read_edits(workspace, "pets").edits}) == 2000
