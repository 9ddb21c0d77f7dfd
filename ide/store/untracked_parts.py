"""Parts of a dataset that DVC's pointer does not name, as an import leaves that was ended early.

A part comes in by one rename, and only then is DVC told of it. Until it is, the part is on this
machine alone: no clone would get its examples, and a checkout of DVC's would remove them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ide.dataset.errors import GitError, ImportRefusedError
from ide.store import git
from ide.store.dvc_cache import cache_path, cached_folder
from ide.store.examples import example_parts
from ide.store.file_lock import HIDDEN_IMPORTS, IMPORT_LOCK, file_lock
from ide.store.workspace import Workspace

_MD5 = re.compile(rb"^[\s-]*md5: ([0-9a-f]{32}\.dir)\s*$", re.MULTILINE)
_SIZE = re.compile(rb"^\s*size: (\d+)\s*$", re.MULTILINE)
_N_FILES = re.compile(rb"^\s*nfiles: (\d+)\s*$", re.MULTILINE)
_PATIENCE_S = 10.0  # for an import that is at its end


@dataclass(frozen=True, slots=True)
class PartsBesidePointer:
    """How a dataset's parts differ from those that DVC's pointer names; names of files."""

    untracked: tuple[str, ...] = ()  # they lie here, and the pointer does not name them
    missing: tuple[str, ...] = ()  # the pointer names them, and they are not here


def compare_with_pointer(workspace: Workspace, name: str) -> PartsBesidePointer:
    """Compare the parts that lie here with DVC's pointer; costs a few ``stat`` where they agree.

    Where no part lies here at all (a clone that has not pulled), nothing differs yet.
    """
    parts = example_parts(workspace, name)
    if not parts:
        return PartsBesidePointer()
    folder = workspace.examples_path(name)
    here = tuple(path.name for path in parts)
    try:
        pointer = folder.with_name("examples.dvc").read_bytes()
    except OSError:
        return PartsBesidePointer(here if _is_left_to_dvc(workspace, name) else ())
    n_files, size = _number(_N_FILES, pointer), _number(_SIZE, pointer)
    if n_files == len(parts) and size == sum(path.stat().st_size for path in parts):
        return PartsBesidePointer()
    md5 = _MD5.search(pointer)
    named = cached_folder(cache_path(workspace), md5[1].decode()) if md5 else None
    if named is None:  # which they are cannot be told; that they are more can
        return PartsBesidePointer(here if n_files is not None and len(parts) > n_files else ())
    return PartsBesidePointer(
        tuple(part for part in here if part not in named),
        tuple(sorted(path for path in named if not (folder / path).exists())),
    )


def untracked_parts(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Return the parts that DVC does not know, as paths in the workspace."""
    folder = workspace.relative(workspace.examples_path(name))
    return tuple(f"{folder}/{part}" for part in compare_with_pointer(workspace, name).untracked)


def explain_untracked(path: str) -> str:
    """Say of a part that DVC does not know what that means, and what to do."""
    return (
        f"{path}: DVC does not know this part, since the import that brought it was ended early; "
        "other clones would lack its examples. Have it tracked with: upwell commit"
    )


def track_parts(workspace: Workspace, names: Collection[str]) -> None:
    """Have DVC track the parts that it does not know, so that no commit names examples it lacks.

    What a killed import left half-done is taken back; a running one is waited for. Raises
    ``ImportRefusedError`` where it takes long or parts that the pointer names are gone, and
    ``StorageError`` where DVC refuses.
    """
    if any(workspace.datasets_path.glob(HIDDEN_IMPORTS)):
        from ide.store.importing.lock import undo_killed_imports  # slow, seldom needed

        undo_killed_imports(workspace)
    if not any(compare_with_pointer(workspace, name).untracked for name in names):
        return
    from ide.store.importing.tracking import track_examples
    from ide.store.params import list_dataset  # slow to import, and mostly not needed

    with file_lock(workspace.local_path / IMPORT_LOCK, patience_s=_PATIENCE_S) as handle:
        if handle is None:
            raise ImportRefusedError(
                "an import is running, and its examples are not tracked by DVC yet; wait for it "
                "to end, then commit"
            )
        for name in names:
            if compare_with_pointer(workspace, name).untracked:
                require_all_parts(workspace, name)
                if not workspace.examples_path(name).with_name("examples.dvc").exists():
                    list_dataset(workspace, name)  # the import did not come that far
                track_examples(workspace, name)


def require_all_parts(workspace: Workspace, name: str) -> None:
    """Raise ``ImportRefusedError`` where the pointer names parts that are not here.

    Tracking what is here would drop them from the pointer.
    """
    found = compare_with_pointer(workspace, name)
    if not found.missing:
        return
    folder = workspace.relative(workspace.examples_path(name))
    aside = f"move {found.untracked[0]} out of it, then " if found.untracked else ""
    raise ImportRefusedError(
        f"{folder}.dvc names {found.missing[0]}, which is not in {folder} on this machine. "
        f"Bring it back first: {aside}run upwell pull{', and move it in again' if aside else ''} "
        f"(or, if it shall be gone for good: dvc add {folder})"
    )


def refuse_untracked_parts(workspace: Workspace, doing: str) -> None:
    """Raise ``GitError`` where parts lie here that no pointer names: a checkout would lose them."""
    for name in workspace.datasets():
        if found := untracked_parts(workspace, name):
            raise GitError(
                f"{found[0]} is a part that DVC does not know, since the import that brought it "
                f"was ended early, and a {doing} could lose its examples. Keep them with: upwell "
                f"commit, then {doing}"
            )


def _is_left_to_dvc(workspace: Workspace, name: str) -> bool:
    """Whether parts without a pointer should have one: no stage makes them, git has them not."""
    if not (workspace.root / ".dvc").is_dir():
        return False
    from ide.store.importing.tracking import is_stage_output

    if is_stage_output(workspace, name):
        return False
    folder = workspace.relative(workspace.examples_path(name))
    found = git.attempt(workspace.root, "ls-files", "--", folder)
    return found.returncode == 0 and not found.stdout.strip()


def _number(pattern: re.Pattern[bytes], pointer: bytes) -> int | None:
    found = pattern.search(pointer)
    return int(found[1]) if found else None
