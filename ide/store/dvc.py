"""DVC, by its command line: how a build is run, what its refusals mean, what it leaves behind."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psutil

from ide.dataset.errors import (
    BuildError,
    BuildRunningError,
    ConfigError,
    GitError,
    StorageError,
    UpwellError,
)
from ide.dataset.reading import parse_json
from ide.store.children import start_child
from ide.store.drill_file import BUILD_VARIABLE
from ide.store.dvc_paths import require_paths_for_dvc
from ide.store.inside import open_inside, refuse_links
from ide.store.revision_code import code_of
from ide.store.trust import COMPILING, require_trust
from ide.store.workspace import Workspace

CANCELLED = "the build was cancelled; the last good one stands"
_LAST_STAGES = ("check", "evaluate")  # what everything else leads to
_CONFLICT_FILES = ("dvc.yaml", "dvc.lock")  # params.yaml is read, and refused, before
_GRACE_S = 0.5  # between asking and killing


def start_repro(
    workspace: Workspace,
    names: Sequence[str],
    *,
    log: IO[bytes],
    progress_path: Path,
    drill: str | None = None,
    options: Sequence[str] = (),
    asks_remote: bool = False,
) -> subprocess.Popen[bytes]:
    """Start ``dvc repro`` for some datasets, with all its children in a process group of its own.

    Stages run under this very Python: its folder comes first on the PATH. drill: a drill's
    planted labels count, and DVC keeps nothing of what comes of them. asks_remote: what a stage
    made elsewhere is taken from the default remote rather than made again.
    """
    require_trust(workspace, COMPILING)
    require_dvc(workspace)
    targets = [f"{stage}@{name}" for name in names for stage in _LAST_STAGES]
    environment = {
        **code_of(workspace),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "SHELL": "/bin/sh",  # DVC runs stages by the person's shell; a service may have none
        "PYTHONUNBUFFERED": "1",
        "UPWELL_PROGRESS": str(progress_path),
        BUILD_VARIABLE: drill or "",
    }
    program = "ide.store.dvc_jobs" if asks_remote else "dvc"
    options = ["--no-commit", "--no-run-cache"] if drill else list(options)
    command = [program, "repro", *options, *targets]
    return start_child(command, folder=workspace.root, output=log, environment=environment)


def require_dvc(workspace: Workspace) -> None:
    """Raise, in a sentence, where DVC could not even begin."""
    if find_spec("dvc") is None:
        raise BuildError(
            "DVC is not installed in this Python, and builds are run by it. "
            "Install it with: pip install dvc"
        )
    if not (workspace.root / ".dvc").is_dir():
        raise ConfigError(
            f"{workspace.root} has no .dvc folder, so that DVC cannot build here. "
            "Make one with: dvc init (in a git repository)"
        )
    require_paths_for_dvc(workspace)
    for name in _CONFLICT_FILES:
        path = workspace.root / name
        if path.exists() and re.search(rb"^(<<<<<<<|>>>>>>>) ", path.read_bytes(), re.MULTILINE):
            advice = (
                "delete it and compile: DVC writes it anew"
                if name == "dvc.lock"
                else "choose one side and remove the marks"
            )
            raise ConfigError(f"{name} holds a merge conflict; {advice}")


def listed_datasets(workspace: Workspace) -> list[str]:
    """Return the datasets that ``params.yaml`` lists to be built, in its order."""
    from ide.store.params import read_params

    return [str(name) for name in read_params(workspace).get("datasets") or []]


def refusal(log: str) -> UpwellError:
    """Turn what DVC wrote when it failed into an error whose sentence says what to do next."""
    if "Unable to acquire lock" in log or "is busy, it is being blocked by" in log:
        return BuildRunningError(
            "another dvc command is working in this workspace; wait until it has ended, "
            "and compile again"
        )
    if "not a git repository" in log.lower() or "No SCM" in log:
        return GitError(
            "the workspace is not in a git repository, which DVC needs. Make one with: git init"
        )
    missing = re.search(r"(datasets/\w+/\w+)' does not exist", log) or re.search(
        r"No such file or directory: '.*(datasets/\w+/\w+)'", log
    )
    if missing:
        return ConfigError(
            f"{missing[1]} is not there. Bring it with: dvc pull, or import the examples again"
        )
    source = re.search(r"missing data 'source': (datasets/\w+/\w+)", log)
    if source:
        return ConfigError(
            f"{source[1]} is not on this machine, as in a fresh clone. Bring it with: upwell pull "
            "(or dvc pull)"
        )
    if is_full(log):
        return StorageError("the disk is full; free some space and compile again")
    invalid = re.search(r"'(?:\./)?([^'\n]+)' is invalid\.\s+(.+)\s+(.*)", log)
    if invalid:
        return ConfigError(f"{invalid[1]} is not what DVC can read: {invalid[2]} {invalid[3]}")
    if "dvc.lock' validation failed" in log:
        return ConfigError(
            "dvc.lock is not what DVC can read: it is empty or cut short. Bring it back with: "
            "git checkout HEAD -- dvc.lock, or delete it and compile: DVC writes it anew"
        )
    errors = [line.removeprefix("ERROR: ") for line in log.splitlines() if "ERROR: " in line]
    return BuildError(
        f"DVC refused: {errors[-1][:400]}" if errors else "DVC ended without saying why"
    )


def is_full(log: str) -> bool:
    """Whether what DVC wrote means that the disk is full.

    A full disk takes the name of a file, but not its bytes: DVC then says that no link works.
    """
    return "No space left on device" in log or "No possible cache link types" in log


def end_group(group: int) -> None:
    """End all processes of a group: ask, wait a moment, kill. A group that is gone is no error."""
    try:
        os.killpg(group, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while time.monotonic() < deadline and _members(group):
            time.sleep(0.02)
        if _members(group):
            os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _members(group: int) -> list[int]:
    """Return the processes of a group that still run; a zombie does not."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == group:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def tidy_locks(workspace: Workspace) -> None:
    """Remove what a killed DVC left in ``.dvc/tmp`` and DVC itself would stumble over.

    Its ``rwlock`` names processes; an entry of one that is gone, or whose number another program
    has now, is dropped, and so is a file that was torn while it was written. Nothing is touched
    while a living DVC holds the file's guard.
    """
    path = workspace.root / ".dvc" / "tmp" / "rwlock"
    if not path.exists():
        return
    refuse_links(path)
    with os.fdopen(open_inside(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT), "r+") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            data = parse_json(path.read_bytes())
            kept = {"write": _living(data.get("write", {})), "read": _living(data.get("read", {}))}
        except (ValueError, AttributeError, KeyError, TypeError):
            kept = {}
        path.write_text(json.dumps({k: v for k, v in kept.items() if v}), encoding="utf-8")


def _living(entries: dict[str, Any]) -> dict[str, Any]:
    """Keep the entries whose process runs DVC."""
    kept: dict[str, Any] = {}
    for path, holders in entries.items():
        if isinstance(holders, list):
            living = [h for h in holders if runs_dvc(int(h["pid"]))]
            if living:
                kept[path] = living
        elif holders and runs_dvc(int(holders["pid"])):
            kept[path] = holders
    return kept


def runs_dvc(pid: int) -> bool:
    """Whether a process is there and is DVC: its number may have gone to another program."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "dvc" in " ".join(process.cmdline())
    except psutil.Error:
        return False
