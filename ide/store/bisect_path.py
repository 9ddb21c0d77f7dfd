"""What lies between a good and a bad revision: the commits that touch a dataset, in order.

Each has a *key*, a hash of what training sees of the dataset there: the values of labels, splits
and exclusions, the classes, ``[model]``, and which examples there are. Revisions of one key have
one build, so a confirmation or a comment is no candidate, and a commit that was reverted is not
built twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ide.dataset.bisection import path
from ide.dataset.config import DatasetConfig, parse_config
from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.dataset.errors import BisectError, ConfigError, GitError
from ide.dataset.replay import ExampleState, replay
from ide.dataset.snapshot import edit_set_hash, usable_edits
from ide.store import git
from ide.store.edit_log import parse_log
from ide.store.past_edits import is_log
from ide.store.state import imported_labels, imported_splits
from ide.store.workspace import Workspace

_FIELDS = ("%H", "%P", "%an", "%cI", "%B")


_UNSHALLOW = (
    "This clone is shallow: it has only the newest commits. Fetch the others with: "
    "git fetch --unshallow"
)


@dataclass(frozen=True, slots=True)
class Stop:
    """A commit on the way from good to bad that touches the dataset.

    ``came_from``: the parent that lies on the way. ``key``: what training sees there (see above);
    "" where the dataset is not there. ``edits``: hash of the ids of its edits, as builds have it.
    ``n_changes``: examples whose label, split or exclusion differs from the stop before.
    ``note``: what else differs, in words.
    """

    revision: str
    came_from: str
    parents: tuple[str, ...]
    author: str
    committed_at: str  # ISO 8601
    message: str
    key: str
    edits: str
    n_changes: int
    note: str = ""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return (self.message.splitlines() or [""])[0]


def resolve(root: Path, revision: str) -> str:
    """Return the commit of a name; in a shallow clone an unknown one says what that means."""
    try:
        return git.resolve(root, revision)
    except GitError as error:
        if not _is_shallow(root):
            raise
        raise BisectError(f"{error}. {_UNSHALLOW}") from None


def check_ancestry(root: Path, good: str, bad: str) -> None:
    """Raise ``BisectError`` where no commits lead from ``good`` to ``bad`` (both commit ids)."""
    if good == bad:
        raise BisectError(
            f"good and bad are the same commit, {good[:10]}; name one from before it broke as "
            "--good. List commits with: upwell log"
        )
    if git.attempt(root, "merge-base", "--is-ancestor", good, bad).returncode == 0:
        return
    if git.attempt(root, "merge-base", "--is-ancestor", bad, good).returncode == 0:
        raise BisectError(
            f"good ({good[:10]}) comes after bad ({bad[:10]}), so that nothing in between can "
            "have broken it; did you mean them the other way round?"
        )
    if _is_shallow(root):
        raise BisectError(f"git finds no way from {good[:10]} to {bad[:10]}. {_UNSHALLOW}")
    result = git.attempt(root, "merge-base", good, bad)
    base = result.stdout.decode().strip()
    hint = f"their common ancestor is {base[:10]}: try --good {base[:10]}" if base else ""
    raise BisectError(
        f"good ({good[:10]}) is no ancestor of bad ({bad[:10]}), so that no commits lead from one "
        f"to the other; {hint or 'they have no history in common'}"
    )


def _is_shallow(root: Path) -> bool:
    said = git.attempt(root, "rev-parse", "--is-shallow-repository").stdout
    return said.strip() == b"true"


def read_path(workspace: Workspace, name: str, good: str, bad: str) -> tuple[str, list[Stop]]:
    """Return the key of ``good`` ("": no such dataset there) and the stops after it, in order.

    good, bad: commit ids. Of a merge on the way, the stop is all that it brought.
    """
    root = workspace.root
    said = git.run(root, "rev-list", "--parents", "--ancestry-path", f"{good}..{bad}").decode()
    rows = [line.split() for line in said.splitlines()]
    commits = path({row[0]: row[1:] for row in rows}, good, bad) if rows else []
    trees = _trees(workspace, name, [good, *commits])
    touching = {
        commit: before
        for before, commit in zip([good, *commits], commits, strict=False)
        if trees.get(commit) != trees.get(before)
    }
    facts = _facts(root, list(touching))
    seen = _Seen(workspace, name)
    good_key, _, _ = seen.look(good, tree=trees.get(good))
    stops = []
    for commit, before in touching.items():
        key, n_changes, note = seen.look(commit, tree=trees.get(commit))
        parents, author, when, message = facts[commit]
        facts_of_labels = (key, seen.edits, n_changes, note)
        stops.append(Stop(commit, before, parents, author, when, message, *facts_of_labels))
    return good_key, stops


def _trees(workspace: Workspace, name: str, commits: Sequence[str]) -> dict[str, str]:
    """Return commit → id of the dataset's folder there, in one git call; absent where none."""
    folder = git.repository(workspace.root).path(f"datasets/{name}")
    asked = "".join(f"{commit}:{folder}\n" for commit in commits).encode()
    said = git.run(
        workspace.root, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked
    )
    found = {}
    for commit, line in zip(commits, said.decode(errors="replace").splitlines(), strict=True):
        if line.endswith(" tree"):
            found[commit] = line.split(" ")[0]
    return found


