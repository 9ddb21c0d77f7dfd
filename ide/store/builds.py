"""Finished builds: what people look at while another one runs, fails or is cancelled.

DVC writes ``builds/<name>/`` and removes from it what a running stage will write anew, so nobody
reads there. Every complete build is *adopted*: its files are linked into
``.upwell/builds/<name>/<build_id>/``, where nothing changes them under a reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from ide.dataset.errors import DamagedFileError, NoBuildError
from ide.dataset.reading import MOMENT, Shape
from ide.dataset.reviews import is_talk
from ide.dataset.schema import FLIPS, LABEL_ERRORS
from ide.store.build_tables import read_build_table
from ide.store.drill_file import drill_id, drills_path
from ide.store.edit_log import edits_revision as log_revision
from ide.store.edit_log import read_edits
from ide.store.files import read_json
from ide.store.inside import refuse_links_in
from ide.store.workspace import Workspace

N_KEPT = 20  # builds a dataset
# what a stage writes; a build is complete when all of it is there and of one build
BUILD_FILES = (
    "labels.parquet",
    "targets.parquet",
    "edits.parquet",
    "snapshot.json",
    "model.safetensors",
    "model.json",
    "dynamics.parquet",
    "predictions.parquet",
    "second_look.parquet",
    "suspects.parquet",
    "label_errors.parquet",
    "issues.parquet",
    "media.parquet",
    "slices.parquet",
    "metrics.json",
)
# what builds of older revisions lack, made by their own code
MAY_BE_YOUNGER = ("second_look.parquet", "label_errors.parquet", "media.parquet")
# what a whole build may lack, and what it then is: the first build is compared with none, and
# those made before there were estimates have none
_MAY_LACK = {"flips": FLIPS, "label_errors": LABEL_ERRORS}

# what readers rely on in a build's JSON; a key with a question mark may be absent or null
BUILD_JSON: Shape = {
    "build_id": str,
    "dataset": str,
    "finished_at": MOMENT,
    "revision?": str,
    "n_uncommitted_edits": int,
    "edits_revision": str,
    "n_edits": int,
    "seconds?": float,
    "compared_with?": str,
    "files?": {"*": [int]},
}
_ESTIMATE = {"value": float, "low": float, "high": float}
_PERHAPS = {"value?": float, "low?": float, "high?": float}  # null where nothing was counted
SHAPES: dict[str, Shape] = {
    "model.json": {
        "build_id": str,
        "classes": [str],
        "targets?": str,
        "configuration?": {"*": None},
        "inputs?": {"examples?": str},
        "seed?": int,
        "n_parameters?": int,
        "input_shape?": [int],
        "versions?": {"*": str},
        "metrics?": {"*": None},
        "normalisation?": {"*": None},
    },
    "metrics.json": {
        "build_id": str,
        "estimated_label_errors?": float,
        "n_examples?": int,  # builds of early versions do not say
        "splits": {
            "*": {"n": int, "accuracy": _ESTIMATE, "macro_f1?": float, "loss?": float},
        },
        "classes": [
            {"label": str, "split": str, "n": int, "precision?": _PERHAPS, "recall?": _PERHAPS},
        ],
        "confusion?": {"*": {"classes": [str], "counts": [[int]]}},
    },
    "snapshot.json": {
        **{"targets": str, "edits_revision": str, "n_edits": int, "drill?": str},
        "damage?": [{"path": str, "line": int, "message": str}],
        "ignored?": [{"edit_id": str, "example_id": str, "message": str}],
    },
}


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """One finished build of a dataset, and where its files lie."""

    build_id: str
    dataset: str
    path: Path
    finished_at: datetime  # UTC; when it became the current build
    revision: str | None  # git's HEAD then
    n_uncommitted_edits: int  # edits in the build that were not in that revision
    edits_revision: str  # hash of the ids of the edits in it
    n_edits: int
    seconds: float | None  # what the build took; None where nobody timed it
    compared_with: str | None  # the build that flips.parquet compares it with


def current_build(workspace: Workspace, name: str) -> BuildInfo | None:
    """Return the newest finished build of a dataset, or None where there is none yet.

    A build that somebody made with ``dvc repro`` or fetched with ``dvc pull`` is adopted first.
    """
    from ide.store.adopting import adopt_build
    from ide.store.compile_lock import is_compiling

    if not is_compiling(workspace):
        adopt_build(workspace, name)
    return next(iter(list_builds(workspace, name)), None)


def previous_build(workspace: Workspace, name: str) -> BuildInfo | None:
    """Return the build before the newest one, or None."""
    return next(iter(list_builds(workspace, name)[1:]), None)


def list_builds(workspace: Workspace, name: str) -> list[BuildInfo]:
    """Return the finished builds of a dataset that are kept, newest first.

    On the branch of a drill those of the drill, and everywhere else none of those.
    """
    return archived_builds(archive_path(workspace, name, drill_id(workspace, name)))


def archived_builds(archive: Path) -> list[BuildInfo]:
    """Return the builds in an archive, newest first."""
    found = []
    for path in archive.glob("[0-9a-f]*/build.json"):
        try:
            found.append(_read_info(path.parent, path.stat().st_mtime_ns))
        except FileNotFoundError:  # pruned this moment
            continue
        except DamagedFileError:  # it is adopted anew, or made
            continue
    return sorted(found, key=lambda b: (b.finished_at, b.build_id), reverse=True)


def require_build(workspace: Workspace, name: str) -> BuildInfo:
    """Return the newest finished build; raise ``NoBuildError`` where there is none."""
    build = current_build(workspace, workspace.require(name))
    if build is None:
        raise NoBuildError(name)
    return build


def build_table(build: BuildInfo, table: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file of a build by its name without the ending, such as ``suspects``.

    ``flips`` is empty where there was no build to compare with, ``label_errors`` where the build
    was made before there were any. Raises ``NoBuildError`` where the build is no longer kept.
    """
    path = build.path / f"{table}.parquet"
    wanted = None if columns is None else list(columns)
    try:
        return read_build_table(path, table, wanted)
    except FileNotFoundError:
        if table in _MAY_LACK and build.path.exists():
            empty = _MAY_LACK[table].empty_table()
            return empty if wanted is None else empty.select(wanted)
        raise NoBuildError(build.dataset) from None


