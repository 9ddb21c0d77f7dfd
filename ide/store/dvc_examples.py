"""Bringing the examples of a revision into a clean folder, from DVC's cache or its remote."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.errors import BuildCancelledError, ConfigError, ExamplesMissingError, StorageError
from ide.store.children import start_child
from ide.store.dvc import CANCELLED, end_group, is_full, refusal, require_dvc
from ide.store.dvc_config import default_remote, require_there
from ide.store.importing.tracking import is_stage_output
from ide.store.trust import require_trust
from ide.store.workspace import Workspace

_POLL_S = 0.05
_WHY = "DVC moves data by the settings that are in it"


@dataclass(frozen=True, slots=True)
class Said:
    """How a DVC command ended, and all that it wrote."""

    returncode: int
    text: str

    @property
    def error(self) -> str:
        """The last error that it tells of, or what it wrote last."""
        errors = [line for line in self.text.splitlines() if line.startswith("ERROR: ")]
        last = (errors or self.text.strip().splitlines() or ["nothing"])[-1]
        return last.removeprefix("ERROR: ")[:300]


def bring_examples(
    workspace: Workspace, clean: Workspace, names: Sequence[str], is_cancelled: threading.Event
) -> None:
    """Lay out the examples that the pointers in a clean folder name, by links where it can be.

    What the cache lacks is fetched from the remote. Raises ``ConfigError`` where examples are
    not DVC's, ``ExamplesMissingError`` where neither cache nor remote has them, ``StorageError``
    where the disk is full.
    """
    require_dvc(clean)
    pointers = []
    for name in names:
        folder = clean.relative(clean.examples_path(name))
        if (clean.root / f"{folder}.dvc").is_file():
            pointers.append(f"{folder}.dvc")
        elif not is_stage_output(clean, name) and not clean.examples_path(name).is_dir():
            raise ConfigError(
                f"the examples of {name!r} were not DVC's then (there is no {folder}.dvc), so "
                f"that nothing can bring them back. Track those of today with: dvc add {folder}"
            )
    if not pointers:
        return
    said = dvc(clean, "checkout", *pointers, is_cancelled=is_cancelled)
    if said.returncode == 0:
        return
    remote = default_remote(workspace)
    if remote is not None:
        require_there(remote)
        said = dvc(clean, "pull", *pointers, is_cancelled=is_cancelled)
        if said.returncode == 0:
            return
    if is_full(said.text):
        raise refusal(said.text)
    if "Checkout failed" not in said.text and "Missing cache files" not in said.text:
        advice = f". {needs}" if (needs := needs_package(said.text)) else ""
        raise StorageError(f"DVC could not lay out {pointers[0]}: {said.error}{advice}")
    where = f"nor has the remote {remote.name!r}" if remote else "and there is no DVC remote"
    raise ExamplesMissingError(
        f"DVC's cache on this machine does not have the examples that {pointers[0]} names, "
        f"{where}. Get them from where they were imported (there: upwell push; here: upwell "
        "pull), or from a copy of that machine's .dvc/cache"
    )


def needs_package(said: str) -> str | None:
    """Return what to install where DVC says that a kind of remote needs it; else None."""
    found = re.search(r"requires '(dvc[\w-]+)' to be installed", said)
    return f"Install it with: pip install '{found[1]}'" if found else None


def dvc(workspace: Workspace, *arguments: str, is_cancelled: threading.Event | None = None) -> Said:
    """Run a DVC command to its end, or until it is cancelled; what it means is the caller's."""
    command = ("dvc", *arguments)
    return follow(workspace, *command, environment={"LC_ALL": "C.UTF-8"}, is_cancelled=is_cancelled)


def follow(
    workspace: Workspace,
    *arguments: str,
    environment: Mapping[str, str],
    is_cancelled: threading.Event | None = None,
    tell: Callable[[str], None] | None = None,
) -> Said:
    """Run a module of Python with arguments in a workspace, and return how it ended.

    tell: given all that it has written, some times a second. Ended, with all its children, where
    it is cancelled or where we are interrupted.
    """
    require_trust(workspace, _WHY)
    with tempfile.NamedTemporaryFile() as log:
        process = start_child(arguments, folder=workspace.root, output=log, environment=environment)
        try:
            while not _has_ended(process):
                if is_cancelled is not None and is_cancelled.is_set():
                    raise BuildCancelledError(CANCELLED)
                if tell is not None:
                    tell(_read(log.name))
        finally:
            if process.poll() is None:
                end_group(process.pid)
                process.wait()
        return Said(process.returncode, _read(log.name))


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")
