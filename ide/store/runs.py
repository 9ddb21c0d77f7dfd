"""The run of a build on disk: who builds what since when, how far it is, and how it ended.

``.upwell/run.json`` tells of the latest run; ``.upwell/runs/<run_id>/`` holds its progress, DVC's
log and the ``dvc.lock`` from before.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ide.dataset.edit import new_edit_id
from ide.dataset.errors import DamagedFileError
from ide.dataset.reading import MOMENT, PID, Shape
from ide.store.build_time import roughly
from ide.store.files import is_folder_name, read_json, write_json
from ide.store.inside import make_folders, remove_folder
from ide.store.progress import read_progress
from ide.store.workspace import Workspace

N_KEPT = 20
STAGES = ("fetch", "snapshot", "compile", "rank", "check", "evaluate")  # in the order they run

_RUN_JSON: Shape = {
    "run_id": str,
    "state": str,
    "datasets": [str],
    "started_at": MOMENT,
    "pid": PID,
    "pid_started_at?": MOMENT,
    "group?": PID,
    "finished_at?": MOMENT,
    "message?": str,
    "expected_s?": float,
}
_TAIL, _LEAST_TAIL_S = 0.2, 7.0  # share of a build that comes after the training, and the least


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the pipeline."""

    run_id: str
    state: str  # running, done, failed, cancelled
    datasets: tuple[str, ...]
    started_at: float  # Unix seconds
    pid: int
    pid_started_at: float | None  # so that another process with this number is not taken for it
    group: int | None = None  # process group of DVC and its stages
    finished_at: float | None = None
    message: str | None = None
    expected_s: float | None = None  # what it was thought to take when it began


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far the latest run is, or how it ended; ``state`` is idle where there was none."""

    state: str  # idle, running, done, failed, cancelled
    run_id: str | None = None
    datasets: tuple[str, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    dataset: str | None = None
    stage: str | None = None
    step: int | None = None
    n_steps: int | None = None
    epoch: int | None = None
    n_epochs: int | None = None
    loss: float | None = None
    accuracy: float | None = None  # of the examples that are not trained on
    seconds_left: float | None = None  # of the whole build, as far as anybody can tell
    message: str | None = None  # why it failed
    warnings: tuple[str, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()  # every line of progress, oldest first

    def __str__(self) -> str:
        """Say it in a line."""
        if self.state != "running":
            return self.message or self.state
        left = left_words(self.seconds_left)
        if self.stage is None:
            return "starting" + (f", {left}" if left else "")
        what = f"{self.dataset}: {self.stage}" if self.dataset else self.stage
        if self.epoch is None:
            return what + (f", {left}" if left else "")
        text = f"{what}, epoch {self.epoch} of {self.n_epochs}"
        text += "" if self.loss is None else f", loss {self.loss:.3f}"
        text += "" if self.accuracy is None else f", accuracy {self.accuracy:.3f}"
        return text + (f", {left}" if left else "")


def left_words(seconds: float | None) -> str:
    """Say how long something still takes: ``about 20 s left``; "" where nobody knows."""
    if seconds is None:
        return ""
    return f"about {roughly(seconds)} left" if seconds >= 2 else "nearly done"


def run_folder(workspace: Workspace, run_id: str) -> Path:
    """The folder of one run."""
    return workspace.local_path / "runs" / run_id


def progress_path(workspace: Workspace, run_id: str) -> Path:
    """The file that a run's stages report to."""
    return run_folder(workspace, run_id) / "progress.jsonl"


def new_run_id() -> str:
    """Return an id that sorts by time."""
    return new_edit_id()


def save_run(workspace: Workspace, run: Run, **changes: Any) -> Run:
    """Write a run, with changes, as the latest one, and return it."""
    run = replace(run, **changes)
    write_json(workspace.local_path / "run.json", asdict(run))
    return run


def load_run(workspace: Workspace) -> Run | None:
    """Return the latest run, or None where there was none, or its file is damaged."""
    try:
        data = read_json(workspace.local_path / "run.json", _RUN_JSON)
        if not is_folder_name(data["run_id"]):
            return None
        return Run(**{**data, "datasets": tuple(data["datasets"])})
    except (FileNotFoundError, DamagedFileError, TypeError):  # TypeError: of another version
        return None


def make_folder(workspace: Workspace, run_id: str) -> Path:
    """Make a run's folder, and remove those of runs long past."""
    folder = run_folder(workspace, run_id)
    make_folders(folder)
    for old in sorted(folder.parent.iterdir())[:-N_KEPT]:
        remove_folder(old)
    return folder


def status_of(workspace: Workspace, run: Run) -> RunStatus:
    """Return how far a run is, from what its stages reported."""
    events = read_progress(progress_path(workspace, run.run_id))
    last = events[-1] if events and run.state == "running" else {}
    told = {
        key: last.get(key)
        for key in ("dataset", "stage", "step", "n_steps", "epoch", "n_epochs", "loss", "accuracy")
    }
    return RunStatus(
        state=run.state,
        run_id=run.run_id,
        datasets=run.datasets,
        started_at=datetime.fromtimestamp(run.started_at, UTC),
        finished_at=datetime.fromtimestamp(run.finished_at, UTC) if run.finished_at else None,
        **told,
        seconds_left=_seconds_left(run, last) if run.state == "running" else None,
        message=run.message,
        warnings=tuple(e["warning"] for e in events if "warning" in e),
        events=tuple(events),
    )


def _seconds_left(run: Run, last: Mapping[str, Any]) -> float | None:
    """Return how long a run still takes: by what its training says of itself, else by past builds.

    None where nothing tells, or where it takes longer than was thought.
    """
    of_stage, expected = last.get("seconds_left"), run.expected_s
    if of_stage is not None and len(run.datasets) == 1:
        return float(of_stage + max(_LEAST_TAIL_S, _TAIL * (expected or 0)))
    left = None if expected is None else expected - (time.time() - run.started_at)
    return left if left is not None and left > 0 else of_stage
