"""Clean folders: a revision's files laid out beside the working tree, to be built there.

They lie in ``.upwell/at/work/``, a numbered place each, so that DVC knows a place's files again.
A place belongs to whoever holds its lock; what a killed process left is taken away by the next.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.errors import BuildRunningError, GitError
from ide.store import git
from ide.store.dvc import end_group, runs_dvc
from ide.store.dvc_config import write_clean_config
from ide.store.file_lock import file_lock
from ide.store.files import storage_errors
from ide.store.inside import make_folders, refuse_linked_parts, refuse_links
from ide.store.runs import load_run
from ide.store.workspace import Workspace

N_PLACES = 4  # builds of other revisions at the same time
KEPT_BETWEEN = ("features", "media")  # what is measured of examples is the same at all revisions


@contextmanager
def clean_folder(workspace: Workspace, commit: str) -> Iterator[Workspace]:
    """Yield a workspace with the files of a commit and nothing else, and remove it afterwards.

    All files of the repository are there, since links and ``dvc.yaml`` may lead out of the
    workspace's own folder. DVC's cache and remotes are the workspace's. Raises ``GitError``
    where the commit has no workspace, ``BuildRunningError`` where all places are taken.
    """
    repo = git.repository(workspace.root)
    with _place(workspace) as place:
        _clear(place, repo.prefix)
        try:
            with storage_errors(place, "write"):
                make_folders(place)
            _lay_out(workspace, commit, place)
            root = place / repo.prefix
            if not (root / "datasets").is_dir() or not (root / "dvc.yaml").is_file():
                raise GitError(
                    f"there was no workspace at {commit[:10]} yet: it has no datasets/ or no "
                    "dvc.yaml. List the commits of datasets with: upwell log"
                )
            refuse_linked_parts(root)
            write_clean_config(workspace, root)
            yield Workspace(root)
        finally:
            _clear(place, repo.prefix)


def keep_measurements(workspace: Workspace, clean: Workspace) -> None:
    """Let a clean folder share with the next ones what is measured of examples once."""
    clean.local_path.mkdir(exist_ok=True)
    for name in KEPT_BETWEEN:
        shared = workspace.local_path / "at" / name
        make_folders(shared)
        (clean.local_path / name).symlink_to(shared)


def overlay(workspace: Workspace, clean: Workspace, paths: Sequence[str]) -> None:
    """Lay files of the working tree over a clean folder; one that is gone there goes here."""
    for path in paths:
        source, target = workspace.root / path, clean.root / path
        with storage_errors(target, "write"):
            refuse_links(target.parent)
            if target.is_symlink() or target.is_file():
                target.unlink()
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)


def tidy_places(workspace: Workspace) -> None:
    """End and remove what killed processes left in places that nobody holds.

    Cheap where there is nothing.
    """
    left = [path for path in _places(workspace).glob("[0-9]") if path.is_dir()]
    prefix = git.repository(workspace.root).prefix if left else ""
    for place in left:
        with file_lock(place.with_suffix(".lock")) as handle:
            if handle is not None:
                _clear(place, prefix)


@contextmanager
def _place(workspace: Workspace) -> Iterator[Path]:
    """Hold the first place that is free."""
    folder = _places(workspace)
    for number in range(N_PLACES):
        with file_lock(folder / f"{number}.lock") as handle:
            if handle is not None:
                yield folder / str(number)
                return
    raise BuildRunningError(
        f"{N_PLACES} builds of other revisions are running already in this workspace; wait for "
        "one of them to end"
    )


def _places(workspace: Workspace) -> Path:
    return workspace.local_path / "at" / "work"


def _clear(place: Path, prefix: str) -> None:
    """Remove a place's files, and first end what a killed build left running in it."""
    if not place.exists():
        return
    run = load_run(Workspace(place / prefix))
    if run is not None and run.group is not None and runs_dvc(run.group):
        end_group(run.group)
    refuse_links(place)
    with storage_errors(place, "remove"):
        shutil.rmtree(place)


def _lay_out(workspace: Workspace, commit: str, place: Path) -> None:
    """Write the files of a commit, by an index of its own: the person's is not touched.

    The workspace is trusted: whoever builds has asked (``require_trust``).
    """
    index = {"GIT_INDEX_FILE": str(place.with_suffix(".index"))}
    top = git.repository(workspace.root).root
    try:
        git.run(top, "read-tree", commit, environment=index, is_ours=True)
        files = ("checkout-index", "--all", f"--prefix={place}/")
        git.run(top, *files, environment=index, is_ours=True)  # with the filters of the clone
    finally:
        place.with_suffix(".index").unlink(missing_ok=True)
