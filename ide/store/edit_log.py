"""The edit log on disk: a JSON Lines file an annotator, append-only, acknowledged after fsync."""

from __future__ import annotations

import fcntl
import os
from collections import OrderedDict
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from threading import Lock

from ide.dataset.drill import counting, drill_of, made_in
from ide.dataset.edit import Edit, check_annotator, parse_line, to_line
from ide.dataset.errors import EditError
from ide.store.drill_file import drill_id, drill_of_build
from ide.store.files import storage_errors, sync
from ide.store.inside import open_inside
from ide.store.kept_copies import keep_copies
from ide.store.log_lock import appending
from ide.store.log_marks import MARKS, is_mark
from ide.store.workspace import Workspace

MAX_LINE_BYTES = 200_000  # an edit is far below this; a longer line is damage, not data


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is no edit: where it stands, and why it was passed over."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"{self.path}, line {self.line}: {self.message}; the line is passed over"


@dataclass(frozen=True, slots=True)
class EditLog:
    """All edits of a dataset, in the order of files and lines, and what could not be read.

    ``elsewhere``: edits that were made in a drill and count in it only (``drill.counting``).
    ``has_drills``: whether some of ``edits`` were made in a drill.
    ``parts``: the edits of each file, a list that only grows, and how many of them are meant.
    """

    edits: tuple[Edit, ...]
    damage: tuple[Damage, ...]
    elsewhere: tuple[Edit, ...] = ()
    has_drills: bool = False
    parts: tuple[tuple[list[Edit], int], ...] = field(default=(), compare=False, repr=False)

    @property
    def every(self) -> tuple[Edit, ...]:
        """All edits that the files hold, also those that do not count here."""
        return (*self.edits, *self.elsewhere)


@dataclass(slots=True)
class _File:
    """What has been read of one file so far, so that only what was appended is read next."""

    identity: tuple[int, int]
    size: int = 0
    mtime_ns: int = 0
    n_lines: int = 0
    edits: list[Edit] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    has_drills: bool = False
    has_marks: bool = False
    tail: bytes = b""  # the end of what was read: by it the file is known again


_TAIL_BYTES = 4096  # some ten edits
_CACHE: OrderedDict[Path, _File] = OrderedDict()
_CACHE_SIZE = 256
_LOCK = Lock()
# ids of edits that the disk refused, and that a file may hold all the same: not to be acknowledged
_UNSURE: set[str] = set()
_LOGS: OrderedDict[tuple[Workspace, str], tuple[list[_File], object, EditLog]] = OrderedDict()
_N_LOGS = 8


def log_paths(workspace: Workspace, name: str) -> list[Path]:
    """Return a dataset's edit logs, sorted by annotator."""
    folder = workspace.edits_path(name)
    try:
        names = sorted(each for each in os.listdir(folder) if each.endswith(".jsonl"))  # noqa: PTH208 – ten times as fast, and asked for with each label
    except (FileNotFoundError, NotADirectoryError):
        return []
    return list(_paths_in(folder, tuple(names)))


