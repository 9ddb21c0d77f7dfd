"""Laying out what DVC's cache has of a commit: the examples, and the builds of its very labels."""

from __future__ import annotations

from ide.dataset.errors import ConfigError
from ide.store.adopting import adopt_build
from ide.store.build_of import build_of_revision
from ide.store.dvc import listed_datasets
from ide.store.dvc_examples import dvc
from ide.store.importing.tracking import is_tracked
from ide.store.moving import moving
from ide.store.runs import STAGES
from ide.store.untracked_parts import explain_untracked, untracked_parts
from ide.store.workspace import Workspace


def lay_out_data(workspace: Workspace) -> tuple[str, ...]:
    """Lay out the examples of all datasets, and builds where none of HEAD's labels is kept.

    Fetches nothing. Returns sentences on what the cache lacks. Raises ``BuildRunningError``.
    """
    with moving(workspace, "pull"):
        return _lay_out(workspace)


def _lay_out(workspace: Workspace) -> tuple[str, ...]:
    wanted_here = [
        path.parent.name
        for path in workspace.datasets_path.glob("*/examples.dvc")
        if not is_tracked(workspace, path.parent.name)
    ]
    # a checkout removes what the pointer does not name
    untracked = {name: untracked_parts(workspace, name) for name in wanted_here}
    notes = [explain_untracked(path) for paths in untracked.values() for path in paths]
    pointers = sorted(
        f"{workspace.relative(workspace.examples_path(name))}.dvc"
        for name in wanted_here
        if not untracked[name]
    )
    if pointers:
        said = dvc(workspace, "checkout", "--quiet", *pointers)
        if said.returncode != 0:
            notes.append(f"DVC could not lay out all examples: {said.error}")
    wanted = [name for name in listed_datasets(workspace) if _wants_build(workspace, name)]
    if wanted and (workspace.root / "dvc.lock").exists():
        for name in wanted:
            adopt_build(workspace, name)  # what lies there is kept before it goes
        stages = [f"{stage}@{name}" for name in wanted for stage in STAGES if stage != "fetch"]
        dvc(workspace, "checkout", "--quiet", "--force", *stages)
        for name in wanted:
            adopt_build(workspace, name)
    return tuple(notes)


def _wants_build(workspace: Workspace, name: str) -> bool:
    try:
        is_compiled = name in workspace.datasets() and workspace.config(name).is_compiled
        return is_compiled and build_of_revision(workspace, name, "HEAD") is None
    except ConfigError:  # said by status
        return False
