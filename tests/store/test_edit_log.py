"""The edit log on disk: nothing acknowledged is lost, whatever breaks."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ide.dataset.edit import make_edit, to_line
from ide.dataset.errors import EditError, StorageError
from ide.store.edit_log import append_edits, edits_revision, read_edits
from ide.store.workspace import Workspace

# A process that has imported all, and for each line forks one that writes until it is killed.
WRITERS = """
import os, sys
from ide.dataset.edit import make_edit
from ide.store.edit_log import append_edits
from ide.store.workspace import Workspace
workspace = Workspace.find(sys.argv[1])
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        print(os.getpid(), flush=True)
        for i in range(100_000):
            reason = "x" * (i % 977)
            edit = make_edit(f"example-{i}", "label", "cat", annotator="ada", reason=reason)
            append_edits(workspace, "pets", [edit])
            print(edit.edit_id, flush=True)
    os.waitpid(pid, 0)
    print("killed", flush=True)
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    folder = tmp_path / "datasets" / "pets"
    folder.mkdir(parents=True)
    (folder / "dataset.toml").write_text('title = "Pets"\nclasses = ["cat", "dog"]\n')
    return Workspace.find(tmp_path)


def label(example_id, value="cat", annotator="ada", **more):
    return make_edit(example_id, "label", value, annotator=annotator, **more)


def test_what_is_acknowledged_is_read_back(workspace):
    edits = [label("a"), label("b", annotator="ben")]
    assert sorted(append_edits(workspace, "pets", edits)) == sorted(e.edit_id for e in edits)
    assert read_edits(workspace, "pets").edits == tuple(edits)


def test_sending_an_edit_again_writes_it_once(workspace):
    edit = label("a")
    append_edits(workspace, "pets", [edit, edit])
    assert append_edits(workspace, "pets", [edit]) == [edit.edit_id]
    assert read_edits(workspace, "pets").edits == (edit,)


def test_damaged_and_foreign_lines_are_reported_and_the_rest_is_read(workspace):
    first, last = label("a"), label("b")
    lines = [to_line(first), "label a is b", '{"edit_id": 3}', "", "\ufffd" * 300_000]
    path = workspace.edits_path("pets") / "ada.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe\n" + to_line(last).encode() + b"\n")
    log = read_edits(workspace, "pets")
    assert log.edits == (first, last)
    assert [(d.path, d.line) for d in log.damage] == [
        ("datasets/pets/edits/ada.jsonl", n) for n in (2, 3, 5, 6)
    ]
    assert "not a line of JSON" in str(log.damage[0])


def test_git_s_conflict_marks_are_one_sentence_and_every_edit_around_them_counts(workspace):
    edits = [label(i) for i in "abcd"]
    a, b, c, d = (to_line(edit) for edit in edits)
    path = workspace.edits_path("pets") / "ada.jsonl"
    path.parent.mkdir()
    marked = [a, "<<<<<<< HEAD", b, "||||||| 12ab", "=======", c, ">>>>>>> ben's", d]
    path.write_text("\n".join(marked) + "\n", encoding="utf-8")
    log = read_edits(workspace, "pets")
    assert log.edits == tuple(edits)
    (damage,) = log.damage
    assert damage.line == 2 and "Delete all lines that begin with <<<<<<<" in str(damage)


def test_a_torn_line_harms_no_later_edit(workspace):
    append_edits(workspace, "pets", [label("a")])
    path = workspace.edits_path("pets") / "ada.jsonl"
    with path.open("ab") as stream:
        stream.write(b'{"edit_id": "half')
    assert len(read_edits(workspace, "pets").edits) == 1
    after = label("b")
    append_edits(workspace, "pets", [after])
    log = read_edits(workspace, "pets")
    assert after in log.edits
    assert [d.line for d in log.damage] == [2]


