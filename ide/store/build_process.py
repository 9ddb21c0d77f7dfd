"""Running a build: one at a time, as a process of its own, watched, cancelled, undone if it fails.

``python -m ide.store.build_process [NAME…]`` is what the workbench starts; ``upwell compile`` is
the same in the foreground.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from ide.dataset.errors import (
    BuildCancelledError,
    BuildRunningError,
    ConfigError,
    UpwellError,
)
from ide.store.adopting import adopt_build, adopt_together, restore_build
from ide.store.build_time import BuildTime, build_time
from ide.store.builds import BuildInfo
from ide.store.children import start_detached
from ide.store.clean_folder import tidy_places
from ide.store.compile_lock import compile_lock, is_compiling
from ide.store.drill_file import begin_drill_build, end_drill_build
from ide.store.dvc import CANCELLED, end_group, listed_datasets, runs_dvc, tidy_locks
from ide.store.lock_copy import copy_lock, put_lock_back
from ide.store.repro import cancellation, lives, repro, started_at
from ide.store.runs import (
    Run,
    RunStatus,
    load_run,
    make_folder,
    new_run_id,
    progress_path,
    run_folder,
    save_run,
    status_of,
)
from ide.store.trust import COMPILING, require_trust
from ide.store.workspace import Workspace

_CANCEL_S = 5.0  # after which a build that does not end by itself is killed
_RUN_ID = "UPWELL_RUN_ID"
_KILLED = "the build's process was killed; the last good build stands"
_CHILDREN: list[subprocess.Popen[bytes]] = []  # builds that this process started and must reap


def run_build(
    workspace: Workspace,
    names: Sequence[str] | None = None,
    *,
    on_progress: Callable[[str], None] | None = None,
) -> list[BuildInfo]:
    """Build datasets (default: all that ``params.yaml`` lists) and return their builds.

    Ends in ``BuildRunningError`` while another build runs, in ``BuildCancelledError`` on SIGINT or
    SIGTERM, in ``BuildError`` where a stage fails, in ``ConfigError`` or ``GitError`` where it
    cannot begin. In each case ``builds/``, ``dvc.lock`` and the archive are as they were.
    """
    require_trust(workspace, COMPILING)
    wanted = names_to_build(workspace, names)
    tidy_places(workspace)
    with compile_lock(workspace) as is_ours:
        if not is_ours:
            raise _running_error(workspace)
        _tidy_killed(workspace)
        run = _begin(workspace, wanted)
        try:
            drills = begin_drill_build(workspace, wanted)
            with cancellation() as is_cancelled:
                repro(workspace, run, is_cancelled, on_progress, drill=next(iter(drills), None))
            seconds = time.time() - run.started_at
            builds = adopt_together(workspace, wanted, seconds=seconds)
        except BaseException as error:
            _restore(workspace, run)
            state = "cancelled" if isinstance(error, BuildCancelledError) else "failed"
            message = str(error) if isinstance(error, UpwellError) else f"broke: {error!r}"
            save_run(workspace, run, state=state, finished_at=time.time(), message=message)
            raise
        if drills:  # adopted, and that is all: builds/ and dvc.lock know of no drill
            _restore(workspace, run)
        save_run(workspace, run, state="done", finished_at=time.time())
        return builds


def start_build(workspace: Workspace, names: Sequence[str] | None = None) -> Run:
    """Start a build in the background and return at once; watch it with ``build_status``.

    Raises ``BuildRunningError`` while one runs and ``ConfigError`` where it could not begin. The
    build goes on when this process ends.
    """
    require_trust(workspace, COMPILING)
    wanted = names_to_build(workspace, names)
    if build_status(workspace).state == "running":
        raise _running_error(workspace)
    run_id = new_run_id()
    with (make_folder(workspace, run_id) / "build.log").open("wb") as log:
        process = start_detached(
            "ide.store.build_process",
            *wanted,
            folder=workspace.root,
            output=log,
            environment={_RUN_ID: run_id},
        )
    _CHILDREN.append(process)
    run = new_run(run_id, process.pid, wanted, build_time(workspace, wanted))
    known = load_run(workspace)
    if known is None or known.run_id != run_id:  # else the child has told of itself already
        save_run(workspace, run)
    return run


def build_status(workspace: Workspace) -> RunStatus:
    """Return how far the latest build is. One that was killed is noticed and tidied here."""
    for child in _CHILDREN[:]:
        if child.poll() is not None:
            _CHILDREN.remove(child)
    tidy_places(workspace)
    run = load_run(workspace)
    if run is None:
        return RunStatus("idle")
    if run.state == "running" and not is_compiling(workspace) and not lives(run):
        with compile_lock(workspace) as is_ours:
            if is_ours:
                _tidy_killed(workspace)
        run = load_run(workspace) or run
    return status_of(workspace, run)


def cancel_build(workspace: Workspace) -> None:
    """End the running build, whoever started it, and wait until the last good one is back."""
    run = load_run(workspace)
    if run is None or run.state != "running" or not lives(run):
        build_status(workspace)
        return
    deadline = time.monotonic() + _CANCEL_S
    with suppress(ProcessLookupError):  # it may end by itself just now
        os.kill(run.pid, signal.SIGTERM)
        while lives(run):
            if time.monotonic() > deadline:
                os.kill(run.pid, signal.SIGKILL)
            time.sleep(0.03)
    with compile_lock(workspace) as is_ours:
        if is_ours:  # it ended without putting things back: too early, or killed
            _tidy_killed(workspace, state="cancelled", message=CANCELLED)
    build_status(workspace)


def main() -> None:
    """Run a build as a process of its own; how it goes is in ``.upwell``, not on a screen."""
    try:
        run_build(Workspace.find(), sys.argv[1:] or None)
    except UpwellError as error:
        sys.stderr.write(f"upwell: {error}\n")
        sys.exit(error.exit_code)


def names_to_build(workspace: Workspace, names: Sequence[str] | None) -> list[str]:
    """Return the datasets to build; raise where one cannot be, before anything is begun."""
    listed = listed_datasets(workspace)
    wanted = list(dict.fromkeys(names or []))
    if not names:
        known = workspace.datasets()
        wanted = [n for n in listed if n not in known or workspace.config(n).is_compiled]
    if not wanted and listed:
        raise ConfigError(
            f"nothing here can be compiled yet: {', '.join(listed)} hold no images, and only "
            "images compile so far. Browsing, labelling and export work"
        )
    if not wanted:
        raise ConfigError(
            "there is no dataset to build yet. Import one with: upwell import SOURCE --name NAME"
        )
    for name in wanted:
        workspace.refuse_links(name)
        if name in listed and name not in workspace.datasets():
            raise ConfigError(
                f"params.yaml lists {name!r}, and there is no datasets/{name}/dataset.toml; "
                f"bring the dataset back, or take the line out of params.yaml"
            )
    for name in wanted:
        config = workspace.config(name)
        if not config.is_compiled:
            raise ConfigError(
                f"{name!r} holds {config.modality}, and only images compile so far. "
                "Browsing, labelling and export work"
            )
        if name not in listed:
            raise ConfigError(
                f"{name!r} is not in params.yaml, so that it is not built; "
                f"add a line '  - {name}' under 'datasets:'"
            )
        workspace.edits_path(name).mkdir(exist_ok=True)
        workspace.checks_path(name).mkdir(exist_ok=True)  # DVC wants to see it, if empty
    return wanted


def new_run(run_id: str, pid: int, names: Sequence[str], expected: BuildTime | None = None) -> Run:
    """Return a run that begins now. expected: how long it is thought to take."""
    seconds, now = expected.seconds if expected else None, time.time()
    return Run(run_id, "running", tuple(names), now, pid, started_at(pid), expected_s=seconds)


def _begin(workspace: Workspace, names: Sequence[str]) -> Run:
    """Note what is as it is before: the run itself, the builds, ``dvc.lock``."""
    run_id = os.environ.get(_RUN_ID) or new_run_id()
    run = new_run(run_id, os.getpid(), names, build_time(workspace, names))
    folder = make_folder(workspace, run.run_id)
    progress_path(workspace, run.run_id).touch()
    copy_lock(workspace, folder)
    for name in names:
        adopt_build(workspace, name)
    tidy_locks(workspace)
    return save_run(workspace, run)


def _restore(workspace: Workspace, run: Run) -> None:
    """Put ``dvc.lock`` and the builds back as they were before a run."""
    if not put_lock_back(workspace, run_folder(workspace, run.run_id)):
        return  # the run ended before it began
    for name in run.datasets:
        end_drill_build(workspace, name)
        restore_build(workspace, name)
    tidy_locks(workspace)


def _tidy_killed(workspace: Workspace, *, state: str = "failed", message: str = _KILLED) -> None:
    """Undo a run whose process is gone without a word; the caller holds the lock."""
    run = load_run(workspace)
    if run is None or run.state != "running" or run.run_id == os.environ.get(_RUN_ID):
        return
    if run.group is not None and runs_dvc(run.group):
        end_group(run.group)
    _restore(workspace, run)
    log_path = run_folder(workspace, run.run_id) / "build.log"
    said = log_path.read_text(errors="replace").splitlines() if log_path.exists() else []
    if said and said[-1].startswith("upwell: "):
        message = said[-1].removeprefix("upwell: ")
    save_run(workspace, run, state=state, finished_at=time.time(), message=message)


def _running_error(workspace: Workspace) -> BuildRunningError:
    run = load_run(workspace)
    if run is None or run.state != "running":
        return BuildRunningError("another build has just begun in this workspace; try again later")
    since = datetime.fromtimestamp(run.started_at).astimezone().strftime("%H:%M:%S")
    return BuildRunningError(
        f"a build of {', '.join(run.datasets)} is running already (process {run.pid}, since "
        f"{since}); wait for it, or cancel it in the workbench (or: kill {run.pid})"
    )


if __name__ == "__main__":
    main()
