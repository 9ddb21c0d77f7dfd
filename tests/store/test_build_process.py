"""A build that is cancelled, killed or refused leaves what people look at as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from ide.dataset.errors import (
    BuildCancelledError,
    BuildRunningError,
    ConfigError,
    DatasetNotFoundError,
)
from ide.store.build_process import (
    build_status,
    cancel_build,
    new_run,
    run_build,
    start_build,
)
from ide.store.builds import current_build
from ide.store.dvc import refusal, tidy_locks
from ide.store.runs import load_run, new_run_id, save_run
from tests.small import build_bytes, compiled_workspace, copy_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A compiled workspace whose next build would train for ever."""
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    made = copy_workspace(base, tmp_path_factory.mktemp("process") / "w")
    path = made.config_path("some")
    path.write_text(path.read_text().replace("epochs = 3", "epochs = 10000"))
    return made


def wait_for(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def processes_in(workspace) -> list[str]:
    """Return what runs in a workspace's folder, DVC's children included."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        try:
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            if not is_zombie and process.cwd() == str(workspace.root):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def start_training(workspace) -> None:
    start_build(workspace)
    wait_for(lambda: (build_status(workspace).epoch or 0) > 1)


def test_a_cancelled_build_leaves_the_last_one_and_no_process(workspace):
    before, build = build_bytes(workspace), current_build(workspace, "some")
    start_training(workspace)
    status = build_status(workspace)
    assert (status.state, status.stage, status.dataset) == ("running", "compile", "some")
    assert status.n_epochs == 10000
    assert status.loss > 0
    assert status.seconds_left > 0
    assert "epoch" in str(status)
    assert not (workspace.build_path("some") / "model.safetensors").exists()
    assert current_build(workspace, "some") == build  # whoever looks sees the last good one
    pid = load_run(workspace).pid
    with pytest.raises(BuildRunningError, match=f"process {pid}, since") as caught:
        run_build(workspace)
    assert caught.value.exit_code == 2
    with pytest.raises(BuildRunningError):
        start_build(workspace)
    cancel_build(workspace)
    assert build_status(workspace).state == "cancelled"
    assert build_bytes(workspace) == before
    assert processes_in(workspace) == []


def test_a_killed_build_is_noticed_and_undone(workspace):
    before, build = build_bytes(workspace), current_build(workspace, "some")
    start_training(workspace)
    run = load_run(workspace)
    os.kill(run.pid, signal.SIGKILL)
    wait_for(lambda: processes_in(workspace) == [])  # before anybody looks
    wait_for(lambda: build_status(workspace).state != "running")
    status = build_status(workspace)
    assert status.state == "failed"
    assert "killed" in status.message
    assert build_bytes(workspace) == before
    assert current_build(workspace, "some") == build
    assert processes_in(workspace) == []


def test_an_interrupt_in_the_foreground_cancels(workspace):
    before = build_bytes(workspace)
    code = (
        "import sys; from ide.store.workspace import Workspace\n"
        "from ide.store.build_process import run_build\n"
        "run_build(Workspace.find(), on_progress=lambda line: print(line, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert any("epoch" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert BuildCancelledError.__name__ in errors
    assert build_status(workspace).state == "cancelled"
    assert build_bytes(workspace) == before


def test_what_cannot_be_built_is_refused_before_anything_begins(workspace):
    before = build_bytes(workspace)
    path, params = workspace.config_path("some"), workspace.root / "params.yaml"
    text, listed = path.read_text(), params.read_text()
    path.write_text(text.replace("epochs = 10000", "epochs ="))
    with pytest.raises(ConfigError, match=r"datasets/some/dataset.toml is not TOML"):
        run_build(workspace, ["some"])
    path.write_text(text)
    with pytest.raises(DatasetNotFoundError):
        run_build(workspace, ["none"])
    for params_text, message in (
        ("datasets: []\n", "'some' is not in params.yaml"),
        ("datasets: {\n", "params.yaml is not YAML: while parsing a flow node"),
        ("<<<<<<< HEAD\ndatasets: []\n", "params.yaml holds a merge conflict"),
    ):
        params.write_text(params_text)
        with pytest.raises(ConfigError, match=message):
            run_build(workspace, ["some"])
    for params_text, message in (
        ("datasets: []\n", "no dataset to build yet"),
        ("datasets: [some, ghost]\n", "params.yaml lists 'ghost', and there is no datasets/ghost/"),
    ):
        params.write_text(params_text)
        with pytest.raises(ConfigError, match=message):
            run_build(workspace)
    params.write_text(listed)
    lock = workspace.root / "dvc.lock"
    locked = lock.read_bytes()
    lock.write_bytes(b"<<<<<<< HEAD\n" + locked)
    with pytest.raises(ConfigError, match=r"dvc.lock holds a merge conflict; delete it"):
        run_build(workspace)
    lock.write_bytes(locked)
    assert build_bytes(workspace) == before


def test_what_dvc_says_becomes_a_sentence(workspace):
    path = workspace.root / "dvc.yaml"
    text = path.read_text()
    path.write_text(text + "  x: [\n")
    with pytest.raises(ConfigError, match=r"dvc.yaml is not what DVC can read: While parsing"):
        run_build(workspace)
    path.write_text(text)
    assert isinstance(refusal("ERROR: Unable to acquire lock. Most likely"), BuildRunningError)
    assert "datasets/some/examples is not there" in str(
        refusal("ERROR: [Errno 2] No such file or directory: '/x/datasets/some/examples'")
    )
    lock = workspace.root / "dvc.lock"
    locked = lock.read_bytes()
    lock.write_bytes(b"")  # as a power cut may leave it
    with pytest.raises(ConfigError, match=r"dvc.lock is not what DVC can read: it is empty"):
        run_build(workspace)
    lock.write_bytes(locked)
    assert "the disk is full" in str(refusal("ERROR: No possible cache link types for 'x'"))
    assert str(refusal("")) == "DVC ended without saying why"


def test_locks_of_a_dead_dvc_are_removed(workspace):
    path = workspace.root / ".dvc/tmp/rwlock"
    path.parent.mkdir(exist_ok=True)
    holder = {"pid": os.getpid(), "cmd": "dvc repro"}  # the number went to another program
    path.write_text(
        f'{{"write": {{"/x": {holder}}}, "read": {{"/y": [{holder}]}}}}'.replace("'", '"')
    )
    tidy_locks(workspace)
    assert path.read_text() == "{}"
    path.write_text('{"write": {"/x"')  # torn
    tidy_locks(workspace)
    assert path.read_text() == "{}"


def test_a_build_that_cannot_begin_says_why_and_removes_nothing(workspace):
    params = workspace.root / "params.yaml"
    listed, locked = params.read_text(), (workspace.root / "dvc.lock").read_bytes()
    run = start_build(workspace)
    params.write_text("datasets: []\n")  # while the process is still starting
    wait_for(lambda: build_status(workspace).state != "running")
    params.write_text(listed)
    status = build_status(workspace)
    assert (status.run_id, status.state) == (run.run_id, "failed")
    assert "not in params.yaml" in status.message
    assert (workspace.root / "dvc.lock").read_bytes() == locked


def test_what_does_not_compile_yet_is_left_out_and_refused_by_name(tmp_path):
    from ide.store.importing import import_source
    from ide.store.new import new_workspace

    (tmp_path / "talk.csv").write_text("text,label\nhello,greet\nbye,leave\n")
    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, str(tmp_path / "talk.csv"), name="talk")
    for names in (None, ["talk"]):
        with pytest.raises(ConfigError, match="only images compile so far"):
            run_build(workspace, names)
    assert build_status(workspace).state == "idle"


def test_cancelling_a_build_that_ends_just_then_is_no_error(workspace, monkeypatch):
    """The process ends between the look at it and the signal to it."""
    process = subprocess.Popen(["sleep", "60"])
    save_run(workspace, new_run(new_run_id(), process.pid, ["some"]))
    send = os.kill

    def late(pid: int, number: int) -> None:
        send(process.pid, signal.SIGKILL)
        process.wait()
        send(pid, number)

    monkeypatch.setattr(os, "kill", late)
    cancel_build(workspace)
    assert build_status(workspace).state == "cancelled"
