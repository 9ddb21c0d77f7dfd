"""Merging the descriptions that people and commands add to: ``dataset.toml``, ``params.yaml``.

Git merges lines, and stops where both sides have added at one place, as with a gate each. Here
the values say what the merge must be; the text is git's with both sides' lines kept, where it
says just that, else this side's with the new values put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ide.dataset.reading import parse_toml
from ide.store import git
from ide.store.yaml_text import parse_yaml

_ABSENT: Any = object()
_UNREADABLE = (ValueError, TOMLKitError, RecursionError)


class _DisagreeError(Exception):
    """Both sides have changed one value, differently; its text is the key."""


def merge_texts(root: Path, path: str, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Return the merged text of a file by its name; None where that is a question for a person."""
    read: Callable[[bytes], Any] | None = {".toml": _read_toml, ".yaml": _read_yaml}.get(
        Path(path).suffix
    )
    if read is None:
        return None
    try:
        wanted = merge_values(read(base), read(ours), read(theirs))
    except (_DisagreeError, *_UNREADABLE):
        return None
    if _has_rivals(wanted):
        return None
    for text in (_joined(root, base, ours, theirs), _with_values(path, ours, wanted)):
        try:
            if text is not None and read(text) == wanted:
                return text
        except _UNREADABLE:
            continue
    return None


def merge_values(base: Any, ours: Any, theirs: Any, key: str = "") -> Any:
    """Merge two values that come of one; raise ``_DisagreeError`` naming what both have changed.

    Of lists, what either side has added is there and what either has taken out is not, this
    side's own first.
    """
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        old = base if isinstance(base, dict) else {}
        merged = {}
        for name in dict.fromkeys((*ours, *theirs)):
            was, own, other = (side.get(name, _ABSENT) for side in (old, ours, theirs))
            value = merge_values(was, own, other, key=f"{key}.{name}".strip("."))
            if value is not _ABSENT:
                merged[name] = value
        return merged
    if isinstance(ours, list) and isinstance(theirs, list):
        was, here, there = (set(map(_key, side)) for side in (_listed(base), ours, theirs))
        kept = [x for x in ours if _key(x) in there or _key(x) not in was]
        return kept + [x for x in theirs if _key(x) not in here and _key(x) not in was]
    raise _DisagreeError(key)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _key(value: Any) -> Any:
    """Return what is equal for equal values of a list, so that thousands are compared at once."""
    if isinstance(value, dict):
        return frozenset((k, _key(v)) for k, v in value.items())
    return tuple(map(_key, value)) if isinstance(value, list) else value


def _has_rivals(values: Any) -> bool:
    """Whether a list of tables has two of one name, such as a gate that both sides changed."""
    lists = [v for v in values.values() if isinstance(v, list)] if isinstance(values, dict) else []
    for found in lists:
        names = [str(v["name"]) for v in found if isinstance(v, Mapping) and "name" in v]
        if len(names) != len(set(names)):
            return True
    return False


def _joined(root: Path, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Return git's merge of the lines with both sides' where they meet."""
    with TemporaryDirectory() as folder:
        paths = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            path = Path(folder) / name
            path.write_bytes(text if not text or text.endswith(b"\n") else text + b"\n")
            paths.append(str(path))
        result = git.attempt(root, "merge-file", "--union", "--stdout", *paths)
    return result.stdout if result.returncode == 0 else None


def _with_values(path: str, text: bytes, wanted: Any) -> bytes | None:
    """Return a TOML text with the top values that differ replaced; comments stay."""
    if not path.endswith(".toml"):
        return None
    document = tomlkit.parse(text.decode())
    now = _read_toml(text)
    for key, value in wanted.items():
        if now.get(key) != value:
            document[key] = value
    for key in now.keys() - wanted.keys():
        del document[key]
    return tomlkit.dumps(document).encode()


def _read_toml(text: bytes) -> Any:
    return parse_toml(text.decode())


def _read_yaml(text: bytes) -> Any:
    return parse_yaml(text) or {}