def build_metrics(build: BuildInfo) -> dict[str, Any]:
    """Read a build's ``metrics.json``. Treat it as read-only."""
    return _read_json(build, "metrics.json")


def build_model(build: BuildInfo) -> dict[str, Any]:
    """Read a build's ``model.json``. Treat it as read-only."""
    return _read_json(build, "model.json")


def edits_since(workspace: Workspace, build: BuildInfo) -> int:
    """Count the edits by which the log now differs from the build's: new ones, or a branch's.

    Comments and reviews are left out: they say nothing that a build would be made anew for.
    """
    revision = log_revision(workspace, build.dataset)
    return _count_since(workspace, build.dataset, build.path, build.edits_revision, revision)


def archive_path(workspace: Workspace, name: str, drill: str | None) -> Path:
    """The folder of a dataset's finished builds, or of those of a drill; a folder a build."""
    return (
        drills_path(workspace) / drill / name if drill else workspace.local_path / "builds" / name
    )


def other_builds_path(workspace: Workspace, name: str) -> Path:
    """The folder of a dataset's builds of other revisions; see ``ide.store.rebuilding``."""
    return workspace.local_path / "at" / "builds" / name


@lru_cache(maxsize=32)
def _count_since(
    workspace: Workspace, name: str, path: Path, _edits_revision: str, _log_revision: str
) -> int:
    table = read_build_table(path / "edits.parquet", "edits", ["edit_id"])
    built = set(table["edit_id"].to_pylist())
    edits = {e.edit_id: e for e in read_edits(workspace, name).edits}
    return sum(not (i in edits and is_talk(edits[i], edits)) for i in edits.keys() ^ built)


@lru_cache(maxsize=256)
def _read_info(path: Path, _mtime_ns: int) -> BuildInfo:
    refuse_links_in(path)
    data = read_json(path / "build.json", BUILD_JSON)
    return BuildInfo(
        build_id=data["build_id"],
        dataset=data["dataset"],
        path=path,
        finished_at=datetime.fromtimestamp(data["finished_at"], UTC),
        revision=data.get("revision"),
        n_uncommitted_edits=data["n_uncommitted_edits"],
        edits_revision=data["edits_revision"],
        n_edits=data["n_edits"],
        seconds=data.get("seconds"),
        compared_with=data.get("compared_with"),
    )


def _read_json(build: BuildInfo, name: str) -> dict[str, Any]:
    try:
        path = build.path / name
        return _parse_json(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise NoBuildError(build.dataset) from None


@lru_cache(maxsize=64)
def _parse_json(path: Path, _mtime_ns: int) -> dict[str, Any]:
    value: dict[str, Any] = read_json(path, SHAPES[path.name])
    return value
