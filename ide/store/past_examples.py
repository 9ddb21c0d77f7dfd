"""The examples as they were at some revision: by DVC's pointer, out of DVC's cache on this machine.

Git has only a pointer (``examples.dvc``, or an entry of ``dvc.lock``); the parts themselves lie in
DVC's cache, where it has them. Parts never change in place, so only those are read that one side
has and the other has not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.changes import Imported
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store import git
from ide.store.dvc_cache import cache_path, cached_file, cached_folder
from ide.store.examples import example_parts
from ide.store.files import read_parquet
from ide.store.state import imported_table
from ide.store.workspace import Workspace

_COLUMNS = (EXAMPLE_ID, LABEL, SPLIT)
_BARE = pa.schema([(name, pa.string()) for name in _COLUMNS])
# in dvc.lock, of a stage's outs or deps: after the path what DVC knows of it
_UP_TO_MD5 = r"(?:\s+(?!- )\S.*\n)*?\s+md5: (\w{32}\.dir)"
_Listing = Mapping[tuple[str, str], Path]  # (a part's name, what tells it from others) → its file
_MD5 = re.compile(r"^[\s-]*md5: ([0-9a-f]{32}\.dir)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a revision says of a dataset's examples.

    ``revision`` None: the files now. ``is_there``: whether there is such a dataset at all.
    ``md5``: DVC's name of the folder of examples, None where DVC does not keep them there.
    """

    revision: str | None
    is_there: bool
    md5: str | None


@dataclass(frozen=True, slots=True)
class _Side:
    """A pointer, and the parts that it leads to."""

    pointer: Pointer
    parts: _Listing


@dataclass(frozen=True, slots=True)
class ExampleDiff:
    """Which examples two sides do not share, and what came anew with other values.

    added, removed: ``example_id, label, split`` as imported, by id. was, now: what some examples
    of both sides were imported with, by id. note: why it is not known, "" where it is.
    """

    added: pa.Table
    removed: pa.Table
    was: Mapping[str, Imported]
    now: Mapping[str, Imported]
    note: str = ""


def diff_examples(
    workspace: Workspace, name: str, a: str | None, b: str | None, touched: Iterable[str]
) -> ExampleDiff:
    """Compare the examples of commit ``a`` (None: before all of them) with those of ``b``.

    b: None = the files now. touched: examples whose imported values are asked for besides.
    """
    before, after = pointers(workspace, name, [a, b])
    if a is None:
        before = Pointer(None, is_there=False, md5=None)
    ids = set(touched)
    if not (before.md5 or after.md5) or _is_same(before, after):
        values = imported_values(workspace, name, ids)
        nothing = _BARE.empty_table()
        return ExampleDiff(nothing, nothing, values, values)
    sides = [_listing(workspace, name, side) for side in (before, after)]
    if None in sides:
        values = imported_values(workspace, name, ids)
        missing = [s for s, found in zip((before, after), sides, strict=True) if found is None]
        nothing = _BARE.empty_table()
        return ExampleDiff(nothing, nothing, values, values, _unknown(name, missing[0]))
    own, other = _Side(before, sides[0] or {}), _Side(after, sides[1] or {})
    return _compare(workspace, name, own, other, ids)


def pointers(workspace: Workspace, name: str, commits: Sequence[str | None]) -> tuple[Pointer, ...]:
    """Return what commits say of a dataset's examples; None stands for the files now.

    One call of git for all of them.
    """
    repo = git.repository(workspace.root)
    paths = [f"datasets/{name}/dataset.toml", f"datasets/{name}/examples.dvc", "dvc.lock"]
    wanted = [f"{c}:{repo.path(path)}" for c in commits if c for path in paths]
    blobs = git.read_blobs(workspace.root, wanted)
    found = []
    for commit in commits:
        texts = [
            blobs.get(f"{commit}:{repo.path(path)}") if commit else _bytes(workspace.root / path)
            for path in paths
        ]
        found.append(Pointer(commit, texts[0] is not None, _md5(name, texts[1], texts[2])))
    return tuple(found)


def parts_at(workspace: Workspace, name: str, commit: str) -> list[Path] | str:
    """Return the files of the examples at a commit, in order; or a sentence why nobody has them.

    Those of the working tree where DVC's pointer is the same, or where DVC keeps none of them.
    """
    then, now = pointers(workspace, name, [commit, None])
    if not then.is_there:
        return f"dataset {name!r} is not in {commit[:10]}"
    if then.md5 is None or then.md5 == now.md5:
        return example_parts(workspace, name)
    listing = _listing(workspace, name, then)
    if listing is None or not all(path.exists() for path in listing.values()):
        return f"the examples of {name!r} at {_not_here(then)}"
    return [listing[key] for key in sorted(listing)]


def _is_same(before: Pointer, after: Pointer) -> bool:
    return before.md5 == after.md5 and before.is_there == after.is_there


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _md5(name: str, pointer: bytes | None, lock: bytes | None) -> str | None:
    """Return DVC's name of the examples, of a ``.dvc`` file or else of ``dvc.lock``."""
    if pointer is not None:
        found = _MD5.search(pointer.decode(errors="replace"))
        return found[1] if found else None
    entry = re.search(
        rf"- path: datasets/{re.escape(name)}/examples\n{_UP_TO_MD5}",
        (lock or b"").decode(errors="replace"),
    )
    return entry[1] if entry else None


