"""Bisecting in the background: one at a time, watched, cancelled, gone on with.

``python -m ide.store.bisecting BISECT_ID`` is what ``start_bisect`` starts; it works on commit ids
and builds beside the working tree, so that people label, commit and switch branches meanwhile. A
private ref keeps the commits that it works on, should their branch be deleted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from ide.dataset.errors import (
    BisectError,
    BuildCancelledError,
    StorageError,
    UpwellError,
)
from ide.dataset.gates import parse_gate
from ide.store import git
from ide.store.bisect_request import request_of
from ide.store.bisect_run import Bisection
from ide.store.bisect_state import (
    CANCELLED,
    DONE,
    FAILED,
    RUNNING,
    Bisect,
    bisect_folder,
    load_bisect,
    make_folder,
    save_bisect,
    save_progress,
)
from ide.store.children import start_detached
from ide.store.clean_folder import tidy_places
from ide.store.file_lock import file_lock
from ide.store.repro import cancellation, started_at
from ide.store.trust import COMPILING, require_trust
from ide.store.workspace import Workspace

_REFS = "refs/upwell/bisect"
_CANCEL_S = 10.0  # after which one that does not end by itself is killed
_PATIENCE_S = 0.3  # one that looks holds the lock for some milliseconds
_END_S = 5.0  # one that has put down its end is about to go
_KILLED = "the bisection's process was killed; what it had built is kept, so start it again"
_SAID = "upwell: "  # begins a sentence in the log of the process
_CHILDREN: list[subprocess.Popen[bytes]] = []  # that this process started and must reap


def start_bisect(
    workspace: Workspace, name: str, *, good: str, bad: str | None = None, gate: str
) -> Bisect:
    """Start a bisection in the background and return at once; watch it with ``bisect_status``.

    good, bad: any names git knows; bad None = HEAD. gate: a line such as ``accuracy on slice
    label = '8' >= 0.95``, or the name of one in dataset.toml. Raises ``BisectError``,
    ``GateError``, ``GitError`` or ``ConfigError`` where it cannot begin; then nothing was started.
    It goes on when this process ends.
    """
    require_trust(workspace, COMPILING)
    wanted = request_of(workspace, name, good=good, bad=bad or "HEAD", gate=gate)
    log_path = bisect_folder(workspace, wanted.bisect_id) / "bisect.log"
    with _begun(workspace, wanted) as (_, handle), log_path.open("wb") as log:
        process = start_detached(
            "ide.store.bisecting",
            wanted.bisect_id,
            folder=workspace.root,
            output=log,
            handles=(handle,),  # the lock goes on to the child, without a gap
        )
    _CHILDREN.append(process)
    return wanted


def run_bisect(
    workspace: Workspace, name: str, *, good: str, bad: str | None = None, gate: str
) -> Bisect:
    """Search in this process until it ends, and return how it ended.

    As ``start_bisect``; what is raised there is raised here. What goes wrong later is told by the
    ``state`` and the ``message``. SIGINT and SIGTERM cancel it.
    """
    require_trust(workspace, COMPILING)
    wanted = request_of(workspace, name, good=good, bad=bad or "HEAD", gate=gate)
    with _begun(workspace, wanted) as (bisect, _):
        return _search(workspace, bisect)


def bisect_status(workspace: Workspace) -> Bisect | None:
    """Return how far the latest bisection is, or how it ended; None where there was none.

    One that was killed is noticed and tidied here.
    """
    for child in _CHILDREN[:]:
        if child.poll() is not None:
            _CHILDREN.remove(child)
    bisect = load_bisect(workspace)
    if bisect is None or bisect.state != RUNNING:
        return bisect
    with _lock(workspace) as handle:
        if handle is None:
            return bisect
        return _tidied(workspace)


def cancel_bisect(workspace: Workspace) -> Bisect | None:
    """End the running bisection, whoever started it; what was built is kept."""
    deadline = time.monotonic() + _CANCEL_S
    asked: int | None = None
    while (bisect := bisect_status(workspace)) and bisect.state == RUNNING:
        is_it = bisect.pid and started_at(bisect.pid) == bisect.pid_started_at
        with suppress(ProcessLookupError):  # it may end by itself just now
            if is_it and time.monotonic() > deadline:
                os.kill(bisect.pid, signal.SIGKILL)
            elif is_it and asked != bisect.pid:
                asked = bisect.pid
                os.kill(bisect.pid, signal.SIGTERM)
        time.sleep(0.05)
    with _lock(workspace, patience_s=_END_S):  # it has put down its end, and is about to go
        return bisect


def main() -> None:
    """Run a bisection as a process of its own; how it goes is in ``.upwell``, not on a screen."""
    workspace = Workspace.find()
    bisect = load_bisect(workspace)
    if bisect is not None and bisect.bisect_id == sys.argv[1]:
        try:
            _search(workspace, bisect)
        except UpwellError as error:
            sys.stderr.write(f"{_SAID}{error}\n")
            sys.exit(error.exit_code)


def _search(workspace: Workspace, bisect: Bisect) -> Bisect:
    """Search to the end; every ending is on the disk, and raised is only what broke."""
    gate = parse_gate(bisect.gate_line)
    pid = os.getpid()
    bisect = save_bisect(workspace, bisect, pid=pid, pid_started_at=started_at(pid))
    with cancellation() as is_cancelled:
        running = Bisection(workspace, bisect, gate, is_cancelled)
        ending: dict[str, object] = {"state": FAILED, "message": "it broke", "exit_code": 3}
        try:
            running.run()
            ending = {"state": DONE}
        except BuildCancelledError:
            ending = {"state": CANCELLED}
        except UpwellError as error:
            ending = {"state": FAILED, "message": str(error), "exit_code": error.exit_code}
        except Exception as error:
            ending["message"] = f"something broke ({error!r:.300}); please report it"
            raise
        finally:
            bisect = _end(workspace, running.bisect, ending)
    return bisect


def _end(workspace: Workspace, bisect: Bisect, ending: dict[str, object]) -> Bisect:
    """Put down how it ended, and let go of the commits."""
    git.attempt(workspace.root, "update-ref", "-d", f"{_REFS}/{bisect.bisect_id}")
    return save_bisect(workspace, bisect, finished_at=time.time(), probing=None, **ending)


def _tidied(workspace: Workspace) -> Bisect | None:
    """Put down that a bisection was killed, if it was; the caller holds the lock."""
    bisect = load_bisect(workspace)
    if bisect is None or bisect.state != RUNNING:
        return bisect
    path = bisect_folder(workspace, bisect.bisect_id) / "bisect.log"
    said = path.read_text(errors="replace").splitlines() if path.exists() else []
    found = [line.removeprefix(_SAID) for line in said if line.startswith(_SAID)]
    ending = {"state": FAILED, "message": found[-1] if found else _KILLED, "exit_code": 3}
    try:
        tidy_places(workspace)
        return _end(workspace, bisect, ending)
    except StorageError:  # it ended because the disk is full, and is so still
        return replace(bisect, **ending)  # type: ignore[arg-type]


@contextmanager
def _begun(workspace: Workspace, wanted: Bisect) -> Iterator[tuple[Bisect, int]]:
    """Hold the lock and put down what is sought; its commits are kept from git's broom."""
    latest = load_bisect(workspace)
    is_running = latest is not None and latest.state == RUNNING
    with _lock(workspace, patience_s=_PATIENCE_S if is_running else _END_S) as handle:
        if handle is None:
            raise _running_error(workspace)
        _tidied(workspace)
        make_folder(workspace, wanted.bisect_id)
        save_progress(workspace, wanted.bisect_id, "starting")  # a full disk says so here
        git.run(workspace.root, "update-ref", f"{_REFS}/{wanted.bisect_id}", wanted.bad)
        yield save_bisect(workspace, wanted), handle


@contextmanager
def _lock(workspace: Workspace, *, patience_s: float = 0.0) -> Iterator[int | None]:
    """Hold the lock of bisections; None, at once, where another process holds it."""
    with file_lock(workspace.local_path / "bisect.lock", patience_s=patience_s) as handle:
        yield handle


def _running_error(workspace: Workspace) -> BisectError:
    bisect = load_bisect(workspace)
    what = f" of {bisect.dataset!r}" if bisect else ""
    return BisectError(
        f"a bisection{what} is running already; watch it with: upwell bisect --status, or end it "
        "with: upwell bisect --cancel"
    )


if __name__ == "__main__":
    main()
