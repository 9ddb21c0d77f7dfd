"""What data commits name: DVC's pointers and locks of some revisions, as one list to transfer.

DVC can push what the working tree names, or all of history. Between the two lies what is wanted:
exactly what the commits that are about to be pushed name. It is written as the one pointer of a
workspace of its own, for one DVC call, whatever ``.dvc/config`` was in those commits.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ide.store import git
from ide.store.dvc_cache import cache_path, cached_file, cached_folder, is_name
from ide.store.dvc_config import write_clean_config
from ide.store.files import storage_errors, write_text
from ide.store.inside import make_folders
from ide.store.workspace import Workspace
from ide.store.yaml_text import parse_yaml


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder that DVC keeps, as a pointer names it. ``path``: in the workspace."""

    md5: str  # ends in .dir for a folder
    path: str
    size: int | None
    n_files: int

    @property
    def is_build(self) -> bool:
        """Whether it can be made again from what git and the examples have."""
        return self.path.startswith("builds/")


def named_by(workspace: Workspace, revision: str, *exclude: str) -> list[Named]:
    """Return what a commit names, and what those before it do that ``exclude`` does not reach.

    exclude: as ``git rev-list`` takes it, such as ``--not --remotes=origin``; none = the commit
    alone. Two git calls, however many commits. Each content once, the newest path of it.
    """
    root, repo = workspace.root, git.repository(workspace.root)
    blobs = {path: blob for path, blob in _files(repo, root, revision).items() if _names(path)}
    wanted = [(blob, path) for path, blob in blobs.items()]
    if exclude:
        said = git.run(root, "rev-list", "--objects", revision, *exclude)
        for line in os.fsdecode(said).splitlines():
            blob, _, path = line.partition(" ")
            if path.startswith(repo.prefix) and _names(path.removeprefix(repo.prefix)):
                wanted.append((blob, path.removeprefix(repo.prefix)))
    texts = git.read_blobs(root, [blob for blob, _ in wanted])
    return _unique(
        named for blob, path in wanted for named in read_names(texts.get(blob, b""), path)
    )


def named_here(workspace: Workspace) -> list[Named]:
    """Return what ``dvc.lock`` of the working tree names: the latest builds."""
    lock = workspace.root / "dvc.lock"
    return read_names(lock.read_bytes(), "dvc.lock") if lock.exists() else []


def read_names(text: bytes, path: str) -> list[Named]:
    """Return what a pointer or a lock names; a damaged one names nothing."""
    try:
        loaded = parse_yaml(text)
    except ValueError:
        return []
    data = loaded if isinstance(loaded, dict) else {}
    if path == "dvc.lock":
        stages = data.get("stages")
        listed = stages.values() if isinstance(stages, dict) else ()
        outs = [o for stage in listed if isinstance(stage, dict) for o in _list(stage.get("outs"))]
        return [n for out in outs if (n := _named(out, str(out.get("path"))))]
    folder = path.rpartition("/")[0]
    outs = _list(data.get("outs"))
    return [n for out in outs if (n := _named(out, f"{folder}/{out.get('path')}"))]


@contextmanager
def manifest(workspace: Workspace, named: Iterable[Named]) -> Iterator[Workspace]:
    """Yield a folder that DVC takes for a workspace which names exactly these, with our cache."""
    folder = workspace.local_path / "at"
    with storage_errors(folder, "write to"):
        make_folders(folder)
        made = tempfile.TemporaryDirectory(dir=folder, prefix="transfer-")
    with made as path:
        clean = Workspace(Path(path))
        write_clean_config(workspace, clean.root)
        outs = [_out(n, str(number)) for number, n in enumerate(named)]
        write_text(clean.root / "data.dvc", json.dumps({"outs": outs}))  # JSON is YAML
        yield clean


def lacking(workspace: Workspace, named: Iterable[Named]) -> list[Named]:
    """Return what DVC's cache on this machine does not have, wholly or in part."""
    cache = cache_path(workspace)

    def is_whole(md5: str) -> bool:
        if not md5.endswith(".dir"):
            return cached_file(cache, md5).exists()
        parts = cached_folder(cache, md5)
        return parts is not None and all(map(is_whole, parts.values()))

    return [n for n in named if not is_whole(n.md5)]


def _files(repo: git.Repository, root: Path, revision: str) -> dict[str, str]:
    found = git.list_files(repo, root, revision, "datasets")
    return found | git.list_files(repo, root, revision, "dvc.lock")


def _names(path: str) -> bool:
    """Whether a file of the workspace is a lock or a pointer of DVC."""
    return path == "dvc.lock" or (path.startswith("datasets/") and path.endswith(".dvc"))


def _unique(found: Iterable[Named]) -> list[Named]:
    by_content: dict[str, Named] = {}
    for named in found:
        by_content.setdefault(named.md5, named)
    return list(by_content.values())


def _named(out: Mapping[str, Any], path: str) -> Named | None:
    md5, is_kept = out.get("md5"), out.get("cache", True)
    if not isinstance(md5, str) or not is_name(md5) or not is_kept:
        return None
    size, n_files = out.get("size"), out.get("nfiles")
    n_files = n_files if isinstance(n_files, int) else 1
    return Named(md5, path, size if isinstance(size, int) else None, n_files)


def _out(named: Named, path: str) -> dict[str, Any]:
    out: dict[str, Any] = {"md5": named.md5, "hash": "md5", "path": path}
    if named.size is not None:
        out["size"] = named.size
    return out | ({"nfiles": named.n_files} if named.md5.endswith(".dir") else {})


def _list(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