@lru_cache(maxsize=32)
def _paths_in(folder: Path, names: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(folder / each for each in names)


def read_edits(workspace: Workspace, name: str) -> EditLog:
    """Read a dataset's edit logs; damaged and foreign lines are reported, the rest is read.

    Edits of a drill that is not in force are put aside.
    """
    files = [_current(workspace, path) for path in log_paths(workspace, name)]
    here = drill_id(workspace, name) if any(file.has_drills for file in files) else None
    with _LOCK:
        key = (here, *((len(file.edits), len(file.damage), file.has_drills) for file in files))
        known, known_key, log = _LOGS.get((workspace, name), ([], None, EditLog((), ())))
        is_same = list(map(id, known)) == list(map(id, files))
        if not is_same or key != known_key:
            log = _joined(files, here)
        _LOGS[workspace, name] = (files, key, log)
        _LOGS.move_to_end((workspace, name))
        while len(_LOGS) > _N_LOGS:
            _LOGS.popitem(last=False)
    return log


def _joined(files: Sequence[_File], here: str | None) -> EditLog:
    """Return what some files hold; ``here``: the drill in force."""
    edits = tuple(chain.from_iterable(file.edits for file in files))
    damage = tuple(chain.from_iterable(file.damage for file in files))
    if not any(file.has_drills for file in files):
        return EditLog(edits, damage, parts=tuple((file.edits, len(file.edits)) for file in files))
    elsewhere = tuple(e for e in edits if drill_of(e) not in (None, here))
    return EditLog(tuple(counting(edits, here)), damage, elsewhere, has_drills=True)


def _current(workspace: Workspace, path: Path) -> _File:
    """Return what a file holds; one that is as it was when it was read last is not opened."""
    file = _CACHE.get(path)
    if file is not None:
        try:
            stat = path.lstat()
        except OSError:  # it is read, which says why it cannot be
            return _read(path, workspace.relative(path))
        now = ((stat.st_dev, stat.st_ino), stat.st_size, stat.st_mtime_ns)
        if now == (file.identity, file.size, file.mtime_ns):
            return file
    return _read(path, workspace.relative(path))


def read_log(workspace: Workspace, path: Path) -> EditLog:
    """Read one file of the edit log; like ``read_edits``, only what was appended is parsed."""
    file = _read(path, workspace.relative(path))
    return EditLog(tuple(file.edits), tuple(file.damage))


def parse_log(text: bytes, where: str) -> EditLog:
    """Parse one file's bytes, such as git's copy of it at some revision."""
    file = _File((0, 0))
    _parse(file, text, where)
    return EditLog(tuple(file.edits), tuple(file.damage), has_drills=file.has_drills)


def whole_lines(path: Path) -> bytes:
    """Return a log's bytes of one moment, up to its last whole line.

    The lock is the one that appending holds, so no append is seen half done.
    """
    with storage_errors(path, "read"), path.open("rb") as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_SH)
        data = stream.read(os.fstat(stream.fileno()).st_size)
    return data[: data.rfind(b"\n") + 1]


def known_ids(workspace: Workspace, path: Path) -> Set[str]:
    """Return the ids of the edits in a log, none where there is no such file. Only to be read."""
    try:
        return _current(workspace, path).ids
    except EditError:
        if path.exists():
            raise
        return frozenset()


def edits_revision(workspace: Workspace, name: str) -> str:
    """Return a key that changes whenever a dataset's edit log does; costs a stat a file.

    It changes also where a drill begins or ceases to be in force.
    """
    stats = [(path.name, path.stat()) for path in log_paths(workspace, name)]
    key = ";".join(f"{n}:{s.st_ino}:{s.st_size}:{s.st_mtime_ns}" for n, s in stats)
    return f"{key}|{drill_id(workspace, name) or ''}"


def append_edits(workspace: Workspace, name: str, edits: Sequence[Edit]) -> list[str]:
    """Append edits to their annotators' logs and return the ids that are now on the disk.

    An id that is there already is acknowledged and not written again, so a client may send
    what it is unsure of. Raises ``StorageError`` when the disk refuses; the log is then as it
    was, and ids of other annotators' files written before are durable all the same.

    What is judged in a drill, or on a build that was made in one, says so in its evidence.
    """
    workspace.require(name)
    with appending(workspace):
        here = drill_id(workspace, name)
        told = [_in_its_drill(workspace, name, edit, here) for edit in edits]
        acknowledged = append_held(workspace, name, told)
        keep_copies(workspace, name, told)
    return acknowledged


def append_held(workspace: Workspace, name: str, edits: Sequence[Edit]) -> list[str]:
    """Append as ``append_edits`` does, for a caller that holds the lock of ``log_lock``."""
    by_annotator: dict[str, list[Edit]] = {}
    here = drill_id(workspace, name)
    for edit in edits:
        own = _in_its_drill(workspace, name, edit, here)
        by_annotator.setdefault(check_annotator(edit.annotator), []).append(own)
    acknowledged: list[str] = []
    for annotator, listed in sorted(by_annotator.items()):
        path = workspace.edits_path(name) / f"{annotator}.jsonl"
        acknowledged += _append(path, listed, workspace.relative(path))
    return acknowledged


def _in_its_drill(workspace: Workspace, name: str, edit: Edit, here: str | None) -> Edit:
    """Return the edit with the drill that it was made in.

    A browser may send what a person judged in a drill when the drill has ended already; the
    build in its evidence tells.
    """
    if edit.evidence and (drill_of(edit) or "carried_from" in edit.evidence):
        return edit
    build_id = str((edit.evidence or {}).get("build_id", ""))
    drill = (drill_of_build(workspace, name, build_id) if build_id else None) or here
    return made_in(edit, drill) if drill else edit


