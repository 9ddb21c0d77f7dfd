"""Staying inside a workspace: what is written or read there is never reached through a link."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from ide.cli import run
from ide.dataset.edit import make_edit
from ide.dataset.errors import ImportRefusedError, LinkError, StorageError, WorkspaceError
from ide.store.commit_cache import remember
from ide.store.edit_log import append_edits
from ide.store.file_lock import file_lock
from ide.store.files import write_out, write_text
from ide.store.importing import import_source
from ide.store.inside import open_inside
from ide.store.log_lock import appending
from ide.store.new import new_workspace
from ide.store.runs import make_folder
from ide.store.status import status
from ide.store.workspace import Workspace

SECRET = "export PATH\n"


@pytest.fixture
def workspace(tmp_path):
    """Two datasets, one of them a stranger's."""
    root = tmp_path / "work"
    for name in ("pets", "ours"):
        for folder in ("edits", "checks", "examples"):
            (root / "datasets" / name / folder).mkdir(parents=True)
        text = 'title = "Pets"\nmodality = "text"\nclasses = ["cat", "dog"]\n'
        (root / "datasets" / name / "dataset.toml").write_text(text)
    (root / "dvc.yaml").write_text("stages: {}\n")
    return Workspace.find(root)


@pytest.fixture
def outside(tmp_path):
    """A file and a folder of the person's own."""
    folder = tmp_path / "home"
    (folder / "old").mkdir(parents=True)
    for name in (".bashrc", "old/kept"):
        (folder / name).write_text(SECRET)
    yield folder
    assert (folder / ".bashrc").read_text() == SECRET
    assert sorted(p.name for p in folder.rglob("*")) == [".bashrc", "kept", "old"]


def label(value="$(touch /tmp/x)", **more):
    return make_edit("a", "label", value, annotator="ada", **more)


