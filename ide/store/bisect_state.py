"""A bisection on disk: what is sought, what is known so far, how far it is, how it ended.

``.upwell/bisect.json`` tells of the latest one; ``.upwell/bisects/<bisect_id>/`` holds its log and
how far the build is that it makes.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ide.dataset.bisection import BAD, GOOD, group, search
from ide.dataset.errors import DamagedFileError
from ide.dataset.reading import MOMENT, PID, Shape
from ide.store.bisect_path import Stop
from ide.store.files import is_folder_name, read_json, storage_errors, write_json
from ide.store.inside import make_folders, remove_folder
from ide.store.workspace import Workspace

N_KEPT = 5  # folders of bisections past
_STOP: Shape = {
    **dict.fromkeys(("revision", "came_from", "author", "committed_at", "message", "key"), str),
    **dict.fromkeys(("n_edits", "n_changes"), int),
    "parents": [str],
    "note?": str,
}
_VERDICT: Shape = {
    **dict.fromkeys(("verdict", "revision"), str),
    **dict.fromkeys(("value?", "low?", "high?", "seconds?"), float),
    **{"n?": int, "is_close?": bool, "says?": str, "build_id?": str, "is_kept?": bool},
}
_SHAPE: Shape = {
    **dict.fromkeys(("bisect_id", "state", "dataset", "good", "bad", "good_name"), str),
    **dict.fromkeys(("bad_name", "gate", "gate_line", "metric", "doubt"), str),
    **{"probing?": str, "message?": str, "bound": float, "is_at_most": bool},
    **{"started_at": MOMENT, "pid": PID, "pid_started_at?": MOMENT, "finished_at?": MOMENT},
    **{"n_built": int, "n_left?": int, "n_builds_left?": int, "exit_code": int},
    "culprits": [str],
    "notes": [str],
    "legs": [{"good": str, "bad": str, "good_key": str, "stops": [_STOP], "merge?": str}],
    "verdicts": {"*": _VERDICT},
}
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one revision; ``verdict`` is ``skipped`` where it cannot be built."""

    verdict: str
    revision: str  # that was judged; those of the same key are equal
    value: float | None = None
    low: float | None = None  # the value's 95 % interval
    high: float | None = None
    n: int = 0  # examples that it is judged by
    is_close: bool = False  # the bound lies within the interval
    says: str = ""
    build_id: str | None = None
    is_kept: bool = False  # the build was there already
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One way that is searched: from good to bad, or what a merge brought from its other side.

    ``good_key``: what training sees at ``good``; a verdict is known by key.
    """

    good: str
    bad: str
    good_key: str
    stops: tuple[Stop, ...]
    merge: str | None = None  # the merge whose other side this is

    @property
    def candidates(self) -> list[Stop]:
        """The stops that training sees a difference at, in order: position 1 … n."""
        groups = group([self.good_key, *(stop.key for stop in self.stops)])
        firsts = [g != before for g, before in zip(groups[1:], groups, strict=False)]
        return [stop for stop, is_first in zip(self.stops, firsts, strict=True) if is_first]

    @property
    def keys(self) -> list[str]:
        """The key of each position, 0 … n."""
        return [self.good_key, *(stop.key for stop in self.candidates)]


@dataclass(frozen=True, slots=True)
class Bisect:
    """One bisection.

    ``verdicts`` are by key. ``probing``: the revision that is being built, None = none.
    ``culprits``: the commit that broke it; several where what cannot be built lies between.
    """

    bisect_id: str
    state: str  # running, done, failed, cancelled
    dataset: str
    good: str  # commit ids
    bad: str
    good_name: str  # as the person named them
    bad_name: str
    gate: str  # as the person named it
    gate_line: str  # as ``gates.parse_gate`` reads it, whatever becomes of dataset.toml
    metric: str
    bound: float
    is_at_most: bool
    started_at: float  # Unix seconds
    pid: int
    pid_started_at: float | None
    finished_at: float | None = None
    legs: tuple[Leg, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    probing: str | None = None
    n_built: int = 0
    n_left: int | None = None
    n_builds_left: int | None = None  # at most
    culprits: tuple[str, ...] = ()
    doubt: str = ""
    notes: tuple[str, ...] = ()
    message: str | None = None  # why it failed
    exit_code: int = 0

    def stop(self, revision: str) -> Stop | None:
        """Return what is known of a commit on the way."""
        return next((s for leg in self.legs for s in leg.stops if s.revision == revision), None)

    def verdict_of(self, revision: str) -> Verdict | None:
        """Return what is known of a revision: its own verdict, or that of an equal one."""
        for leg in self.legs:
            if revision == leg.good:
                return self.verdicts.get(leg.good_key)
        found = self.stop(revision)
        return self.verdicts.get(found.key) if found else None

    @property
    def command(self) -> str:
        """The command that starts it anew; what was built is kept, so that it goes on."""
        is_simple = not set('"$`\\!') & set(self.gate)
        gate = f'"{self.gate}"' if is_simple else shlex.quote(self.gate)
        ends = f"--good {self.good[:10]} --bad {self.bad[:10]}"  # a branch may move, or go
        return f"upwell bisect {self.dataset} {ends} --gate {gate}"


def marks_of(bisect: Bisect, leg: Leg) -> dict[str, str]:
    """Return commit → what it is shown as: ``culprit, running, good, bad, skipped, unknown``.

    What nobody measured is good before one that passes, and bad after one that fails.
    """
    keys = leg.keys
    known = {p: v.verdict for p, key in enumerate(keys) if (v := bisect.verdicts.get(key))}
    step = search([1.0] * len(leg.candidates), known)
    high = step.high if step.high in known else len(keys)
    firsts = {stop.revision for stop in leg.candidates}
    marks = {}
    position = 0
    for revision in (leg.good, *(stop.revision for stop in leg.stops)):
        position += revision in firsts
        implied = GOOD if position <= step.low and step.low in known else BAD
        is_passed_by = implied == GOOD or position >= high
        marks[revision] = known.get(position) or (implied if is_passed_by else "unknown")
        if revision in bisect.culprits:
            marks[revision] = "culprit"
        elif revision == bisect.probing:
            marks[revision] = "running"
    return marks


def bisect_folder(workspace: Workspace, bisect_id: str) -> Path:
    """The folder of one bisection."""
    return workspace.local_path / "bisects" / bisect_id


def make_folder(workspace: Workspace, bisect_id: str) -> Path:
    """Make a bisection's folder, and remove those long past."""
    folder = bisect_folder(workspace, bisect_id)
    with storage_errors(folder, "make"):
        make_folders(folder)
    for old in sorted(folder.parent.iterdir())[:-N_KEPT]:
        remove_folder(old)
    return folder


