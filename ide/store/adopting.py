"""Adopting a build: from the folder that DVC writes to the archive that people read.

The files are hard-linked first and looked at then, so that a ``dvc repro`` by hand that changes
the folder meanwhile can at worst make the links a mixture, which is recognised and dropped.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import GitError
from ide.dataset.flips import flips
from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import (
    BUILD_FILES,
    MAY_BE_YOUNGER,
    N_KEPT,
    BuildInfo,
    archive_path,
    archived_builds,
    build_table,
)
from ide.store.compile_lock import folder_lock
from ide.store.files import read_parquet, storage_errors, write_json, write_parquet
from ide.store.git import head_revision
from ide.store.inside import is_data, make_folders, refuse_links, remove_folder
from ide.store.past_edits import edits_at
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Identity:
    """What says that the files are one build."""

    build_id: str
    edits_revision: str
    n_edits: int


def adopt_build(
    workspace: Workspace, name: str, *, seconds: float | None = None
) -> BuildInfo | None:
    """Archive ``builds/<name>/`` if it is a complete build that is not current yet.

    Returns the newest build of the archive that it belongs to, a drill's or the dataset's own,
    or None where there is none. Safe to call from several processes at once. ``seconds``: what
    making it took, where that is known.
    """
    drill = _drill(workspace.build_path(name))
    archive = archive_path(workspace, name, drill)
    known = archived_builds(archive)
    stamp = _stamp(workspace.build_path(name))
    if stamp is None or _is_adopted(known, stamp):
        return known[0] if known else None
    with folder_lock(archive):
        known = archived_builds(archive)
        if _is_adopted(known, stamp):
            return known[0]
        with tempfile.TemporaryDirectory(dir=archive, prefix=".new-") as folder:
            links = Path(folder)
            if _link_all(workspace.build_path(name), links):
                identity = _identity(links)
                if identity is not None and _drill(links) == drill:
                    _move_in(
                        workspace,
                        name,
                        links,
                        archive / identity.build_id,
                        identity,
                        known=known,
                        stamp=stamp,
                        seconds=seconds,
                    )
        _prune(archive)
    found = archived_builds(archive)
    return found[0] if found else None


def adopt_elsewhere(
    clean: Workspace, name: str, archive: Path, *, revision: str, seconds: float | None
) -> BuildInfo | None:
    """Archive the build in a clean folder among those of other revisions, and return it.

    revision: the commit that the folder was laid out from, and nothing else. None where the
    files are no whole build.
    """
    with folder_lock(archive):
        with tempfile.TemporaryDirectory(dir=archive, prefix=".new-") as folder:
            links = Path(folder)
            _link_what_is_there(clean.build_path(name), links)
            identity = _identity(links)
            if identity is None:
                return None
            facts = _facts(name, identity, revision, 0, seconds)
            write_json(links / "build.json", {**facts, "compared_with": None, "files": None})
            target = archive / f"{identity.build_id}-{revision[:10]}"
            _replace(links, target)
        _prune(archive)
    return next(b for b in archived_builds(archive) if b.path == target)


def restore_build(workspace: Workspace, name: str) -> bool:
    """Put the files of the newest build back into ``builds/<name>/``; False if there is none.

    They are links to the archive's files, times and all, so that DVC knows them again. It is
    never a drill's: what a drill has left in the folder is taken away.
    """
    builds = archived_builds(archive_path(workspace, name, None))
    target = workspace.build_path(name)
    if not builds and _drill(target):
        for file in BUILD_FILES:
            (target / file).unlink(missing_ok=True)
    if not builds:
        return False
    _put_back(builds[0], target)
    return True


def make_current(workspace: Workspace, build: BuildInfo) -> BuildInfo | None:
    """Have a kept build be the current one again, as after a switch to a branch that it is of.

    It is compared with the one that was. None where its files are not those of a whole build of
    this version.
    """
    _put_back(build, workspace.build_path(build.dataset))
    return adopt_build(workspace, build.dataset, seconds=build.seconds)


def _put_back(build: BuildInfo, target: Path) -> None:
    """Link a kept build's files to where DVC writes."""
    with storage_errors(target, "restore"):
        make_folders(target)
        for file in BUILD_FILES:
            source, path = build.path / file, target / file
            if not source.exists():  # of a build made before there was such a file
                path.unlink(missing_ok=True)
                continue
            if path.exists() and path.samefile(source):
                continue
            temporary = target / f".{file}.restored"
            temporary.unlink(missing_ok=True)
            _link(source, temporary)
            temporary.replace(path)


