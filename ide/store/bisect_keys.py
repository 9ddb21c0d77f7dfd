"""What training sees of a dataset at a commit, as a key, followed from commit to commit.

A key is a hash of the values of labels, splits, exclusions and conflicts, of the classes,
``[model]``, and which examples there are. Revisions of one key have one build, so a confirmation
or a comment is no candidate, and a commit that was reverted is not built twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from ide.dataset.config import DatasetConfig, parse_config
from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.dataset.errors import ConfigError
from ide.dataset.replay import ExampleState, replay
from ide.dataset.snapshot import usable_edits
from ide.store import git
from ide.store.edit_log import parse_log
from ide.store.past_edits import is_log
from ide.store.state import imported_labels, imported_splits
from ide.store.workspace import Workspace

_MODULUS = 2**128


@dataclass(slots=True)
class _Log:
    """One edit log as it was read last; it mostly grows, and then only its end is read."""

    blob: str = ""
    text: bytes = b""
    by_example: dict[str, list[Edit]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


class Seen:
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
        self._sum = 0  # of their numbers
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
        blobs = git.read_blobs(root, [*(logs[p] for p in changed), files.get(toml, "")])
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
            touched |= {e for log in self._logs.values() for e in log.by_example}
        n_changes = self._replay(touched)
        around = _around(config, files)
        note = _differs(self._around, around)
        self._around = around
        return self._key(), n_changes, note

    @property
    def n_edits(self) -> int:
        """How many edits there are, as builds count them."""
        return len(set().union(*(log.ids for log in self._logs.values())))

    def _log(self, path: str) -> _Log:
        return self._logs.setdefault(path, _Log())

    def _read(self, path: str, blob: str, text: bytes) -> set[str]:
        """Read a log; return the ids of the examples that its edits may have changed."""
        log = self._log(path)
        text = text if not text or text.endswith(b"\n") else text + b"\n"
        is_longer = bool(log.text) and text.startswith(log.text)
        edits = counting(parse_log(text[len(log.text) if is_longer else 0 :], path).edits, None)
        fresh: dict[str, list[Edit]] = {}
        for edit in edits:
            fresh.setdefault(edit.example_id, []).append(edit)
        if is_longer:
            touched = set(fresh)
            for example_id, more in fresh.items():
                log.by_example.setdefault(example_id, []).extend(more)
        else:  # a merge puts lines in between
            either = log.by_example.keys() | fresh.keys()
            touched = {e for e in either if log.by_example.get(e) != fresh.get(e)}
            log.by_example, log.ids = fresh, set()
        log.ids.update(edit.edit_id for edit in edits)
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
            before = self._values.pop(example_id, None)
            if value is not None:
                self._values[example_id] = value
            if value != before:
                n_changes += 1
                self._sum += _number(example_id, value) - _number(example_id, before)
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
        content = json.dumps([self._around, self._sum % _MODULUS])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _number(example_id: str, value: tuple[object, ...] | None) -> int:
    """Return a number of 128 bits for an example's value; 0 for what was imported.

    The sum over all examples names the whole state, whatever the order, and is kept up to date
    by what a commit changed (Bellare & Micciancio 1997, "A New Paradigm for Collision-Free
    Hashing: Incrementality at Reduced Cost").
    """
    if value is None:
        return 0
    content = json.dumps([example_id, *value]).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=16).digest(), "big")


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