def save_bisect(workspace: Workspace, bisect: Bisect, **changes: Any) -> Bisect:
    """Write a bisection, with changes, as the latest one, and return it."""
    bisect = replace(bisect, **changes)
    write_json(workspace.local_path / "bisect.json", asdict(bisect))
    return bisect


def load_bisect(workspace: Workspace) -> Bisect | None:
    """Return the latest bisection, or None where there was none, or one of another version."""
    path = workspace.local_path / "bisect.json"
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=8)
def _parsed(path: Path, _ino: int, _size: int, _mtime_ns: int) -> Bisect | None:
    try:
        data = read_json(path, _SHAPE)
        if not is_folder_name(data["bisect_id"]):
            return None
        legs = [{**leg, "stops": tuple(map(_stop, leg["stops"]))} for leg in data["legs"]]
        return Bisect(
            **{
                **data,
                "legs": tuple(Leg(**leg) for leg in legs),
                "verdicts": {key: Verdict(**v) for key, v in data["verdicts"].items()},
                "culprits": tuple(data["culprits"]),
                "notes": tuple(data["notes"]),
            }
        )
    except (DamagedFileError, TypeError):  # TypeError: of another version
        return None


def _stop(data: dict[str, Any]) -> Stop:
    return Stop(**{**data, "parents": tuple(data["parents"])})


def save_progress(workspace: Workspace, bisect_id: str, text: str) -> None:
    """Tell how far the build is; it may be lost in a power cut, and nothing else is."""
    path = bisect_folder(workspace, bisect_id) / "progress.txt"
    temporary = path.with_suffix(".tmp")
    with storage_errors(path, "write"):
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def load_progress(workspace: Workspace, bisect_id: str) -> str:
    """Return how far the build is, in a line; "" where nothing was told."""
    try:
        return (bisect_folder(workspace, bisect_id) / "progress.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
