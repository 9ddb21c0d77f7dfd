"""Handing the parts to DVC, unless a stage of the pipeline makes them."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from ide.dataset.errors import StorageError
from ide.store.children import start_child
from ide.store.examples import example_parts
from ide.store.trust import IMPORTING, require_trust
from ide.store.workspace import Workspace
from ide.store.yaml_text import parse_yaml

_TIMEOUT_S = 3600


def track_examples(workspace: Workspace, name: str) -> bool:
    """Have DVC track a dataset's parts; return whether there was anything to do.

    Raises ``StorageError`` if DVC cannot: the dataset is whole all the same.
    """
    if is_stage_output(workspace, name) or is_tracked(workspace, name):
        return False
    from ide.store.dvc import tidy_locks  # slow to import, and mostly not needed

    tidy_locks(workspace)
    folder = workspace.relative(workspace.examples_path(name))
    require_trust(workspace, IMPORTING)
    command = ["dvc", "add", "--quiet", folder]
    try:
        with start_child(
            command, folder=workspace.root, output=subprocess.PIPE, environment=None
        ) as process:
            said, _ = process.communicate(timeout=_TIMEOUT_S)
        problem = said.decode(errors="replace").strip().splitlines()
        is_failed = process.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        problem, is_failed = [str(error)], True
    if is_failed:
        why = next((line for line in problem if line.startswith("ERROR")), "".join(problem[-1:]))
        raise StorageError(
            f"{name!r} is imported and whole, but DVC could not track its examples "
            f"({why.removeprefix('ERROR: ')[:200] or 'it gave no reason'}). "
            f"When that is mended, run: dvc add {folder}"
        )
    return True


def is_tracked(workspace: Workspace, name: str) -> bool:
    """Whether DVC's pointer counts the parts that are there, by number and bytes."""
    pointer = _read_yaml(workspace, f"{workspace.relative(workspace.examples_path(name))}.dvc")
    parts = example_parts(workspace, name)
    outs = pointer.get("outs")
    out = outs[0] if isinstance(outs, list) and outs and isinstance(outs[0], dict) else {}
    size = sum(path.stat().st_size for path in parts)
    return out.get("nfiles") == len(parts) and out.get("size") == size


def is_stage_output(workspace: Workspace, name: str) -> bool:
    """Whether a stage of ``dvc.yaml`` makes the examples of this dataset."""
    stages = _read_yaml(workspace, "dvc.yaml").get("stages")
    wanted = workspace.relative(workspace.examples_path(name))
    for stage in stages.values() if isinstance(stages, dict) else ():
        body = stage.get("do", stage) if isinstance(stage, dict) else {}
        outs = body.get("outs") if isinstance(body, dict) else None
        for out in outs if isinstance(outs, list) else ():
            path = next(iter(out), None) if isinstance(out, dict) else out
            if isinstance(path, str) and (path == wanted or _names(stage, path, name, wanted)):
                return True
    return False


def _names(stage: dict[str, Any], path: str, name: str, wanted: str) -> bool:
    """Whether a path with ``${item}`` in it is the wanted one for one of the stage's items."""
    if re.sub(r"\$\{item[^}]*\}", name, path) != wanted:
        return False
    items = stage.get("foreach") or stage.get("matrix")
    values = items.values() if isinstance(items, dict) else [items]
    return any(isinstance(v, list) and name in v for v in values) or any(
        isinstance(v, str) for v in values
    )


def _read_yaml(workspace: Workspace, path: str) -> dict[str, Any]:
    """Read a file of DVC's; what cannot be read is DVC's to complain of."""
    try:
        loaded = parse_yaml((workspace.root / path).read_bytes())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