def put(path, target):
    """Put a link in the place of a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


IN_A_DATASET = (
    ("edits/ada.jsonl", ".bashrc"),
    ("edits/ada.jsonl", "not-there"),
    ("edits", "old"),
    ("edits/drill.json", ".bashrc"),
    ("dataset.toml", ".bashrc"),
    ("checks", "old"),
    ("checks/mine.py", ".bashrc"),
    ("examples", "old"),
    ("examples/part-0.parquet", ".bashrc"),
    ("examples.dvc", ".bashrc"),
    ("../pets", "old"),
    ("../pets", "../pets"),
    ("../../builds/pets", "old"),
    ("../../builds/pets/metrics.json", ".bashrc"),
)


@pytest.mark.parametrize(("place", "target"), IN_A_DATASET)
def test_a_dataset_with_a_link_is_refused_and_the_others_work(
    workspace, outside, place, target, capsys
):
    where = os.path.normpath(f"datasets/pets/{place}")
    put(workspace.root / where, outside / target if target != "../pets" else "pets")
    with pytest.raises(LinkError, match="is a link to"):
        append_edits(workspace, "pets", [label()])
    with pytest.raises(LinkError, match="is a link to"):
        workspace.config("pets")
    assert workspace.datasets() == ["ours"]
    assert append_edits(workspace, "ours", [label("cat")])
    (sentence,) = status(workspace).refused
    assert sentence.startswith(f"{where} is a link to")
    assert run(["status", "--workspace", str(workspace.root)]) == 0
    told = capsys.readouterr()
    assert where in told.err and "ours" in told.out


def test_a_link_within_the_workspace_is_refused_too(workspace):
    put(workspace.edits_path("pets") / "ada.jsonl", "../../ours/edits/ada.jsonl")
    with pytest.raises(LinkError):
        append_edits(workspace, "pets", [label("cat")])


def test_a_check_names_a_refused_dataset_and_ends_with_2(workspace, outside, capsys):
    shutil.rmtree(workspace.dataset_path("ours"))
    put(workspace.edits_path("pets") / "ada.jsonl", outside / ".bashrc")
    assert run(["check", "--workspace", str(workspace.root)]) == 2
    assert "datasets/pets/edits/ada.jsonl is a link" in capsys.readouterr().err


@pytest.mark.parametrize(
    "place",
    (
        *("datasets", "builds", ".upwell", ".upwell/edits.lock", ".upwell/runs"),
        *("dvc.lock", "params.yaml", ".dvc/tmp"),
    ),
)
def test_a_workspace_that_is_made_of_links_is_refused(workspace, outside, place, tmp_path):
    if place == "datasets":
        (workspace.root / place).rename(tmp_path / "datasets")
    put(workspace.root / place, tmp_path / "datasets" if place == "datasets" else outside / "old")
    with pytest.raises(LinkError, match=f"^{place} is a link to"):
        Workspace.find(workspace.root)


@pytest.mark.parametrize(
    "write",
    [
        lambda ws: write_text(ws.local_path / "runs" / "x.json", "{}"),
        lambda ws: make_folder(ws, "0"),
        lambda ws: file_lock(ws.local_path / "runs" / "x.lock").__enter__(),
    ],
)
def test_what_became_a_link_since_the_workspace_was_opened_is_not_written_through(
    workspace, outside, write
):
    put(workspace.local_path / "runs", outside)
    with pytest.raises(LinkError):
        write(workspace)


def test_a_lock_behind_a_link_is_not_made(workspace, outside):
    put(workspace.local_path / "edits.lock", outside / "not-there")
    with pytest.raises(LinkError, match=r"edits\.lock is a link"), appending(workspace):
        pass


def test_a_folder_that_becomes_a_link_between_the_look_and_the_opening_is_not_followed(
    workspace, outside, monkeypatch
):
    folder = workspace.edits_path("pets")
    folder.rmdir()
    monkeypatch.setattr("ide.store.inside.make_folders", lambda _: put(folder, outside))
    with pytest.raises(LinkError, match="edits is a link"):
        open_inside(folder / "new.jsonl", os.O_RDWR | os.O_APPEND | os.O_CREAT)


def test_a_pipe_in_the_place_of_a_log_is_refused_at_once(workspace):
    os.mkfifo(workspace.edits_path("pets") / "ada.jsonl")
    began = time.monotonic()
    with pytest.raises(LinkError, match="a pipe, a socket or a device"):
        append_edits(workspace, "pets", [label("cat")])
    assert workspace.datasets() == ["ours"] and time.monotonic() - began < 10


def test_a_log_with_a_second_name_is_not_appended_to(workspace, outside):
    os.link(outside / ".bashrc", workspace.edits_path("pets") / "ada.jsonl")
    with pytest.raises(LinkError, match=r"more than one name.*cp datasets/pets/edits/ada.jsonl"):
        append_edits(workspace, "pets", [label("cat")])


def test_a_backup_of_hard_links_stops_nothing_but_labels_in_a_log_that_it_shares(
    workspace, tmp_path
):
    """As ``cp -al`` makes it: a cache is not written to, and that is no reason to refuse."""
    append_edits(workspace, "pets", [label("cat")])
    (workspace.local_path / "commits.jsonl").write_text("")
    for path in (*workspace.local_path.rglob("*.jsonl"), workspace.local_path / "edits.lock"):
        os.link(path, tmp_path / path.name)
    remember(workspace, "", [{"revision": "0"}])
    assert append_edits(workspace, "pets", [label("dog")])
    assert (tmp_path / "commits.jsonl").read_text() == ""


def test_the_way_to_a_workspace_may_be_a_link(workspace, tmp_path):
    (tmp_path / "way").symlink_to(workspace.root)
    for found in (Workspace.find(tmp_path / "way"), Workspace(tmp_path / "way")):
        assert append_edits(found, "pets", [label("cat")])


def test_a_report_goes_where_a_person_said_through_their_own_link(workspace, tmp_path):
    (tmp_path / "reports").mkdir()
    (workspace.root / "reports").symlink_to(tmp_path / "reports")
    write_out(workspace.root / "reports" / "report.md", "fine")
    assert (tmp_path / "reports" / "report.md").read_text() == "fine"


def test_a_link_that_git_brings_is_refused_afterwards(workspace, outside):
    def git(*arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(
            ["git", *identity, *arguments], cwd=workspace.root, check=True, capture_output=True
        )

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "begin")
    git("switch", "-qc", "theirs")
    put(workspace.edits_path("pets") / "ada.jsonl", outside / ".bashrc")
    git("add", ".")
    git("commit", "-qm", "a link")
    git("switch", "-q", "main")
    assert append_edits(workspace, "pets", [label("cat", reason="here")])
    (workspace.edits_path("pets") / "ada.jsonl").unlink()
    git("merge", "-q", "theirs")
    with pytest.raises(LinkError, match=r"datasets/pets/edits/ada\.jsonl is a link"):
        append_edits(workspace, "pets", [label("dog")])


def test_an_import_does_not_go_into_a_dataset_behind_a_link(workspace, outside, tmp_path):
    (tmp_path / "t.csv").write_text("id,text,label\n1,a,x\n")
    (workspace.datasets_path / "new").symlink_to(outside / "old")
    with pytest.raises(LinkError, match="datasets/new is a link"):
        import_source(workspace, str(tmp_path / "t.csv"), name="new", track=False)


def test_a_folder_import_refuses_links_out_of_the_folder_and_takes_those_within(
    workspace, outside, tmp_path
):
    source = tmp_path / "letters"
    for name in ("a", "b"):
        (source / name).mkdir(parents=True)
        (source / name / "1.txt").write_text(name)
    (source / "b" / "2.txt").symlink_to("../a/1.txt")
    assert import_source(workspace, str(source), name="kept", track=False).n_new == 3
    for number in range(4):
        (source / "a" / f"key{number}.txt").symlink_to(outside / ".bashrc")
    (source / "c").symlink_to(outside)
    with pytest.raises(ImportRefusedError, match=r"letters/a/key0.txt, .* and 2 more are links"):
        import_source(workspace, str(source), name="new", track=False)
    assert "new" not in workspace.datasets()


@pytest.mark.parametrize("name", [".gitattributes", ".dvc", "datasets"])
def test_a_workspace_is_not_made_through_a_link_of_a_repository(tmp_path, outside, name):
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / name).symlink_to(outside / ".bashrc" if name == ".gitattributes" else outside)
    with pytest.raises(WorkspaceError, match=f"has a link {name}"):
        new_workspace(root)


def test_what_the_disk_refuses_is_still_one_sentence(workspace):
    workspace.local_path.write_text("a file")
    with pytest.raises(StorageError, match="could not write"):
        write_text(workspace.local_path / "x.json", "{}")
