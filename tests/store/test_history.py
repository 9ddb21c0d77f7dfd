"""Status, diff, log and commit at the level of one label, on real git."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import DatasetNotFoundError, GitError
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.files import write_parquet
from ide.store.history import blame, diff, log_as_rows
from ide.store.merging import merge
from ide.store.past_edits import edits_at
from ide.store.reverting import revert
from ide.store.state import undo_edit, undo_last
from ide.store.status import status, status_as_dict, uncommitted_edits
from tests.conftest import git
from tests.store.tiny import add_dataset, edit, tiny_workspace


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "work")


def rows(table, *columns):
    return [tuple(row[c] for c in columns) for row in table.to_pylist()]


def test_status_counts_what_head_does_not_have(pets):
    first = edit(pets, "x0", "label", "dog")
    commit(pets)
    second = edit(pets, "x1", "label", "cat")
    third = edit(pets, "x2", "confirm", annotator="ben")
    found = status(pets)
    assert (found.branch, found.problem) == ("main", None)
    assert found.revision == git(pets.root, "rev-parse", "HEAD")[:10]
    (dataset,) = found.datasets
    assert dataset.edits == (second, third) and found.n_edits == 2
    assert dataset.n_examples == 6 and not dataset.is_untracked
    assert uncommitted_edits(pets, "pets") == [second, third]
    assert edits_at(pets, "pets", "HEAD") == [first]
    assert edits_at(pets, "pets", "HEAD~1") == []


def test_status_as_json_has_edits_conflicts_and_damage_as_lists(pets):
    edit(pets, "x0", "label", "dog")
    path = pets.edits_path("pets") / "ben.jsonl"
    other = read_edits(pets, "pets").edits[0]
    line = {**json.loads((pets.edits_path("pets") / "ada.jsonl").read_text()), "value": "cat"}
    line |= {"annotator": "ben", "edit_id": other.edit_id[:-4] + "0000"}
    path.write_text(json.dumps(line) + "\nnot an edit\n")
    found = status_as_dict(status(pets))
    assert [e["example_id"] for e in found["edits"]] == ["x0", "x0"]
    assert found["conflicts"] == [{"dataset": "pets", "example_id": "x0", "values": ["cat", "dog"]}]
    assert ["ben.jsonl, line 2" in s for s in found["damage"]] == [True]


def test_without_git_the_status_still_counts_edits_and_says_why(tmp_path):
    pets = tiny_workspace(tmp_path / "work", is_repository=False)
    edit(pets, "x0", "label", "dog")
    found = status(pets)
    assert found.n_edits == 1 and "git init" in (found.problem or "")
    for verb in (commit, diff, log):
        with pytest.raises(GitError, match="git init"):
            verb(pets)


def test_before_the_first_commit_everything_is_uncommitted_and_can_be_committed(tmp_path):
    pets = tiny_workspace(tmp_path / "work", is_repository=False)
    git(pets.root, "init", "-q")
    edit(pets, "x0", "label", "dog")
    assert status(pets).revision is None and status(pets).n_edits == 1
    assert rows(diff(pets), "example_id", "before", "after") == [("x0", "cat", "dog")]
    assert log(pets) == []
    commit(pets)
    files = git(pets.root, "ls-files").split()
    assert {"dvc.yaml", ".gitattributes", "datasets/pets/edits/ada.jsonl"} <= set(files)
    git(pets.root, "clone", "-q", ".", str(tmp_path / "clone"))
    assert len(read_edits(type(pets).find(tmp_path / "clone"), "pets").edits) == 1


def test_a_commit_lists_what_changed_and_then_nothing_is_left_to_commit(pets):
    for example_id in ("x0", "x2"):
        edit(pets, example_id, "label", "dog")
    edit(pets, "x1", "confirm")
    edit(pets, "x3", "exclude")
    undo_edit(pets, "pets", edit(pets, "x4", "label", "dog").edit_id, annotator="ada")
    made = commit(pets)
    assert made.message.splitlines() == [
        "pets: 2 relabelled, 1 confirmed, 1 excluded",
        "",
        "  cat → dog: 2",
    ]
    assert git(pets.root, "log", "-1", "--format=%B").strip() == made.message
    assert made.revision == git(pets.root, "rev-parse", "HEAD").strip()
    assert git(pets.root, "status", "--porcelain") == ""
    assert status(pets).n_edits == 0
    assert made.counts == {"pets": {"relabelled": 2, "confirmed": 1, "excluded": 1}}
    assert log(pets, limit=1)[0].counts == made.counts
    with pytest.raises(GitError, match="nothing to commit: no edit"):
        commit(pets)


def test_several_datasets_have_a_line_each(tmp_path):
    both = tiny_workspace(tmp_path / "work", "cats", "pets")
    edit(both, "x0", "label", "dog", name="cats")
    edit(both, "x0", "label", "dog", name="pets")
    edit(both, "x1", "exclude", name="pets")
    assert commit(both).message.splitlines() == [
        "2 datasets: 2 relabelled, 1 excluded",
        "",
        "cats: 1 relabelled",
        "  cat → dog: 1",
        "pets: 1 relabelled, 1 excluded",
        "  cat → dog: 1",
    ]


def test_only_the_named_datasets_are_committed(tmp_path):
    both = tiny_workspace(tmp_path / "work", "cats", "pets")
    edit(both, "x0", "label", "dog", name="cats")
    edit(both, "x0", "label", "dog", name="pets")
    commit(both, "only pets", ["pets"])
    assert {d.name: d.n_edits for d in status(both).datasets} == {"cats": 1, "pets": 0}
    with pytest.raises(DatasetNotFoundError):
        commit(both, None, ["birds"])


def test_a_new_dataset_is_committed_with_its_description_and_pointers(pets):
    add_dataset(pets.root, "birds")
    folder = pets.root / "datasets" / "birds"
    (folder / "examples.dvc").write_text("outs: []\n")
    (folder / "notes.txt").write_text("mine\n")
    (pets.root / "params.yaml").write_text("datasets: [birds, pets]\n")
    assert [d.is_untracked for d in status(pets).datasets] == [True, False]
    assert commit(pets).message == "birds: new dataset"
    listed = git(pets.root, "show", "--name-only", "--format=").split()
    assert sorted(listed) == [
        "datasets/birds/dataset.toml",
        "datasets/birds/edits/.gitkeep",
        "datasets/birds/examples.dvc",
        "params.yaml",
    ]
    assert git(pets.root, "status", "--porcelain").split() == ["??", "datasets/birds/notes.txt"]


def test_what_a_person_has_staged_stays_exactly_as_it_was(pets):
    root = pets.root
    for name in ("partly.txt", "removed.txt", "renamed.txt", "dirty.txt"):
        (root / name).write_text("one\ntwo\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "files")
    (root / "partly.txt").write_text("ONE\ntwo\n")
    (root / "new file.txt").write_text("staged\n")
    git(root, "add", "partly.txt", "new file.txt")
    (root / "partly.txt").write_text("ONE\nTWO\n")
    (root / "dirty.txt").write_text("not staged\n")
    (root / "dvc.yaml").write_text("stages: {} # half-done\n")
    git(root, "rm", "-q", "--cached", "removed.txt")
    git(root, "mv", "renamed.txt", "other.txt")
    before = git(root, "diff", "--cached"), git(root, "diff"), git(root, "status", "--porcelain")
    edit(pets, "x0", "label", "dog")
    commit(pets)
    after = git(root, "diff", "--cached"), git(root, "diff"), git(root, "status", "--porcelain")
    assert after == before
    assert git(root, "show", "--name-only", "--format=").split() == [
        "datasets/pets/edits/ada.jsonl"
    ]
    git(root, "fsck", "--strict")


def test_a_subfolder_of_a_repository_is_a_workspace_too(tmp_path):
    git(tmp_path, "init", "-q")
    pets = tiny_workspace(tmp_path / "deep" / "work", is_repository=False)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "begin")
    (tmp_path / "elsewhere.txt").write_text("mine\n")
    git(tmp_path, "add", "-A")
    edit(pets, "x0", "label", "dog")
    commit(pets)
    listed = git(tmp_path, "show", "--name-only", "--format=").split()
    assert "deep/work/datasets/pets/edits/ada.jsonl" in listed
    assert "elsewhere.txt" not in listed
    assert git(tmp_path, "diff", "--cached", "--name-only").split() == ["elsewhere.txt"]
    assert rows(diff(pets, "HEAD", "HEAD"), "kind") == []
    assert log(pets)[0].counts == {"pets": {"relabelled": 1}}


def test_an_edit_and_its_undo_cancel_out_in_a_diff(pets):
    edit(pets, "x0", "label", "dog")
    edit(pets, "x1", "exclude")
    undo_last(pets, "pets", "x0", annotator="ben")
    assert rows(diff(pets), "dataset", "example_id", "kind") == [("pets", "x1", "excluded")]


def test_a_diff_tells_who_when_and_why_between_any_two_revisions(pets):
    made = edit(pets, "x0", "label", "dog", reason="has a | bone")
    commit(pets)
    git(pets.root, "tag", "v1")
    taken_back = undo_last(pets, "pets", "x0", annotator="ben", reason="no")
    edit(pets, "x5", "label", "cat")
    commit(pets)
    (row,) = diff(pets, "v1~1", "v1").to_pylist()
    assert row == {
        "dataset": "pets",
        "example_id": "x0",
        "kind": "relabelled",
        "before": "cat",
        "after": "dog",
        "annotator": "ada",
        "reason": "has a | bone",
        "made_at": made.made_at,
        "edit_id": made.edit_id,
    }
    found = rows(diff(pets, "v1"), "example_id", "kind", "before", "after", "annotator", "edit_id")
    assert found[0] == ("x0", "relabelled", "dog", "cat", "ben", taken_back.edit_id)
    assert found[1][:4] == ("x5", "labelled", None, "cat")
    backwards = rows(diff(pets, "main", "v1"), "example_id", "before", "after", "annotator")
    assert backwards == [("x0", "cat", "dog", "ada"), ("x5", "cat", None, None)]
    assert len(diff(pets)) == 0
    with pytest.raises(GitError, match="is no revision here"):
        diff(pets, "--output=x")


def test_log_lists_commits_that_touch_datasets_with_counts_and_blame_names_them(pets):
    edit(pets, "x0", "label", "dog")
    commit(pets, "first\n\nwith a body")
    (pets.root / "README.md").write_text("other\n")
    git(pets.root, "add", "README.md")
    git(pets.root, "commit", "-qm", "no data")
    edit(pets, "x1", "exclude", annotator="ben")
    commit(pets)
    found = log(pets)
    assert [c.summary for c in found] == [
        "pets: 1 excluded",
        "pets: 1 relabelled",
        "pets: new dataset",
    ]
    assert log_as_rows(found)[1]["message"] == "first"
    assert found[0].author == "Ada Lovelace"
    assert len(log(pets, "pets", limit=1)) == 1
    assert [c.revision for c in log(pets, limit=None)] == [c.revision for c in found]
    edit(pets, "x1", "restore")
    story = blame(pets, "pets", "x1")
    assert [(r["action"], r["commit"]) for r in story] == [
        ("exclude", found[0].revision[:10]),
        ("restore", None),
    ]
    assert [r["is_in_force"] for r in story] == [False, True]


def test_two_branches_merge_and_a_commit_waits_until_a_merge_is_finished(pets):
    edit(pets, "x0", "label", "dog")
    commit(pets)
    git(pets.root, "checkout", "-qb", "other", "HEAD~1")
    edit(pets, "x1", "label", "cat")
    commit(pets)
    (pets.root / "dvc.yaml").write_text("stages: {} # other\n")
    git(pets.root, "commit", "-qam", "theirs")
    git(pets.root, "checkout", "-q", "main")
    (pets.root / "dvc.yaml").write_text("stages: {} # main\n")
    git(pets.root, "commit", "-qam", "ours")
    subprocess.run(["git", "merge", "other"], cwd=pets.root, capture_output=True, check=False)
    edit(pets, "x2", "exclude")
    with pytest.raises(GitError, match="a merge is in progress"):
        commit(pets)
    git(pets.root, "checkout", "--ours", "dvc.yaml")
    git(pets.root, "add", "dvc.yaml", "datasets")
    git(pets.root, "commit", "-qm", "merged")
    assert len(edits_at(pets, "pets", "HEAD")) == 3
    assert len(diff(pets, "HEAD~1", "HEAD")) == 2


def test_a_missing_identity_is_asked_for_with_the_two_commands(pets, monkeypatch):
    edit(pets, "x0", "label", "dog")
    config = pets.root / "nobody"
    config.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(GitError, match=r"config --global user.name.*config --global user.email"):
        commit(pets)
    assert status(pets).n_edits == 1


def test_a_held_index_lock_is_named_and_left_alone(pets):
    edit(pets, "x0", "label", "dog")
    lock = pets.root / ".git" / "index.lock"
    lock.write_text("")
    with pytest.raises(GitError, match=r"index\.lock is there.*try again"):
        commit(pets)
    assert lock.exists()
    lock.unlink()
    assert commit(pets).counts


def test_a_hook_that_refuses_is_quoted_and_nothing_has_changed(pets):
    hook = pets.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\ngit diff --cached --name-only\necho 'no labels on Friday' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    edit(pets, "x0", "label", "dog")
    head, before = git(pets.root, "rev-parse", "HEAD"), git(pets.root, "status", "--porcelain")
    with pytest.raises(GitError, match=r"refused, by a hook.*no labels on Friday") as caught:
        commit(pets)
    assert "datasets/pets/edits/ada.jsonl" in str(caught.value)
    assert git(pets.root, "rev-parse", "HEAD") == head
    assert git(pets.root, "status", "--porcelain") == before
    assert not list((pets.root / ".git").glob("upwell-*"))
    assert not (pets.root / ".git" / "index.lock").exists()


def test_a_detached_head_can_be_committed_to(pets):
    git(pets.root, "checkout", "-q", "--detach")
    edit(pets, "x0", "label", "dog")
    assert status(pets).branch is None
    assert commit(pets).revision == git(pets.root, "rev-parse", "HEAD").strip()


def test_a_log_that_lost_committed_edits_is_reported_and_never_committed(pets):
    edit(pets, "x0", "label", "dog")
    edit(pets, "x1", "label", "cat")
    commit(pets)
    path = pets.edits_path("pets") / "ada.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[1])
    assert "1 committed edits are gone" in status(pets).datasets[0].damage[0]
    with pytest.raises(GitError, match=r"are no longer in it.*git checkout HEAD"):
        commit(pets)
    path.write_text("".join(reversed(lines)))  # another order is no loss
    assert not status(pets).datasets[0].damage
    path.unlink()
    assert status(pets).datasets[0].damage
    with pytest.raises(GitError, match="the file is gone"):
        commit(pets)


def test_half_a_line_is_not_committed(pets):
    edit(pets, "x0", "label", "dog")
    path = pets.edits_path("pets") / "ada.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"edit_id": "0190')
    commit(pets)
    assert git(pets.root, "show", "HEAD:datasets/pets/edits/ada.jsonl").encode() == whole
    assert path.read_bytes().endswith(b'"0190')


WRITER = """
import sys
from tests.store.tiny import edit
from ide.store.workspace import Workspace
pets = Workspace.find(sys.argv[1])
for number in range(150):
    edit(pets, f"x{number % 5}", "label", ("cat", "dog")[number // 5 % 2], annotator="ben")
"""


def test_commits_while_another_process_appends_take_whole_edits_and_lose_none(pets):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(pets.root)], cwd=Path(__file__).parents[2]
    )
    n_commits = 0
    while writer.poll() is None:
        try:
            made = commit(pets)
        except GitError as error:
            assert "nothing to commit" in str(error)
            continue
        n_commits += 1
        committed = git(pets.root, "show", f"{made.revision}:datasets/pets/edits/ben.jsonl")
        assert committed.endswith("}\n")
        known = {json.loads(line)["edit_id"] for line in committed.splitlines()}
        assert set(made.edit_ids["pets"]) <= known
    assert writer.returncode == 0 and n_commits >= 1
    n_left = status(pets).n_edits
    assert n_left + len(edits_at(pets, "pets", "HEAD")) == 150
    assert sum(len(c.edit_ids.get("pets", ())) for c in log(pets)) == 150 - n_left


def test_a_label_cannot_forge_a_line_of_the_message(pets):
    toml = pets.config_path("pets")
    toml.write_text(toml.read_text().replace('"dog"', '"dog", "x\\nSigned-off-by: you"'))
    edit(pets, "x0", "label", "x\nSigned-off-by: you")
    assert "  cat → x Signed-off-by: you: 1" in commit(pets).message.splitlines()


def test_a_message_knows_what_stood_before_also_of_ids_that_json_escapes(pets):
    odd = 'quote " back\\slash é \n'
    table = pq.read_table(pets.examples_path("pets"), partitioning=None).slice(0, 1)
    column = table.schema.get_field_index("example_id")
    write_parquet(
        pets.examples_path("pets") / "part-000000000002.parquet",
        table.set_column(column, "example_id", [[odd]]),
    )
    edit(pets, odd, "label", "dog")
    commit(pets)
    edit(pets, odd, "label", "cat")
    assert commit(pets).message.splitlines()[2] == "  dog → cat: 1"


def test_people_whose_names_have_other_letters_are_told_apart_by_every_reader(pets):
    """Git puts such a file's name into quotes, where it is not asked not to."""
    people = ["山田-太郎", "иван", "josé", "jose"]
    for number, who in enumerate(people):
        edit(pets, f"x{number}", "comment", f"by {who}", annotator=who)
    assert status(pets).n_edits == 4
    assert "4" in commit(pets).message
    assert status(pets).n_edits == 0
    assert {e.annotator for e in edits_at(pets, "pets", "HEAD")} == {*people}
    assert len(log(pets, "pets", limit=1)[0].edit_ids["pets"]) == 4
    assert {row["annotator"] for row in diff(pets, "HEAD~1", "HEAD").to_pylist()} == {*people}
    (row,) = [r for r in blame(pets, "pets", "x0") if r["action"] == "comment"]
    assert row["annotator"] == "山田-太郎" and row["commit"]
    git(pets.root, "switch", "-qc", "theirs")
    edit(pets, "x4", "label", "dog", annotator="山田-太郎")
    commit(pets)
    git(pets.root, "switch", "-q", "-")
    edit(pets, "x5", "label", "dog", annotator="山田-太郎")
    commit(pets)
    merge(pets, "theirs")
    assert len(read_edits(pets, "pets").edits) == 6 and not read_edits(pets, "pets").damage
    assert len(revert(pets, "theirs", annotator="иван").edits["pets"]) == 1
