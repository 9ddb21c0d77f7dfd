"""One run of DVC from start to end: followed, cancelled with all its children, explained."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from ide.dataset.errors import BuildCancelledError, BuildError, UpwellError
from ide.store.dvc import CANCELLED, end_group, refusal, start_repro
from ide.store.dvc_config import default_remote
from ide.store.progress import read_progress
from ide.store.runs import Run, progress_path, run_folder, save_run, status_of
from ide.store.workspace import Workspace

_POLL_S = 0.1


def repro(
    workspace: Workspace,
    run: Run,
    is_cancelled: threading.Event,
    on_progress: Callable[[str], None] | None,
    *,
    drill: str | None = None,
    options: Sequence[str] = (),
) -> None:
    """Run ``dvc repro`` to its end, telling of the progress; raise what it failed of.

    options: what ``dvc repro`` is told besides its targets. Raises ``BuildCancelledError`` soon
    after ``is_cancelled`` is set; DVC and its stages have ended then.
    """
    path = progress_path(workspace, run.run_id)
    log_path = run_folder(workspace, run.run_id) / "dvc.log"
    with log_path.open("wb") as log:
        process = start_repro(
            workspace,
            run.datasets,
            log=log,
            progress_path=path,
            drill=drill,
            options=options,
            asks_remote=not drill and not options and default_remote(workspace) is not None,
        )
    try:
        save_run(workspace, run, group=process.pid)
        told_at = -1
        while process.poll() is None:
            if is_cancelled.wait(_POLL_S):
                raise BuildCancelledError(CANCELLED)
            size = path.stat().st_size
            if on_progress and size != told_at:
                told_at = size
                on_progress(str(status_of(workspace, run)))
    finally:
        end_group(process.pid)
        process.wait()
    if is_cancelled.is_set():
        raise BuildCancelledError(CANCELLED)
    if process.returncode != 0:
        raise _failure(path, log_path)


def _failure(progress: Path, log_path: Path) -> UpwellError:
    """Return the error of a run: what the stage said, else what DVC said."""
    for event in read_progress(progress):
        if "error" in event:
            failure = BuildError(event["error"])
            failure.exit_code = event.get("exit_code", BuildError.exit_code)
            return failure
    return refusal(log_path.read_text(encoding="utf-8", errors="replace"))


@contextmanager
def cancellation() -> Iterator[threading.Event]:
    """Turn SIGINT, SIGTERM and SIGHUP into an event while the block runs."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in signals}
    for number in signals:
        signal.signal(number, lambda *_: event.set())
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lives(run: Run) -> bool:
    """Whether the process of a run is still there, and is the one that began it."""
    started = started_at(run.pid)
    return started is not None and started == run.pid_started_at


def started_at(pid: int) -> float | None:
    """Return when a process began; None where there is none, or a zombie."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
