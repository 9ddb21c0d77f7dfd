"""Adopting a build: from the folder that DVC writes to the archive that people read.

The files are hard-linked first and looked at then, so that a ``dvc repro`` by hand that changes
the folder meanwhile can at worst make the links a mixture, which is recognised and dropped.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ide.dataset.errors import BuildError, DamagedFileError, GitError
from ide.dataset.schema import EXAMPLE_ID
from ide.dataset.two_builds import Side, compare_builds
from ide.store.builds import (
    BUILD_FILES,
    BUILD_JSON,
    MAY_BE_YOUNGER,
    N_KEPT,
    SHAPES,
    BuildInfo,
    archive_path,
    archived_builds,
    build_model,
    build_table,
)
from ide.store.compile_lock import folder_lock
from ide.store.files import (
    read_json,
    read_parquet,
    read_schema,
    storage_errors,
    write_json,
    write_parquet,
)
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
    archive = archive_path(workspace, name, _drill(workspace.build_path(name)))
    known = archived_builds(archive)
    stamp = _stamp(workspace.build_path(name))
    if stamp is None or _is_adopted(known, stamp):
        return known[0] if known else None
    with _linked(workspace, name, seconds) as linked:
        if linked.is_whole and linked.target is not None:
            _replace(linked.links, linked.target)
        _prune(archive)
    found = archived_builds(archive)
    return found[0] if found else None


def adopt_together(
    workspace: Workspace, names: Sequence[str], *, seconds: float | None
) -> list[BuildInfo]:
    """Archive the builds that one run has made of several datasets: all of them, or none.

    What has its place loses it again where a later one is refused. Raises ``BuildError`` for a
    build that is not whole, ``StorageError`` where the disk refuses.
    """
    with ExitStack() as held, ExitStack() as undone:
        found = [held.enter_context(_linked(workspace, name, seconds)) for name in names]
        for name, linked in zip(names, found, strict=True):
            if not linked.is_whole:
                raise BuildError(
                    f"the build of {name!r} is not whole: files in builds/{name}/ are missing or "
                    "of different builds. Make it anew with: "
                    f"dvc repro --force check@{name} evaluate@{name}"
                )
        for linked in found:
            if linked.target is not None:
                with storage_errors(linked.target, "keep the build in"):
                    undone.callback(_replace(linked.links, linked.target))
        undone.pop_all()
        for linked in found:
            _prune(linked.archive)
        return [archived_builds(linked.archive)[0] for linked in found]


@dataclass(frozen=True, slots=True)
class _Linked:
    """A build's files, linked beside its archive; ``target`` None: they are there already."""

    archive: Path
    links: Path
    is_whole: bool
    target: Path | None


@contextmanager
def _linked(workspace: Workspace, name: str, seconds: float | None) -> Iterator[_Linked]:
    """Link ``builds/<name>/`` beside its archive, with all that is to go into it; hold its lock."""
    source = workspace.build_path(name)
    drill = _drill(source)
    archive = archive_path(workspace, name, drill)
    with ExitStack() as held:
        with storage_errors(archive, "keep the build in"):
            held.enter_context(folder_lock(archive))
            known, stamp = archived_builds(archive), _stamp(source)
            new = tempfile.TemporaryDirectory(dir=archive, prefix=".new-")
            links = Path(held.enter_context(new))
            is_known = stamp is not None and _is_adopted(known, stamp)
            identity = None
            if stamp is not None and not is_known and _link_all(source, links):
                identity = _identity(links)
            if stamp is None or identity is None or _drill(links) != drill:
                linked = _Linked(archive, links, is_known, None)
            else:
                _complete(
                    workspace, name, links, identity, known=known, stamp=stamp, seconds=seconds
                )
                linked = _Linked(archive, links, is_whole=True, target=archive / identity.build_id)
        yield linked


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
        drill = read_json(folder / "snapshot.json", {"drill?": str}).get("drill")
    except (FileNotFoundError, NotADirectoryError, DamagedFileError):
        return None
    return drill if isinstance(drill, str) and drill.isalnum() else None


