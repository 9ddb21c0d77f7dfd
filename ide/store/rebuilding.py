"""Building any revision in a clean folder: the working tree and the current build stay as they are.

DVC runs there with the workspace's cache, so what was built once is not trained again. The builds
go to an archive of their own, ``.upwell/at/builds/``; ``build_of.build_of_revision`` finds them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ide.dataset.errors import (
    BuildCancelledError,
    BuildError,
    DatasetNotFoundError,
    UpwellError,
)
from ide.store import git
from ide.store.adopting import adopt_elsewhere
from ide.store.build_of import build_of_revision, listed_at
from ide.store.build_process import names_to_build, new_run
from ide.store.builds import BuildInfo, other_builds_path
from ide.store.clean_folder import clean_folder, keep_measurements
from ide.store.dvc_examples import bring_examples
from ide.store.files import write_bytes
from ide.store.repro import cancellation, repro
from ide.store.revision_code import brings_code, lend_code
from ide.store.runs import Run, make_folder, new_run_id, progress_path, run_folder, save_run
from ide.store.trust import COMPILING, require_trust
from ide.store.workspace import Workspace

OnProgress = Callable[[str], None]


def build_at(
    workspace: Workspace,
    names: Sequence[str],
    revision: str,
    *,
    on_progress: OnProgress | None = None,
    is_cancelled: threading.Event | None = None,
) -> list[BuildInfo]:
    """Build datasets (none named: all that ``params.yaml`` lists there) as of a revision.

    A build that is kept already is returned as it is; one that DVC's cache or remote has is
    taken from there. May run beside a normal compile. The code is that of the revision where
    Upwell itself is developed (``revision_code``), else the installed one.

    is_cancelled: set it from elsewhere to end the build; None = SIGINT and SIGTERM do. Raises
    ``GitError`` for no revision, ``DatasetNotFoundError`` or ``ConfigError`` where a dataset
    cannot be built there, ``BuildCancelledError``, ``BuildError``, ``StorageError``.
    """
    require_trust(workspace, COMPILING)
    commit = git.resolve(workspace.root, revision)
    asked = list(names) or listed_at(workspace, commit)
    if asked and not brings_code(workspace, commit):
        known = [build_of_revision(workspace, name, commit) for name in asked]
        found = [build for build in known if build is not None]
        if len(found) == len(known):
            return found
    with event_of(is_cancelled) as event, clean_folder(workspace, commit) as clean:
        keep_measurements(workspace, clean)
        try:
            wanted = _names(clean, names, revision)
            seconds = build_in(workspace, clean, wanted, on_progress, event)
        except UpwellError as error:
            _keep_log(workspace, clean)
            _say_revision(error, revision)
            raise
        return [_keep(workspace, clean, name, commit, seconds) for name in wanted]


def build_in(
    workspace: Workspace,
    clean: Workspace,
    names: Sequence[str],
    on_progress: OnProgress | None,
    is_cancelled: threading.Event,
    *,
    options: Sequence[str] = (),
) -> float:
    """Run DVC in a clean folder for some datasets, and return the seconds it took."""
    for name in names:  # DVC wants to see what git does not keep: empty folders
        clean.edits_path(name).mkdir(exist_ok=True)
        clean.checks_path(name).mkdir(exist_ok=True)
    lend_code(workspace, clean)
    run = _begin(clean, names)
    if on_progress:
        on_progress("examples")
    bring_examples(workspace, clean, names, is_cancelled)
    repro(clean, run, is_cancelled, on_progress, options=options)
    return time.time() - run.started_at


def _begin(clean: Workspace, names: Sequence[str]) -> Run:
    run = new_run(new_run_id(), os.getpid(), names)
    make_folder(clean, run.run_id)
    progress_path(clean, run.run_id).touch()
    return save_run(clean, run)


def _names(clean: Workspace, names: Sequence[str], revision: str) -> list[str]:
    """Return the datasets to build, as ``params.yaml`` of the revision has them."""
    for name in names:
        clean.refuse_links(name)
    missing = [name for name in names if name not in clean.datasets()]
    if missing:
        known = ", ".join(clean.datasets()) or "none"
        error = DatasetNotFoundError(missing[0][:80], clean.datasets())
        error.args = (
            f"there is no dataset {missing[0][:80]!r} at revision {revision[:40]} (datasets "
            f"there: {known}). See when it came with: upwell log {missing[0][:80]}",
        )
        raise error
    return names_to_build(clean, list(names) or None)


def _say_revision(error: UpwellError, revision: str) -> None:
    """Have an error say at which revision it is; the files that it names are not those here."""
    if not isinstance(error, BuildCancelledError | DatasetNotFoundError):
        error.args = (f"at revision {revision[:40]}: {error}",)


def _keep(
    workspace: Workspace, clean: Workspace, name: str, commit: str, seconds: float
) -> BuildInfo:
    archive = other_builds_path(workspace, name)
    build = adopt_elsewhere(clean, name, archive, revision=commit, seconds=seconds)
    if build is None:
        raise BuildError(
            f"the build of {name!r} at revision {commit[:10]} is not one that this version of "
            "Upwell can read: files are missing, or of different builds"
        )
    return build


def _keep_log(workspace: Workspace, clean: Workspace) -> None:
    """Keep what DVC said of a build that failed; the clean folder goes."""
    logs = sorted(run_folder(clean, "").glob("*/dvc.log"))
    if logs:
        write_bytes(workspace.local_path / "at" / "dvc.log", logs[-1].read_bytes())


@contextmanager
def event_of(given: threading.Event | None) -> Iterator[threading.Event]:
    """Yield the event that cancels: the caller's, else one that SIGINT and SIGTERM set."""
    if given is not None:
        yield given
        return
    with cancellation() as event:
        yield event
