"""An import that goes on beside the workbench: a process of its own, watched and cancelled.

It ends with the workbench. Killed at any moment it leaves all that it brings or nothing of it.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import IO, Any

from ide.dataset.errors import ImportRefusedError
from ide.dataset.reading import parse_json
from ide.store.children import start_child
from ide.store.importing.request import ImportRequest
from ide.store.importing.uploads import Upload
from ide.store.trust import IMPORTING, require_trust
from ide.store.workspace import Workspace

_WORKER = "ide.store.importing.worker"
_CANCEL_S = 3.0  # after which an import that reads is killed
_MAX_SAID = 1 << 20  # bytes of what an import said last
_FREE_TO_END = frozenset({"", "reading", "writing"})  # nothing of it is in the dataset yet


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """How far an import is, or how it ended."""

    state: str  # running, done, refused, cancelled, broken
    stage: str = ""
    done: int = 0
    total: int | None = None
    sentence: str = ""  # why nothing came in
    n_new: int = 0
    n_known: int = 0
    n_classes: int = 0
    notes: tuple[str, ...] = ()
    revision: str | None = None  # the commit of what came

    @property
    def is_cancellable(self) -> bool:
        """Whether nothing of it is in the dataset yet."""
        return self.state == "running" and self.stage in _FREE_TO_END


@dataclass(eq=False, slots=True)
class ImportRun:
    """An import that was started here."""

    request: ImportRequest
    process: Popen[bytes]
    output: IO[bytes]  # lines of JSON; it has no name on the disk
    upload: Upload | None  # its files are needed until the end
    is_cancelled: bool = False
    status: ImportStatus = field(default_factory=lambda: ImportStatus("running"))


_RUNS: dict[Path, ImportRun] = {}  # the newest of each workspace
_LOCK = threading.RLock()


def start_import(
    workspace: Workspace, request: ImportRequest, upload: Upload | None = None
) -> ImportRun:
    """Start an import and return at once; watch it with ``import_status``.

    Raises ``UntrustedError``, and ``ImportRefusedError`` while another one runs here.
    """
    require_trust(workspace, IMPORTING)
    with _LOCK:
        run = _RUNS.get(workspace.root)
        if run is not None and import_status(run).state == "running":
            raise ImportRefusedError(
                f"an import into {run.request.name!r} is running already; wait for it to end, or "
                "cancel it. Nothing was imported."
            )
        output = tempfile.TemporaryFile()  # noqa: SIM115 – as long as the run is watched
        process = start_child(
            [_WORKER, json.dumps(asdict(request))],
            folder=workspace.root,
            output=output,
            errors=DEVNULL,
        )
        run = ImportRun(request, process, output, upload)
        _RUNS[workspace.root] = run
    return run


def latest_import(workspace: Workspace) -> ImportRun | None:
    """Return the newest import that was started here, running or ended; None = there was none."""
    return _RUNS.get(workspace.root)


def forget_import(workspace: Workspace) -> None:
    """Tell of an import that has ended no more."""
    run = _RUNS.get(workspace.root)
    if run is not None and import_status(run).state != "running":
        del _RUNS[workspace.root]


def import_status(run: ImportRun) -> ImportStatus:
    """Return how far an import is; when it has ended, its files are let go of."""
    with _LOCK:
        if run.status.state != "running":
            return run.status
        has_ended = run.process.poll() is not None  # before reading: its last word is there then
        events = _events(run)
        if not has_ended:
            progress: dict[str, Any] = next((e for e in reversed(events) if "stage" in e), {})
            return ImportStatus("running", **progress)
        run.status = _ended(run, events[-1] if events else {})
        run.output.close()
        if run.upload is not None:
            run.upload.remove()
        return run.status


def cancel_import(run: ImportRun) -> None:
    """Have an import end and wait for it; one that is past the point of no return goes on."""
    if not import_status(run).is_cancellable:
        return
    run.is_cancelled = True
    deadline = time.monotonic() + _CANCEL_S
    with suppress(ProcessLookupError):
        os.kill(run.process.pid, signal.SIGTERM)
        while import_status(run).is_cancellable:
            if time.monotonic() > deadline:  # it reads something large: nothing is written yet
                os.killpg(run.process.pid, signal.SIGKILL)
            time.sleep(0.03)


def _events(run: ImportRun) -> list[dict[str, Any]]:
    """Return the last things that an import said; half a line at the end waits."""
    handle = run.output.fileno()
    start = max(0, os.fstat(handle).st_size - _MAX_SAID)
    events = []
    for line in os.pread(handle, _MAX_SAID, start).split(b"\n")[:-1]:
        with suppress(ValueError):  # the first may be cut, and a library may print
            event = parse_json(line)
            if isinstance(event, dict):
                events.append(event)
    return events


def _ended(run: ImportRun, last: dict[str, Any]) -> ImportStatus:
    if "result" in last:
        result = last["result"]
        notes = tuple(result.pop("notes"))
        return ImportStatus("done", notes=notes, **result)
    if "refusal" in last:
        return ImportStatus("refused", sentence=last["refusal"])
    if run.is_cancelled:
        return ImportStatus("cancelled", sentence="Cancelled. Nothing was imported.")
    why = last.get("broke") or f"its process ended with {run.process.returncode}"
    sentence = f"the import broke ({why}); look at what is there, and try again"
    return ImportStatus("broken", sentence=sentence)
