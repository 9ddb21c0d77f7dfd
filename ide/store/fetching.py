"""A build of a revision made elsewhere, or before: from DVC's cache or remote, not made."""

from __future__ import annotations

import json
from collections.abc import Callable

from ide.store import git
from ide.store.adopting import adopt_elsewhere
from ide.store.build_of import Sources, build_of_revision, sources_at
from ide.store.builds import BuildInfo, other_builds_path
from ide.store.clean_folder import clean_folder
from ide.store.dvc_config import default_remote
from ide.store.dvc_examples import dvc
from ide.store.named_data import lacking, named_by
from ide.store.runs import STAGES
from ide.store.transferring import transfer
from ide.store.workspace import Workspace


def fetch_build(
    workspace: Workspace,
    name: str,
    revision: str,
    *,
    on_progress: Callable[[str], None] | None = None,
) -> BuildInfo | None:
    """Return the build of a revision that is kept, or that its ``dvc.lock`` names; run nothing.

    None where neither this machine nor DVC's remote has it, and where ``dvc.lock`` is of other
    labels than the revision's, as after a commit of labels that nobody had compiled; then
    ``rebuilding.build_at`` finds it in the run cache, or makes it. Raises ``GitError`` for no
    revision, ``StorageError`` where the remote is gone.
    """
    commit = git.resolve(workspace.root, revision)
    known = build_of_revision(workspace, name, commit)
    if known is not None:
        return known
    named = [n for n in named_by(workspace, commit) if n.path.startswith(f"builds/{name}/")]
    missing = lacking(workspace, named)
    if missing and (remote := default_remote(workspace)) is not None:
        tell = on_progress or (lambda _: None)
        transfer(workspace, missing, remote, direction="fetch", on_progress=tell)
        missing = lacking(workspace, missing)
    if missing or not named:
        return None
    with clean_folder(workspace, commit) as clean:
        stages = [f"{stage}@{name}" for stage in STAGES if stage != "fetch"]
        said = dvc(clean, "checkout", "--quiet", *stages)
        wanted = sources_at(workspace, name, commit)
        if said.returncode != 0 or wanted is None or _sources(clean, name) != wanted:
            return None
        archive = other_builds_path(workspace, name)
        return adopt_elsewhere(clean, name, archive, revision=commit, seconds=None)


def _sources(clean: Workspace, name: str) -> Sources | None:
    """Return what the build that lies in a folder says it was made of."""
    folder = clean.build_path(name)
    try:
        model = json.loads((folder / "model.json").read_bytes())
        edits = json.loads((folder / "snapshot.json").read_bytes())["edits_revision"]
        return Sources.of_model(edits, model)
    except (OSError, ValueError, KeyError):
        return None