def test_only_what_was_appended_is_read_again_and_a_replaced_file_whole(workspace):
    append_edits(workspace, "pets", [label("a")])
    before = edits_revision(workspace, "pets")
    append_edits(workspace, "pets", [label("b")])
    assert edits_revision(workspace, "pets") != before
    path = workspace.edits_path("pets") / "ada.jsonl"
    only = label("c")
    replacement = path.with_suffix(".new")
    replacement.write_text(to_line(only) + "\n")
    replacement.replace(path)
    assert read_edits(workspace, "pets").edits == (only,)


@pytest.mark.flow
def test_a_killed_writer_loses_no_acknowledged_edit(workspace):
    """Kill a real process at 25 random moments; every id that it printed must be on the disk."""
    generator = random.Random(7)
    acknowledged: set[str] = set()
    command = [sys.executable, "-c", WRITERS, str(workspace.root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        for _ in range(25):
            process.stdin.write("\n")
            process.stdin.flush()
            pid = int(process.stdout.readline())
            acknowledged.add(process.stdout.readline().strip())
            time.sleep(generator.random() * 0.02)
            os.kill(pid, signal.SIGKILL)
            acknowledged |= {line.strip() for line in iter(process.stdout.readline, "killed\n")}
        process.stdin.close()
    log = read_edits(workspace, "pets")
    assert acknowledged <= {e.edit_id for e in log.edits}
    assert len(acknowledged) >= 25


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_file_cut_at_any_byte_keeps_every_whole_line(workspace, cut):
    edits = [label("a"), label("b")]
    append_edits(workspace, "pets", edits)
    path = workspace.edits_path("pets") / "ada.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut])
    whole = data[: len(data) - cut].count(b"\n")
    assert read_edits(workspace, "pets").edits == tuple(edits[:whole])
    after = label("c")
    append_edits(workspace, "pets", [after])
    # where the cut took the newline alone, the append gives it back, and the line with it
    expected = edits[: whole + (cut == 1)]
    assert read_edits(workspace, "pets").edits == (*expected, after)


def test_writers_at_once_lose_nothing(workspace):
    edits = [label(f"e{i}", annotator=("ada", "ben")[i % 2]) for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda e: append_edits(workspace, "pets", [e]), edits))
    log = read_edits(workspace, "pets")
    assert {e.edit_id for e in log.edits} == {e.edit_id for e in edits}
    assert not log.damage


def test_a_full_disk_leaves_the_log_as_it_was(workspace):
    """A file-size limit stands in for the disk: the write fails half-way, as ENOSPC does."""
    append_edits(workspace, "pets", [label("a")])
    path = workspace.edits_path("pets") / "ada.jsonl"
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with pytest.raises(StorageError, match="could not save edits to"):
            append_edits(workspace, "pets", [label("b", reason="x" * 5_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before


class Disk:
    """``os.fsync`` that notes what it is called on, and refuses some calls, as a disk does."""

    def __init__(self, monkeypatch, refuses=()):
        self.synced, self.refuses, self.real = [], set(refuses), os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, handle):
        self.synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        if len(self.synced) in self.refuses:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.real(handle)


def test_nothing_is_acknowledged_before_the_log_and_its_name_are_on_the_disk(
    workspace, monkeypatch
):
    disk = Disk(monkeypatch)
    edit = label("a")
    assert append_edits(workspace, "pets", [edit]) == [edit.edit_id]
    assert disk.synced == ["ada.jsonl", "edits"]  # the name is new
    append_edits(workspace, "pets", [label("b")])
    append_edits(workspace, "pets", [edit])  # written by who knows whom
    assert disk.synced[2:] == ["ada.jsonl", "ada.jsonl"]


@pytest.mark.parametrize("refused", [1, 2])
@pytest.mark.parametrize("n_before", [0, 1])
def test_what_fsync_refused_is_taken_away_and_written_anew(
    workspace, monkeypatch, refused, n_before
):
    """The kernel says that all is well at a second ``fsync``, of pages that it has given up."""
    path = workspace.edits_path("pets") / "ada.jsonl"
    append_edits(workspace, "pets", [label("a")] * n_before)
    before, edit = path.read_bytes() if n_before else b"", label("b")
    disk = Disk(monkeypatch, refuses={refused})
    if n_before and refused == 2:  # the name of a log that was there is not synced
        assert append_edits(workspace, "pets", [edit])
        return
    with pytest.raises(StorageError, match="could not save edits to"):
        append_edits(workspace, "pets", [edit])
    assert path.read_bytes() == before
    assert edit not in read_edits(workspace, "pets").edits
    disk.synced.clear()
    disk.refuses.clear()
    assert append_edits(workspace, "pets", [edit]) == [edit.edit_id]
    assert path.read_bytes() == before + f"{to_line(edit)}\n".encode()
    assert disk.synced == ["ada.jsonl"] if n_before else ["ada.jsonl", "edits"]


def test_a_line_that_can_be_neither_synced_nor_taken_away_is_written_again(workspace, monkeypatch):
    """It stands in the log, perhaps in memory only; what is acknowledged has to be written."""

    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path, edit = workspace.edits_path("pets") / "ada.jsonl", label("a")
    disk = Disk(monkeypatch, refuses={1, 2})
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(StorageError):
            append_edits(workspace, "pets", [edit])
    assert path.read_bytes().count(b"\n") == 1
    disk.refuses.clear()
    assert append_edits(workspace, "pets", [edit]) == [edit.edit_id]
    assert path.read_bytes().count(b"\n") == 2
    append_edits(workspace, "pets", [edit])
    assert path.read_bytes().count(b"\n") == 2
    assert {e.edit_id for e in read_edits(workspace, "pets").edits} == {edit.edit_id}


def test_a_line_of_another_that_fsync_refused_is_not_acknowledged_the_second_time_either(
    workspace, monkeypatch
):
    """A writer that was killed before its ``fsync`` left it; a client sends the edit again."""
    path, edit = workspace.edits_path("pets") / "ada.jsonl", label("a")
    path.parent.mkdir()
    path.write_text(f"{to_line(edit)}\n")
    disk = Disk(monkeypatch, refuses={1})
    with pytest.raises(StorageError):
        append_edits(workspace, "pets", [edit])
    disk.refuses.clear()
    assert append_edits(workspace, "pets", [edit]) == [edit.edit_id]
    assert path.read_bytes().count(b"\n") == 2  # once it is surely written


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_write_that_breaks_off_leaves_the_log_as_it_was(workspace, monkeypatch, error):
    append_edits(workspace, "pets", [label("a")])
    path = workspace.edits_path("pets") / "ada.jsonl"
    before, real, calls = path.read_bytes(), os.write, []

    def write(handle, data):
        calls.append(len(data))
        if len(calls) == 2:
            raise OSError(error, os.strerror(error))
        return real(handle, data[:100])  # a short write

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(StorageError, match="could not save edits to"):
            append_edits(workspace, "pets", [label("b"), label("c")])
    assert path.read_bytes() == before


def test_an_annotator_cannot_write_outside_the_log(workspace):
    with pytest.raises(EditError, match="cannot name an edit log"):
        append_edits(workspace, "pets", [label("a", annotator="../../../etc/ada")])
    found = [p.name for p in workspace.dataset_path("pets").iterdir()]
    assert found == ["dataset.toml"]


def test_a_log_that_git_replaced_by_a_longer_one_is_read_anew(workspace):
    """Going to another branch may give the new file the old one's number (inode)."""
    path = workspace.edits_path("pets") / "ada.jsonl"
    append_edits(workspace, "pets", [label("a")])
    assert len(read_edits(workspace, "pets").edits) == 1
    others = [label("b"), label("a"), label("b")]
    with path.open("r+") as stream:  # the same inode, other lines, more of them
        stream.writelines(to_line(edit) + "\n" for edit in others)
    assert read_edits(workspace, "pets").edits == tuple(others)
