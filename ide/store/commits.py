"""The commits that touched datasets, each with the edits that it brought."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from ide.dataset.changes import count_edits, summarise
from ide.dataset.edit import Edit
from ide.store import git
from ide.store.edit_log import parse_log
from ide.store.workspace import Workspace

DESPITE_ERRORS = "Despite-errors"  # the trailer of a commit that errors did not hold back
_LOG_PATH = re.compile(r"datasets/([^/]+)/edits/[^/]+\.jsonl")
_START = "\x01commit\x01"  # JSON escapes control characters, so no edit can hold this


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit that touched datasets.

    ``counts``: dataset → how many of which kind (``changes.count_edits``: what its own edits
    say, undone ones left out). ``edit_ids``: dataset → the edits that it brought.
    """

    revision: str
    author: str
    committed_at: datetime
    message: str
    counts: Mapping[str, Mapping[str, int]]
    edit_ids: Mapping[str, tuple[str, ...]]

    @property
    def despite_errors(self) -> str | None:
        """Why it was made although errors stood, and which; None where none did."""
        lines = self.message.splitlines()
        found = [x for x in lines if x.startswith(f"{DESPITE_ERRORS}: ")]
        return found[-1].split(": ", 1)[1] if found else None

    @property
    def summary(self) -> str:
        """What it changed, in a line: ``digits: 12 relabelled; signs: 1 excluded``."""
        found = {name: summarise(counts) for name, counts in self.counts.items()}
        return "; ".join(f"{name}: {text}" for name, text in found.items() if text)


def log(workspace: Workspace, name: str | None = None, limit: int | None = 50) -> list[CommitInfo]:
    """Return the commits that touched a dataset (default: any), newest first."""
    root = workspace.root
    if name is not None:
        workspace.require(name)
    repo = git.repository(root)
    head = git.head_revision(root)
    if head is None:
        return []
    folder = f"datasets/{name}" if name else "datasets"
    return list(_known_log(repo, root, head, folder, limit))


def brought_by(commits: Iterable[CommitInfo], name: str) -> dict[str, str]:
    """Return edit id → the oldest of ``commits`` (newest first) that has it."""
    found: dict[str, str] = {}
    for commit in commits:
        found.update(dict.fromkeys(commit.edit_ids.get(name, ()), commit.revision))
    return found


# (workspace, folder, limit) → (HEAD, its log): commits never change, so only new ones are read.
_KNOWN: dict[tuple[Path, str, int | None], tuple[str, tuple[CommitInfo, ...]]] = {}
_LOCK = Lock()


def _known_log(
    repo: git.Repository, root: Path, head: str, folder: str, limit: int | None
) -> tuple[CommitInfo, ...]:
    """Return the log, reading only what is newer than what this process has read."""
    known_head, known = _KNOWN.get((root, folder, limit), (None, ()))
    if known_head == head:
        return known
    is_ancestor = (
        known_head is not None
        and git.attempt(root, "merge-base", "--is-ancestor", known_head, head).returncode == 0
    )
    span = f"{known_head}..{head}" if is_ancestor else head
    found = (*_read(repo, root, span, folder, limit), *(known if is_ancestor else ()))[:limit]
    with _LOCK:
        _KNOWN[(root, folder, limit)] = (head, found)
        while len(_KNOWN) > 16:
            del _KNOWN[next(iter(_KNOWN))]
    return found


def _read(
    repo: git.Repository, root: Path, span: str, folder: str, limit: int | None
) -> list[CommitInfo]:
    """Read commits with the lines that each added to edit logs, in one git call."""
    out = git.run(
        root,
        *("log", span, "--patch", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv"),
        *("--no-renames", "--no-show-signature", "--src-prefix=a/", "--dst-prefix=b/"),
        *("--encoding=UTF-8", f"--format={_START}%H%x00%an%x00%cI%x00%B%x00"),
        *([f"--max-count={limit}"] if limit is not None else []),
        *("--", folder),
    )
    entries = out.split(_START.encode())[1:]
    return [_commit(entry, repo.prefix) for entry in entries]


def _commit(entry: bytes, prefix: str) -> CommitInfo:
    revision, author, committed_at, message, patch = entry.split(b"\0", 4)
    edits = _added_edits(patch, prefix)
    return CommitInfo(
        revision=revision.decode(),
        author=author.decode(errors="replace"),
        committed_at=datetime.fromisoformat(committed_at.decode()),
        message=message.decode(errors="replace").strip(),
        counts={name: count_edits(found.values()) for name, found in edits.items()},
        edit_ids={name: tuple(found) for name, found in edits.items()},
    )


def _added_edits(patch: bytes, prefix: str) -> dict[str, dict[str, Edit]]:
    """Return dataset → edits by id, of the lines that a patch adds to edit logs."""
    added: dict[str, dict[str, Edit]] = {}
    for part in re.split(rb"^diff --git ", patch, flags=re.MULTILINE)[1:]:
        header, _, hunks = part.partition(b"\n@@ ")
        name = _dataset_of(header, prefix)
        if name is None:
            continue
        lines = [line[1:] for line in hunks.split(b"\n") if line.startswith(b"+")]
        removed = [line[1:] for line in hunks.split(b"\n") if line.startswith(b"-")]
        before = {e.edit_id for e in parse_log(_text(removed), "").edits}
        for edit in parse_log(_text(lines), "").edits:
            if edit.edit_id not in before:
                added.setdefault(name, {})[edit.edit_id] = edit
    return added


def _text(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _dataset_of(header: bytes, prefix: str) -> str | None:
    """Return the dataset whose edit log a patch's header names."""
    for line in header.split(b"\n"):
        if line.startswith(b"+++ "):
            path = os.fsdecode(line[4:]).strip("\t").strip('"').removeprefix("b/")
            match = _LOG_PATH.fullmatch(path.removeprefix(prefix))
            return match[1] if match else None
    return None