def _append(path: Path, edits: Sequence[Edit], where: str) -> list[str]:
    """Append to one file under its lock; all of ``edits`` or none."""
    ids = [edit.edit_id for edit in edits]
    with storage_errors(path, "save edits to"):
        handle = open_inside(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            known = _read(path, where).ids
            fresh = {e.edit_id: e for e in edits if e.edit_id not in known or e.edit_id in _UNSURE}
            _write_durably(handle, path, [to_line(edit) for edit in fresh.values()])
        except OSError:
            _UNSURE.update(ids)
            raise
        finally:
            os.close(handle)
    _UNSURE.difference_update(ids)
    return ids


def _write_durably(handle: int, path: Path, lines: list[str]) -> None:
    """Have a file and some more lines on the disk, or leave the file as it was and raise.

    Without lines too, since others may have written and not come to ``fsync``. Where that fails,
    the lines are taken away: a second ``fsync`` says that all is well, of pages that the first
    one has given up, so that a line which stayed would be acknowledged and be nowhere.
    """
    size = os.fstat(handle).st_size
    try:
        _write_lines(handle, size, lines)
        os.fsync(handle)
        if size == 0:  # perhaps new, and so is its name
            sync(path.parent)
    except OSError:
        with suppress(OSError):  # the ids are known to be unsure then, and are written again
            os.ftruncate(handle, size)
            os.fsync(handle)
        raise


def _write_lines(handle: int, size: int, lines: list[str]) -> None:
    """Write whole lines at the end of a file.

    A file that ends in half a line (a writer was killed before it acknowledged) gets a newline
    first, so that the half stays one damaged line and harms no other.
    """
    is_torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
    data = "".join(f"{line}\n" for line in lines).encode()
    data = (b"\n" if is_torn and lines else b"") + data
    n_written = 0
    while n_written < len(data):
        n_written += os.write(handle, data[n_written:])


def _read(path: Path, where: str) -> _File:
    """Return what a file holds, parsing only what was appended since the last time."""
    with _LOCK:
        try:
            with path.open("rb") as stream:
                stat = os.fstat(stream.fileno())
                file = _CACHE.get(path)
                if (
                    file is None
                    or file.identity != (stat.st_dev, stat.st_ino)
                    or stat.st_size < file.size
                    or (stat.st_size == file.size and stat.st_mtime_ns != file.mtime_ns)
                ):
                    file = _File((stat.st_dev, stat.st_ino))
                stream.seek(file.size - len(file.tail))
                if stream.read(len(file.tail)) != file.tail:  # git put another file in its place
                    file = _File((stat.st_dev, stat.st_ino))
                if stat.st_size > file.size:
                    stream.seek(file.size)
                    _parse(file, stream.read(stat.st_size - file.size), where)
                file.mtime_ns = stat.st_mtime_ns
        except OSError as error:
            raise EditError(f"{where} cannot be read: {error.strerror}") from error
        _CACHE[path] = file
        _CACHE.move_to_end(path)
        while len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)
        return file


def _parse(file: _File, data: bytes, where: str) -> None:
    """Add whole lines to what is known of a file; half a line at its end waits for the rest.

    Half a line is an edit that nobody was told is saved, so it is no damage, yet.
    """
    lines = data.split(b"\n")
    tail = lines.pop()
    for number, line in enumerate(lines, start=file.n_lines + 1):
        if not line.strip():
            continue
        if is_mark(line):
            if not file.has_marks:
                file.damage.append(Damage(where, number, MARKS))
            file.has_marks = True
            continue
        try:
            if len(line) > MAX_LINE_BYTES:
                raise EditError(f"{len(line):,} bytes, more than an edit can have")
            edit = parse_line(line.decode("utf-8"))
        except EditError as error:
            file.damage.append(Damage(where, number, str(error)))
        except UnicodeDecodeError:
            file.damage.append(Damage(where, number, "not UTF-8 text"))
        else:
            file.edits.append(edit)
            file.ids.add(edit.edit_id)
            file.has_drills = file.has_drills or drill_of(edit) is not None
    file.n_lines += len(lines)
    whole = len(data) - len(tail)
    file.size += whole
    file.tail = (file.tail + data[max(0, whole - _TAIL_BYTES) : whole])[-_TAIL_BYTES:]