def _listing(workspace: Workspace, name: str, pointer: Pointer) -> _Listing | None:
    """Return (part's name, what tells it from others) → its file; None where nobody knows here.

    A part of the files now is told by DVC's name of it where its size says that it is that one.
    """
    if not pointer.is_there:
        return {}
    known = _cached_listing(workspace, pointer.md5) if pointer.md5 else None
    parts = example_parts(workspace, name) if pointer.revision is None else []
    if pointer.revision is not None or not parts:
        return known
    own: dict[tuple[str, str], Path] = {}
    by_name = {part: (md5, path) for (part, md5), path in (known or {}).items()}
    for path in parts:
        size = path.stat().st_size
        md5, cached = by_name.get(path.name, ("", path))
        is_it = bool(md5) and (not cached.exists() or cached.stat().st_size == size)
        own[(path.name, md5 if is_it else f"{size} bytes")] = path
    return own


def _cached_listing(workspace: Workspace, md5: str) -> _Listing | None:
    """Return what DVC's cache knows of a folder; None where it does not know it."""
    cache = cache_path(workspace)
    parts = cached_folder(cache, md5)
    if parts is None:
        return None
    return {(part, md5): cached_file(cache, md5) for part, md5 in parts.items()}


def _compare(
    workspace: Workspace, name: str, before: _Side, after: _Side, touched: set[str]
) -> ExampleDiff:
    """Read the parts that one side has alone, and what else was asked for."""
    alone = [
        {key: path for key, path in one.parts.items() if key not in other.parts}
        for one, other in ((before, after), (after, before))
    ]
    both = {key: path for key, path in after.parts.items() if key in before.parts}
    files = {path.name: path for path in example_parts(workspace, name)}
    old, new = (_read(own, files) for own in alone)
    nothing = _BARE.empty_table()
    if old is None or new is None:
        values = imported_values(workspace, name, touched)
        lacking = before.pointer if old is None else after.pointer
        return ExampleDiff(nothing, nothing, values, values, _unknown(name, lacking))
    in_new = pc.is_in(old[EXAMPLE_ID], value_set=new[EXAMPLE_ID].combine_chunks())
    in_old = pc.is_in(new[EXAMPLE_ID], value_set=old[EXAMPLE_ID].combine_chunks())
    was, now = _values(old.filter(in_new)), _values(new.filter(in_old))
    moved = {i for i in now if was[i] != now[i]}
    rest = _read(both, files) if touched - was.keys() else None
    shared = {} if rest is None else _values_in(rest, touched)
    kept = touched | moved
    return ExampleDiff(
        added=new.filter(pc.invert(in_old)).sort_by(EXAMPLE_ID),
        removed=old.filter(pc.invert(in_new)).sort_by(EXAMPLE_ID),
        was=shared | _values_in(old, kept),
        now=shared | _values_in(new, kept),
    )


def _read(parts: _Listing, files: Mapping[str, Path]) -> pa.Table | None:
    """Read the ids, labels and splits of parts; None where one of them is not here."""
    tables = [_BARE.empty_table()]
    for (part, _), path in sorted(parts.items()):
        # a part of that name in the working tree is the same: parts never change in place
        source = path if path.exists() else files.get(part)
        if source is None:
            return None
        tables.append(read_parquet(source, _COLUMNS, schema=_BARE))
    return pa.concat_tables(tables, promote_options="permissive").select(_COLUMNS)


def imported_values(workspace: Workspace, name: str, ids: Iterable[str]) -> dict[str, Imported]:
    """Return what some examples of the working tree were imported with; who is not there, lacks."""
    wanted = set(ids)
    if not wanted or name not in workspace.datasets():  # a diff may be of one that is gone
        return {}
    return _values_in(imported_table(workspace, name), wanted)


def _values_in(table: pa.Table, ids: set[str]) -> dict[str, Imported]:
    mask = pc.is_in(table[EXAMPLE_ID], value_set=pa.array(sorted(ids), pa.string()))
    return _values(table.filter(mask))


def _values(table: pa.Table) -> dict[str, Imported]:
    columns = (table[name].to_pylist() for name in _COLUMNS)
    return {i: Imported(label, split) for i, label, split in zip(*columns, strict=True)}


def _unknown(name: str, side: Pointer) -> str:
    """Say that nobody can tell here which examples there were, and what to do."""
    said = f"which examples of {name!r} were added or removed is not known: "
    if side.md5 is None:
        return (
            f"{said}{_place(side)} has no pointer of DVC's to them "
            f"(datasets/{name}/examples.dvc, or dvc.lock)"
        )
    return f"{said}those of {_not_here(side)}"


def _not_here(side: Pointer) -> str:
    return (
        f"{_place(side)} (DVC's folder {side.md5}) are not in DVC's cache on this machine. "
        "Get them with: dvc fetch --all-commits"
    )


def _place(side: Pointer) -> str:
    return side.revision[:10] if side.revision else "the working tree"