def _stamp(folder: Path) -> dict[str, list[int]] | None:
    """Return size and time of each of a build's files; None where one is missing."""
    try:
        stats = {file: (folder / file).stat() for file in BUILD_FILES}
    except (FileNotFoundError, NotADirectoryError):
        return None
    return {file: [stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()}


def _drill(folder: Path) -> str | None:
    """Return the drill that a build was made in, from what its snapshot says; None = in none."""
    try:
        drill = json.loads((folder / "snapshot.json").read_bytes()).get("drill")
    except (OSError, ValueError, AttributeError):
        return None
    return drill if isinstance(drill, str) and drill.isalnum() else None


def _is_adopted(known: list[BuildInfo], stamp: dict[str, list[int]]) -> bool:
    if not known:
        return False
    facts = json.loads((known[0].path / "build.json").read_text(encoding="utf-8"))
    return bool(facts["files"] == stamp)


def _link_all(source: Path, target: Path) -> bool:
    try:
        for file in BUILD_FILES:
            _link(source / file, target / file)
    except FileNotFoundError:
        return False
    return True


def _link(source: Path, target: Path) -> None:
    """Link a file itself, also where DVC has put a symbolic link to its cache, which it clears."""
    refuse_links(source.parent if is_data(source) else source)
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copy2(source, target)


def _link_what_is_there(source: Path, target: Path) -> None:
    """Link the files of a build, also of one that was made before there were some of them."""
    for file in BUILD_FILES:
        if (source / file).exists():
            _link(source / file, target / file)


def _identity(folder: Path) -> _Identity | None:
    """Return what the files say they are, or None where they are not all of one build."""
    try:
        model = json.loads((folder / "model.json").read_bytes())
        metrics = json.loads((folder / "metrics.json").read_bytes())
        snapshot = json.loads((folder / "snapshot.json").read_bytes())
        build_ids = {model["build_id"], metrics["build_id"]}
        targets = {model["targets"], snapshot["targets"]}
        for file in BUILD_FILES:
            is_lacking = file in MAY_BE_YOUNGER and not (folder / file).exists()
            if file.endswith(".parquet") and not is_lacking:
                metadata = pq.read_schema(folder / file).metadata or {}
                if file in ("labels.parquet", "targets.parquet", "edits.parquet"):
                    targets.add(metadata[b"upwell.targets"].decode())
                else:
                    build_ids.add(metadata[b"upwell.build_id"].decode())
    except (KeyError, TypeError, ValueError, OSError):  # half-written, or of another program
        return None
    if len(build_ids) != 1 or len(targets) != 1:
        return None
    return _Identity(build_ids.pop(), snapshot["edits_revision"], snapshot["n_edits"])


def _move_in(
    workspace: Workspace,
    name: str,
    links: Path,
    target: Path,
    identity: _Identity,
    *,
    known: list[BuildInfo],
    stamp: dict[str, list[int]],
    seconds: float | None,
) -> None:
    """Give the links their place, or, where the build is known, renew what may have changed."""
    base = known[0] if known else None
    compared_with = base.build_id if base else None
    if base is not None and base.build_id == identity.build_id:  # only what people judged is new
        compared_with = base.compared_with
        seconds = seconds if base.seconds is None else base.seconds
    elif base is not None:
        metadata = {"upwell.build_id": identity.build_id}
        write_parquet(links / "flips.parquet", _flips(base, links), metadata=metadata)
    revision, n_uncommitted = _revision(workspace, name, links)
    facts = _facts(name, identity, revision, n_uncommitted, seconds)
    write_json(links / "build.json", {**facts, "compared_with": compared_with, "files": stamp})
    _replace(links, target)


def _facts(
    name: str,
    identity: _Identity,
    revision: str | None,
    n_uncommitted: int,
    seconds: float | None,
) -> dict[str, Any]:
    """Return what ``build.json`` says of a build, wherever it is kept."""
    return {
        "build_id": identity.build_id,
        "dataset": name,
        "finished_at": time.time(),
        "revision": revision,
        "n_uncommitted_edits": n_uncommitted,
        "edits_revision": identity.edits_revision,
        "n_edits": identity.n_edits,
        "seconds": None if seconds is None else round(seconds, 2),
    }


def _replace(links: Path, target: Path) -> None:
    """Give the links their place; where there is that build, renew its files."""
    refuse_links(target)
    if not target.exists():
        links.rename(target)
        links.mkdir()  # the caller removes it
        return
    # build.json goes last: who lists builds sees the new facts when the files are there
    for path in sorted(links.iterdir(), key=lambda p: (p.name == "build.json", p.name)):
        path.replace(target / path.name)


def _flips(base: BuildInfo, links: Path) -> pa.Table:
    predicted = [EXAMPLE_ID, "predicted"]
    return flips(
        base_labels=build_table(base, "targets"),
        base_predictions=build_table(base, "predictions", predicted),
        labels=read_parquet(links / "targets.parquet"),
        predictions=read_parquet(links / "predictions.parquet", columns=predicted),
    )


def _revision(workspace: Workspace, name: str, links: Path) -> tuple[str | None, int]:
    """Return git's HEAD, and how many of the build's edits it does not have."""
    ids = set(read_parquet(links / "edits.parquet", columns=["edit_id"])["edit_id"].to_pylist())
    try:
        revision = head_revision(workspace.root)
        if revision and ids:
            ids -= {edit.edit_id for edit in edits_at(workspace, name, revision)}
    except GitError:  # a workspace without git builds all the same
        return None, len(ids)
    return revision, len(ids)


def _prune(archive: Path) -> None:
    """Remove what is older than the builds that are kept, and what a killed adoption left."""
    for build in archived_builds(archive)[N_KEPT:]:
        doomed = build.path.with_name(f".old-{build.path.name}")
        build.path.rename(doomed)
        remove_folder(doomed)
    for left in (*archive.glob(".old-*"), *archive.glob(".new-*")):
        remove_folder(left)
