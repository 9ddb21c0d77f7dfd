"""The examples when a branch changes: git moves DVC's pointer, and the parts have to follow it.

Looked at before anything changes: parts that DVC does not know would be lost by a checkout, and
parts that the cache lacks could not be laid out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ide.dataset.errors import GitError
from ide.store import git
from ide.store.dvc_cache import cache_path, cached_file, cached_folder
from ide.store.examples import example_parts
from ide.store.files import write_bytes
from ide.store.workspace import Workspace

_POINTER = re.compile(r"datasets/([^/]+)/examples\.dvc")
_MD5 = re.compile(rb"^([\s-]*md5: )([0-9a-f]{32}\.dir)[ \t]*$", re.MULTILINE)
_COUNTS = {"size": rb"^(\s*size: )\d+", "nfiles": rb"^(\s*nfiles: )\d+"}


def is_pointer(path: str) -> bool:
    """Whether a path of the workspace is DVC's pointer to a dataset's examples."""
    return _POINTER.fullmatch(path) is not None


def moved_examples(workspace: Workspace, revision: str) -> list[str]:
    """Return the datasets whose examples at a commit are others than at HEAD, by the pointers.

    Raises ``GitError`` where the parts that lie here, or those of the commit, are not in DVC's
    cache; where none lie here (a clone that never pulled), there is nothing to lose.
    """
    root = workspace.root
    out = git.run(root, "diff-tree", "-r", "-z", "--name-only", "--relative", "HEAD", revision)
    if not any(is_pointer(path) for path in os.fsdecode(out).split("\0")):
        return []
    here, there = (_pointers(workspace, r) for r in ("HEAD", revision))
    moved = sorted(name for name, md5 in there.items() if md5 != here.get(name))
    for name in moved:
        if example_parts(workspace, name):
            _require_kept(workspace, name, there[name], is_known=name in here)
    return moved


def lay_out_examples(workspace: Workspace, names: Collection[str]) -> tuple[str, ...]:
    """Have DVC lay out the parts that the pointers name; return sentences where it cannot."""
    if not names:
        return ()
    from ide.store.dvc_examples import dvc  # slow to import, and mostly not needed

    notes = []
    for name in names:
        folder = workspace.relative(workspace.examples_path(name))
        said = dvc(workspace, "checkout", "--quiet", f"{folder}.dvc")
        if said.returncode != 0:
            notes.append(
                f"the examples of {name!r} on this branch are not in DVC's cache on this machine. "
                f"Get them with: upwell pull (or: dvc pull {folder}.dvc)"
            )
    return tuple(notes)


def join_pointers(
    workspace: Workspace, name: str, base: bytes | None, ours: bytes, theirs: bytes
) -> bytes | None:
    """Return the pointer to the parts of both sides, kept in DVC's cache; None: it cannot be.

    Imports only add parts, so nothing has to be asked: a part stays that both sides have or one
    side has added.
    """
    cache = cache_path(workspace)
    parts = [{} if text is None else _parts(cache, _md5(text)) for text in (base, ours, theirs)]
    if any(found is None for found in parts):
        lacking = "there" if parts[2] is None else "here"
        raise GitError(
            f"both branches imported examples of {name!r}, and DVC's cache on this machine lacks "
            f"the list of those {lacking}. Bring it with: dvc fetch --all-commits "
            f"datasets/{name}/examples.dvc, then merge"
        )
    before, own, other = (found or {} for found in parts)
    if any(own[p] != other[p] for p in own.keys() & other.keys()):
        return None
    joined = {
        path: md5
        for path, md5 in {**own, **other}.items()
        if path not in before or (path in own and path in other)
    }
    rows = [{"md5": joined[path], "relpath": path} for path in sorted(joined)]
    data = json.dumps(rows, sort_keys=True).encode()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir"
    if any(not cached_file(cache, part).exists() for part in joined.values()):
        raise GitError(
            f"both branches imported examples of {name!r}, and DVC's cache on this machine lacks "
            f"some. Bring them with: dvc fetch --all-commits datasets/{name}/examples.dvc, then "
            "merge"
        )
    if not cached_file(cache, md5).exists():
        write_bytes(cached_file(cache, md5), data)
        cached_file(cache, md5).chmod(0o444)  # as DVC keeps them
    counts = {
        "size": sum(cached_file(cache, part).stat().st_size for part in joined.values()),
        "nfiles": len(joined),
    }
    text = _MD5.sub(rb"\g<1>" + md5.encode(), ours, count=1)
    for key, pattern in _COUNTS.items():
        text = re.sub(pattern, rb"\g<1>%d" % counts[key], text, count=1, flags=re.MULTILINE)
    return text


def _pointers(workspace: Workspace, revision: str) -> dict[str, str]:
    """Return dataset → the name of its examples' folder in DVC's cache, at a commit."""
    root = workspace.root
    files = git.list_files(git.repository(root), root, revision, "datasets")
    blobs = {m[1]: blob for path, blob in files.items() if (m := _POINTER.fullmatch(path))}
    texts = git.read_blobs(root, blobs.values())
    found = {name: _md5(texts.get(blob, b"")) for name, blob in blobs.items()}
    return {name: md5 for name, md5 in found.items() if md5}


def _require_kept(workspace: Workspace, name: str, md5: str, *, is_known: bool) -> None:
    from ide.store.importing.tracking import is_tracked

    folder = workspace.relative(workspace.examples_path(name))
    if is_known and not is_tracked(workspace, name):
        raise GitError(
            f"the examples in {folder} are not those that {folder}.dvc names, and going to "
            f"another branch would lose them. If they are right: dvc add {folder}, then upwell "
            f"commit; if not: dvc checkout {folder}.dvc"
        )
    cache = cache_path(workspace)
    parts = _parts(cache, md5)
    if parts is None or any(not cached_file(cache, part).exists() for part in parts.values()):
        raise GitError(
            f"the examples of {name!r} are others there, and DVC's cache on this machine lacks "
            f"them. Bring them first, with: dvc fetch --all-commits {folder}.dvc"
        )


def _md5(text: bytes) -> str | None:
    found = _MD5.search(text)
    return found[2].decode() if found else None


def _parts(cache: Path, md5: str | None) -> dict[str, str] | None:
    """Return part → its name in the cache; None where the cache lacks the list."""
    return cached_folder(cache, md5) if md5 else None


def duplicated_ids(workspace: Workspace, names: Collection[str]) -> Mapping[str, int]:
    """Return, by dataset, how many example ids stand in more than one row."""
    from ide.dataset.schema import EXAMPLE_ID
    from ide.store.examples import read_examples

    found = {}
    for name in names:
        ids = read_examples(workspace, name, [EXAMPLE_ID])[EXAMPLE_ID]
        found[name] = len(ids) - len(ids.unique())
    return {name: n for name, n in found.items() if n}
