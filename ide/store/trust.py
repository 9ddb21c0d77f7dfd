"""Trust: whether a person has said that code of a workspace may run on this machine.

A workspace is a program: its ``dvc.yaml`` has commands, its datasets may have checks of their own,
its git may have hooks and filters. So one that came from somewhere else is looked at, labelled,
queried and compared as data, and nothing of it runs until a person has said so, once a clone.
See docs/trust.md and docs/decisions/078-trust-is-asked-once-a-clone.md.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from ide.dataset.errors import StorageError, UntrustedError
from ide.dataset.reading import parse_json
from ide.store.files import storage_errors, write_json
from ide.store.workspace import Workspace

COMPILING = "compiling runs the commands of its dvc.yaml and its datasets' own checks"
IMPORTING = "importing has DVC keep the examples by the settings that are in it"
COMMITTING = "committing runs the hooks and filters of its git"
MOVING = "going to other commits runs the hooks and filters of its git"
EXCHANGING = "exchanging with others goes to the addresses, and by the programs, that it names"
VARIABLE = "UPWELL_TRUST"  # "1": every workspace, for CI and containers; none can set it itself
_TOKEN_BYTES = 16


def is_trusted(root: Path) -> bool:
    """Whether code of the workspace at ``root`` may run; of a clean folder, its workspace's."""
    if os.environ.get(VARIABLE) == "1":
        return True
    root = root.resolve()
    owners = (parent.parent for parent in root.parents if parent.name == ".upwell")
    return any(_is_recorded(folder) for folder in (root, *owners))


def require_trust(workspace: Workspace, why: str) -> None:
    """Raise ``UntrustedError`` where code of a workspace may not run.

    why: what of it would run, and when, such as "compiling runs the commands of its dvc.yaml".
    """
    if not is_trusted(workspace.root):
        raise UntrustedError(workspace.root, why)


def trust(workspace: Workspace) -> None:
    """Note that code of a workspace may run, as long as it is this very clone.

    Raises ``StorageError`` where that cannot be kept.
    """
    root = workspace.root.resolve()
    path = _record_path(root)
    if path is None:
        raise StorageError(
            f"there is no folder of yours outside of {root} to keep your trust in; "
            f"set the variable {VARIABLE}=1 instead"
        )
    token = secrets.token_hex(_TOKEN_BYTES)
    write_json(_token_path(root), {"token": token})
    with storage_errors(path, "write"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_json(path, {"workspace": str(root), "token": token})
    with storage_errors(path, "write"):
        path.chmod(0o600)


def revoke(workspace: Workspace) -> None:
    """Take the trust in a workspace back; one that has none stays so."""
    path = _record_path(workspace.root.resolve())
    if path is not None:
        with storage_errors(path, "remove"):
            path.unlink(missing_ok=True)


def _is_recorded(root: Path) -> bool:
    path = _record_path(root)
    if path is None:
        return False
    record, token = _read(path), _read(_token_path(root)).get("token")
    return token is not None and record == {"workspace": str(root), "token": token}


def _token_path(root: Path) -> Path:
    """Return the file that tells this clone from another folder at the same place."""
    git_path = root / ".git"
    return git_path / "upwell-trust.json" if git_path.is_dir() else root / ".upwell" / "trust.json"


def _record_path(root: Path) -> Path | None:
    """Return where trust in a workspace is kept; None where that would be in the workspace."""
    given = Path(os.environ.get("XDG_CONFIG_HOME") or "")
    try:
        folder = given if given.is_absolute() else Path("~/.config").expanduser()
    except RuntimeError:  # an account without a home
        return None
    if not folder.is_absolute() or folder.resolve().is_relative_to(root):
        return None
    name = hashlib.blake2b(os.fsencode(root), digest_size=16).hexdigest()
    return folder / "upwell" / "trusted" / f"{name}.json"


def _read(path: Path) -> dict[str, object]:
    """Return what a file of ours holds; one that is not there or is torn holds nothing."""
    try:
        found = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