def _facts(root: Path, commits: Sequence[str]) -> dict[str, tuple[tuple[str, ...], str, str, str]]:
    """Return commit → parents, author, time and message, in one git call."""
    if not commits:
        return {}
    said = git.run(
        root,
        *("log", "-z", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8"),
        *("--no-show-signature", f"--format={'%x00'.join(_FIELDS)}"),
        stdin="\n".join(commits).encode(),
    )
    values = said.decode(errors="replace").split("\0")
    width = len(_FIELDS)
    rows = [values[i : i + width] for i in range(0, len(values) - width + 1, width)]
    return {row[0]: (tuple(row[1].split()), row[2], row[3], row[4].strip()) for row in rows}


@dataclass(slots=True)
class _Log:
    """One edit log as it was read last; it mostly grows, and then only its end is read."""

    blob: str = ""
    text: bytes = b""
    by_example: dict[str, list[Edit]] = field(default_factory=dict)


class _Seen:
    """What training sees of a dataset, followed from commit to commit.

    Only the examples that a commit's edits are of are replayed anew.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace, self._name = workspace, name
        self._repo = git.repository(workspace.root)
        self._labels = imported_labels(workspace, name)
        self._splits = imported_splits(workspace, name)
        self._logs: dict[str, _Log] = {}
        self._values: dict[str, tuple[object, ...]] = {}  # of examples that differ from imported
        self._around: tuple[tuple[str, str], ...] = ()  # what else the build is made of
        self._classes: tuple[str, ...] = ()

    def look(self, commit: str, *, tree: str | None) -> tuple[str, int, str]:
        """Go to a commit; return its key, how many examples changed, and what else did."""
        if tree is None:
            return "", 0, "the dataset is not there"
        root, name = self._workspace.root, self._name
        files = git.list_files(self._repo, root, commit, f"datasets/{name}")
        logs = {p: blob for p, blob in files.items() if is_log(p)}
        toml = f"datasets/{name}/dataset.toml"
        changed = [p for p, blob in logs.items() if self._log(p).blob != blob]
        blobs = git.read_blobs(root, [logs[p] for p in changed] + [files.get(toml, "")])
        try:
            text = blobs.get(files.get(toml, ""), b"").decode(errors="replace")
            config = parse_config(text, name=name, where=f"{commit[:10]}:{toml}")
        except ConfigError:
            return f"tree {tree}", 0, "its dataset.toml cannot be read"
        touched = {e for p in changed for e in self._read(p, logs[p], blobs.get(logs[p], b""))}
        for gone in self._logs.keys() - logs.keys():
            touched |= self._logs.pop(gone).by_example.keys()
        if config.classes != self._classes:
            self._classes = config.classes
            touched = {e for log in self._logs.values() for e in log.by_example}
        n_changes = self._replay(touched)
        around = _around(config, files)
        note = _differs(self._around, around)
        self._around = around
        return self._key(), n_changes, note

    @property
    def edits(self) -> str:
        """The name of the set of edits, as builds have it."""
        logs = [log.by_example for log in self._logs.values()]
        return edit_set_hash(e.edit_id for log in logs for edits in log.values() for e in edits)

    def _log(self, path: str) -> _Log:
        return self._logs.setdefault(path, _Log())

    def _read(self, path: str, blob: str, text: bytes) -> Iterable[str]:
        """Read a log; return the ids of the examples that its edits may have changed."""
        log = self._log(path)
        text = text if not text or text.endswith(b"\n") else text + b"\n"
        is_longer = bool(log.text) and text.startswith(log.text)
        if not is_longer:
            touched = set(log.by_example)
            log.by_example = {}
        else:
            touched = set()
        for edit in counting(
            parse_log(text[len(log.text) if is_longer else 0 :], path).edits, None
        ):
            log.by_example.setdefault(edit.example_id, []).append(edit)
            touched.add(edit.example_id)
        log.blob, log.text = blob, text
        return touched

    def _replay(self, touched: Iterable[str]) -> int:
        """Replay examples; return how many have other values now."""
        n_changes = 0
        for example_id in touched:
            edits = [e for log in self._logs.values() for e in log.by_example.get(example_id, ())]
            usable, _ = usable_edits(edits, self._classes)
            state = replay(usable).get(example_id)
            value = self._value(example_id, state) if state else None
            if value != self._values.get(example_id):
                n_changes += 1
                if value is None:
                    del self._values[example_id]
                else:
                    self._values[example_id] = value
        return n_changes

    def _value(self, example_id: str, state: ExampleState) -> tuple[object, ...] | None:
        """Return what training sees of an example; None where that is what was imported."""
        imported, split = self._labels.get(example_id), self._splits.get(example_id)
        value = (
            imported if state.label is None else state.label,
            state.split or split,
            state.is_excluded,
            state.is_conflict,
        )
        return None if value == (imported, split, False, False) else value

    def _key(self) -> str:
        content = json.dumps([self._around, sorted(self._values.items())], default=str)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _around(config: DatasetConfig, files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a build is made of beside the labels: (what it is called, its value)."""
    folder = f"datasets/{config.name}/"
    data = {p: blob for p, blob in files.items() if p.removeprefix(folder).endswith(".dvc")}
    inline = {p: blob for p, blob in files.items() if p.startswith(f"{folder}examples/")}
    return (
        ("the classes", json.dumps([config.modality, *config.classes])),
        ("[model]", json.dumps(asdict(config.model), sort_keys=True)),
        ("the source", json.dumps([config.source, asdict(config.split)], sort_keys=True)),
        ("the examples", json.dumps([data, inline], sort_keys=True)),
    )


def _differs(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> str:
    """Say what differs beside the labels: ``[model] changed``; "" where nothing does."""
    pairs = zip(before, after, strict=False)
    names = [name for (name, was), (_, is_) in pairs if was != is_]
    return f"{' and '.join(names)} changed" if names else ""
