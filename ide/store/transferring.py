"""Data to DVC's remote and from there: how far it is, and why the remote refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ide.dataset.errors import ConfigError, StorageError
from ide.store.dvc_config import Remote, require_there
from ide.store.dvc_examples import Said, follow, needs_package
from ide.store.dvc_paths import require_path_for_dvc
from ide.store.named_data import Named, manifest
from ide.store.workspace import Workspace

_DONE = re.compile(r"(\d+)/(\d+) \[")
_MOVED = re.compile(r"(\d+) files? (?:pushed|fetched)")


def transfer(
    workspace: Workspace,
    named: Sequence[Named],
    remote: Remote,
    *,
    direction: str,
    on_progress: Callable[[str], None],
) -> int:
    """Push or fetch what is named, and what the run cache says of it; return how many files moved.

    direction: ``push`` or ``fetch``. What is there already is not sent again, so a second try
    goes on where the first ended. Raises ``StorageError`` or ``ConfigError`` naming the remote.
    """
    require_there(remote)
    if remote.folder is not None:
        advice = f"Name another one, with: dvc remote modify {remote.name} url FOLDER"
        require_path_for_dvc(remote.folder, f"the remote {remote.name!r}", advice)
    where = f"to {remote.name!r}" if direction == "push" else f"from {remote.name!r}"
    doing = f"data {where}"
    on_progress(doing)

    def tell(text: str) -> None:
        counts = [(int(n), int(m)) for n, m in _DONE.findall(text) if int(m) > 1]
        on_progress(f"{doing}, {counts[-1][0]:,} of {counts[-1][1]:,} files" if counts else doing)

    with manifest(workspace, named) as folder:
        job = ("ide.store.dvc_jobs", direction)
        said = follow(folder, *job, environment={"DVC_IGNORE_ISATTY": "1"}, tell=tell)
    if said.returncode != 0:
        raise _refusal(said, remote, direction)
    moved = _MOVED.search(said.text)
    return int(moved[1]) if moved else 0


def _refusal(said: Said, remote: Remote, direction: str) -> StorageError | ConfigError:
    """Turn what DVC says of a remote into a sentence with what to do next."""
    what = f"the DVC remote {remote.name!r} ({remote.url})"
    again = f"What is there stays there, and upwell {'push' if direction == 'push' else 'pull'} "
    again += "goes on where this ended"
    text = said.text
    if "No space left on device" in text or "Disk quota exceeded" in text:
        whose = what if direction == "push" else "the disk of this machine"
        return StorageError(f"{whose} is full. Free some space, and try again. {again}")
    if "Read-only file system" in text or "Permission denied" in text or "AccessDenied" in text:
        return StorageError(
            f"{what} does not let you {'write' if direction == 'push' else 'read'}. Ask for the "
            f"rights, or name another one, with: dvc remote modify. {again}"
        )
    if needs := needs_package(text):
        return ConfigError(f"{what} is of a kind that needs a package more. {needs}")
    if "credential" in text.lower():
        return ConfigError(f"{what} wants credentials, and found none that fit. {again}")
    return StorageError(f"{what} is gone, or broke off: {said.error}. {again}")