def _is_adopted(known: list[BuildInfo], stamp: dict[str, list[int]]) -> bool:
    if not known:
        return False
    try:
        facts = read_json(known[0].path / "build.json", BUILD_JSON)
    except (FileNotFoundError, DamagedFileError):
        return False
    return bool(facts.get("files") == stamp)


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
        names = ("model.json", "metrics.json", "snapshot.json")
        model, metrics, snapshot = (read_json(folder / n, SHAPES[n]) for n in names)
        build_ids = {model["build_id"], metrics["build_id"]}
        targets = {model["targets"], snapshot["targets"]}
        for file in BUILD_FILES:
            is_lacking = file in MAY_BE_YOUNGER and not (folder / file).exists()
            if file.endswith(".parquet") and not is_lacking:
                metadata = read_schema(folder / file).metadata or {}
                if file in ("labels.parquet", "targets.parquet", "edits.parquet"):
                    targets.add(metadata[b"upwell.targets"].decode())
                else:
                    build_ids.add(metadata[b"upwell.build_id"].decode())
    # half-written, damaged, or of another program
    except (KeyError, ValueError, FileNotFoundError, DamagedFileError):
        return None
    if len(build_ids) != 1 or len(targets) != 1:
        return None
    return _Identity(build_ids.pop(), snapshot["edits_revision"], snapshot["n_edits"])


def _complete(
    workspace: Workspace,
    name: str,
    links: Path,
    identity: _Identity,
    *,
    known: list[BuildInfo],
    stamp: dict[str, list[int]],
    seconds: float | None,
) -> None:
    """Write beside the links what an archived build has besides: its flips and ``build.json``."""
    base = known[0] if known else None
    compared_with = base.build_id if base else None
    if base is not None and base.build_id == identity.build_id:  # only what people judged is new
        compared_with = base.compared_with
        seconds = seconds if base.seconds is None else base.seconds
    elif base is not None:
        try:
            metadata = {"upwell.build_id": identity.build_id}
            write_parquet(links / "flips.parquet", _flips(base, links), metadata=metadata)
        except DamagedFileError:  # the build before is damaged: that is what this one mends
            compared_with = None
    revision, n_uncommitted = _revision(workspace, name, links)
    facts = _facts(name, identity, revision, n_uncommitted, seconds)
    write_json(links / "build.json", {**facts, "compared_with": compared_with, "files": stamp})


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


def _replace(links: Path, target: Path) -> Callable[[], None]:
    """Give the links their place, and return what takes it from them again.

    Where there is that build, its files are renewed: people may have judged since.
    """
    refuse_links(target)
    if not target.exists():
        links.rename(target)
        links.mkdir()  # the caller removes it
        return lambda: shutil.rmtree(target)
    before = links / ".before"
    before.mkdir()
    for path in target.iterdir():
        _link(path, before / path.name)
    fresh = [path for path in links.iterdir() if path != before]

    def put_back() -> None:
        for path in fresh:
            if not (before / path.name).exists():
                (target / path.name).unlink(missing_ok=True)
        for path in _last_build_json(before.iterdir()):
            path.replace(target / path.name)

    try:
        for path in _last_build_json(fresh):
            path.replace(target / path.name)
    except OSError:
        put_back()
        raise
    return put_back


def _last_build_json(paths: Iterable[Path]) -> list[Path]:
    """Order files so that who lists builds sees new facts when the files are there."""
    return sorted(paths, key=lambda p: (p.name == "build.json", p.name))


def _flips(base: BuildInfo, links: Path) -> pa.Table:
    predicted = [EXAMPLE_ID, "predicted"]
    classes = read_json(links / "model.json", SHAPES["model.json"])["classes"]
    then = Side(
        build_table(base, "targets"),
        build_table(base, "predictions", predicted),
        build_model(base)["classes"],
    )
    now = Side(
        read_parquet(links / "targets.parquet"),
        read_parquet(links / "predictions.parquet", columns=predicted),
        classes,
    )
    return compare_builds(then, now).flips


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
