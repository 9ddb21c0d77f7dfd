"""The current build when a branch changes: one of these very labels where one is kept."""

from __future__ import annotations

from ide.dataset.errors import BuildError, ConfigError
from ide.store.builds import current_build, edits_since
from ide.store.drill_file import drill_in_force
from ide.store.workspace import Workspace


def keep_builds(workspace: Workspace) -> None:
    """Archive what lies in ``builds/``, before another branch's build takes its place."""
    for name in workspace.datasets():
        if workspace.build_path(name).is_dir():
            from ide.store.adopting import adopt_build

            adopt_build(workspace, name)


def follow_builds(workspace: Workspace) -> tuple[str, ...]:
    """Make the kept builds of HEAD's labels the current ones; say where there are none.

    On the branch of a drill its own builds are current anyway.
    """
    notes = []
    for name in workspace.datasets():
        current = current_build(workspace, name)
        if current is None or drill_in_force(workspace, name):
            continue
        from ide.store.adopting import make_current
        from ide.store.build_of import build_of_revision

        try:
            found = build_of_revision(workspace, name, "HEAD")
        except (BuildError, ConfigError):  # a dataset.toml that cannot be read: status says so
            continue
        if found is not None and found.path != current.path:
            make_current(workspace, found)
        elif found is None and (n := edits_since(workspace, current)):
            notes.append(
                f"the build of {name!r} that is shown is of other labels than these ({n:,} edits "
                f"differ); compile these with: upwell compile {name}"
            )
    return tuple(notes)
