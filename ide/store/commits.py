"""The commits that touched datasets, each with the edits that it brought.

A commit brings the edits that none of its parents has. So a merge brings nothing but what was
resolved in it, and each edit is brought by the commit that first made it on its branch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ide.dataset.changes import count_edits, summarise
from ide.dataset.edit import Edit
from ide.store import git
from ide.store.builds import BuildInfo, build_metrics
from ide.store.commit_cache import known_commits, remember
from ide.store.edit_log import parse_log
from ide.store.files import read_parquet
from ide.store.workspace import Workspace

DESPITE_ERRORS = "Despite-errors"  # the trailer of a commit that errors did not hold back
WITHDRAWN = "withdrawn"  # edits whose lines a commit took out of the log, as `git revert` does
_LOG_PATH = re.compile(r"datasets/([^/]+)/edits/[^/]+\.jsonl")
_OTHER_PATH = re.compile(r"datasets/([^/]+)/(dataset\.toml|[^/]+\.dvc)")
_START = "\x01commit\x01"  # JSON escapes control characters, so no edit can hold this
_FILE = re.compile(rb"^diff --(?:git|combined|cc) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit that touched datasets.

    ``counts``: dataset → how many of which kind (``changes.count_edits``: what its own edits
    say, undone ones left out; ``withdrawn``: edits that it took out of the log). ``edit_ids``:
    dataset → the edits that it brought. ``notes``: dataset → what else it did, such as
    ``new dataset`` or ``examples changed``. ``is_cut``: the clone is shallow and ends here, so that
    what this commit did and what was before it cannot be told apart; then it counts nothing.
    """

    revision: str
    author: str
    committed_at: datetime
    message: str
    counts: Mapping[str, Mapping[str, int]]
    edit_ids: Mapping[str, tuple[str, ...]]
    parents: tuple[str, ...] = ()
    is_cut: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_merge(self) -> bool:
        """Whether it has several parents."""
        return len(self.parents) > 1

    @property
    def despite_errors(self) -> str | None:
        """Why it was made although errors stood, and which; None where none did."""
        lines = self.message.splitlines()
        found = [x for x in lines if x.startswith(f"{DESPITE_ERRORS}: ")]
        return found[-1].split(": ", 1)[1] if found else None

    @property
    def summary(self) -> str:
        """What it changed, in a line: ``digits: 12 relabelled; signs: 1 excluded``."""
        if self.is_cut:
            return "not known: this clone is shallow and ends here"
        found = {
            name: ", ".join(
                filter(None, (summarise(self.counts.get(name, {})), self.notes.get(name)))
            )
            for name in sorted(self.counts.keys() | self.notes.keys())
        }
        return "; ".join(f"{name}: {text}" for name, text in found.items() if text)


def log(workspace: Workspace, name: str | None = None, limit: int | None = 50) -> list[CommitInfo]:
    """Return the commits that touched a dataset (default: any), newest first.

    No commit comes before one that builds on it, whatever the clocks said.
    """
    root = workspace.root
    if name is not None:
        workspace.require(name)
    head = git.head_revision(root)
    if head is None:
        return []
    return list(_log_of(workspace, head, f"datasets/{name}" if name else "datasets", limit))


def log_at(workspace: Workspace, revision: str, name: str) -> list[CommitInfo]:
    """Return the commits up to a revision that touched a dataset, newest first."""
    commit = git.resolve(workspace.root, revision)
    return list(_log_of(workspace, commit, f"datasets/{name}", None))


def brought_by(commits: Iterable[CommitInfo], name: str) -> dict[str, str]:
    """Return edit id → the oldest of ``commits`` (newest first) that has it."""
    found: dict[str, str] = {}
    for commit in commits:
        found.update(dict.fromkeys(commit.edit_ids.get(name, ()), commit.revision))
    return found


def shallow_note(workspace: Workspace) -> str | None:
    """Say, where a clone is shallow, what cannot be told of it; None where all history is here."""
    cut = git.shallow_boundary(workspace.root)
    if not cut:
        return None
    names = ", ".join(sorted(revision[:10] for revision in cut)[:3])
    return (
        f"this clone is shallow: its history ends at {names}, so that nobody can tell which "
        "commit brought the edits that are older. Get the rest with: git fetch --unshallow"
    )


def _log_of(
    workspace: Workspace, head: str, folder: str, limit: int | None
) -> tuple[CommitInfo, ...]:
    cut = git.shallow_boundary(workspace.root)
    return _known_log(workspace, head, folder, limit, cut)


@lru_cache(maxsize=16)
def _known_log(
    workspace: Workspace, head: str, folder: str, limit: int | None, cut: frozenset[str]
) -> tuple[CommitInfo, ...]:
    """Return the log up to a commit, reading only commits that nobody has read here before."""
    root = workspace.root
    most = [f"--max-count={limit}"] if limit is not None else []
    said = git.run(root, "rev-list", "--date-order", *most, head, "--", folder)
    revisions = said.decode().split()
    repo = git.repository(root)
    known = known_commits(workspace, repo.prefix)
    missing = [revision for revision in revisions if revision not in known]
    fresh = {record["revision"]: record for record in _read(repo, root, missing)}
    remember_these = [record for revision, record in fresh.items() if revision not in cut]
    if remember_these:
        remember(workspace, repo.prefix, remember_these)
    return tuple(
        _info(fresh.get(revision) or known[revision], is_cut=revision in cut)
        for revision in revisions
        if revision in fresh or revision in known
    )


def _info(record: Mapping[str, Any], *, is_cut: bool) -> CommitInfo:
    datasets = {} if is_cut else record["datasets"]
    return CommitInfo(
        revision=record["revision"],
        author=record["author"],
        committed_at=datetime.fromisoformat(record["committed_at"]),
        message=record["message"],
        counts={name: found["counts"] for name, found in datasets.items()},
        edit_ids={
            name: tuple(found["edit_ids"].split(" ")) if found["edit_ids"] else ()
            for name, found in datasets.items()
        },
        parents=tuple(record["parents"]),
        is_cut=is_cut,
        notes={} if is_cut else record["notes"],
    )


def _read(repo: git.Repository, root: Path, revisions: Sequence[str]) -> list[dict[str, Any]]:
    """Read commits with the lines that each added to edit logs, in one git call."""
    if not revisions:
        return []
    out = git.run(
        root,
        *("log", "--no-walk=unsorted", "--stdin", "--patch", "--unified=0", "--no-color"),
        *("--diff-merges=combined", "--no-ext-diff", "--no-textconv", "--text", "--no-renames"),
        *("--no-show-signature", "--src-prefix=a/", "--dst-prefix=b/", "--encoding=UTF-8"),
        f"--format={_START}%H%x00%P%x00%an%x00%cI%x00%B%x00",
        *("--", "datasets"),
        stdin="".join(f"{revision}\n" for revision in revisions).encode(),
    )
    return [_record(entry, repo.prefix) for entry in out.split(_START.encode())[1:]]


def _record(entry: bytes, prefix: str) -> dict[str, Any]:
    """Return a commit as the cache has it."""
    revision, parents, author, committed_at, message, patch = entry.split(b"\0", 5)
    listed = parents.decode().split()
    added, withdrawn = _edits_of(patch, prefix, max(1, len(listed)))
    names = sorted(added.keys() | withdrawn.keys())
    return {
        "revision": revision.decode(),
        "parents": listed,
        "author": author.decode(errors="replace"),
        "committed_at": committed_at.decode(),
        "message": message.decode(errors="replace").strip(),
        "notes": _notes(patch, prefix),
        "datasets": {
            name: {
                "counts": _counts(added.get(name, {}), withdrawn.get(name, set())),
                "edit_ids": " ".join(added.get(name, {})),
            }
            for name in names
        },
    }


def _notes(patch: bytes, prefix: str) -> dict[str, str]:
    """Say, by dataset, what a patch does besides edits, in the words of a commit's message."""
    found: dict[str, list[str]] = {}
    for part in _FILE.split(patch)[1:]:
        header = part.partition(b"\n@@")[0]
        match = _OTHER_PATH.fullmatch(_path_of(header, prefix) or "")
        if match is None:
            continue
        is_new, is_gone = (f"\n{word} file mode ".encode() in header for word in ("new", "deleted"))
        what = "description" if match[2] == "dataset.toml" else "examples"
        done = {"description": "new dataset", "examples": "examples added"}[what]
        changed = f"{what} {'removed' if is_gone else 'changed'}"
        found.setdefault(match[1], []).append(done if is_new else changed)
    for said in found.values():
        if "new dataset" in said:
            said[:] = ["new dataset"]
    return {name: ", ".join(dict.fromkeys(said)) for name, said in sorted(found.items())}


def _counts(added: Mapping[str, Edit], withdrawn: set[str]) -> dict[str, int]:
    counts = count_edits(added.values())
    return counts | ({WITHDRAWN: len(withdrawn)} if withdrawn else {})


def _edits_of(
    patch: bytes, prefix: str, n_parents: int
) -> tuple[dict[str, dict[str, Edit]], dict[str, set[str]]]:
    """Return dataset → edits by id that no parent's logs have, and the ids that are gone.

    A line of a patch begins with a sign for each parent: ``+`` is not in that parent, ``-`` is
    only there.
    """
    added: dict[str, dict[str, Edit]] = {}
    gone: dict[str, set[str]] = {}
    for part in _FILE.split(patch)[1:]:
        header, _, hunks = part.partition(b"\n@@")
        name = _dataset_of(header, prefix)
        if name is None:
            continue
        lines = [(line[:n_parents], line[n_parents:]) for line in hunks.split(b"\n")[1:]]
        new = parse_log(_text(text for sign, text in lines if sign == b"+" * n_parents), "").edits
        old = parse_log(_text(text for sign, text in lines if b"-" in sign), "").edits
        before = {e.edit_id for e in old}
        added.setdefault(name, {}).update({e.edit_id: e for e in new if e.edit_id not in before})
        gone.setdefault(name, set()).update(before - {e.edit_id for e in new})
    for name, ids in gone.items():  # a line may have moved to another file
        ids.difference_update(added[name])
    return added, {name: ids for name, ids in gone.items() if ids}


def _text(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _dataset_of(header: bytes, prefix: str) -> str | None:
    """Return the dataset whose edit log a patch's header names."""
    match = _LOG_PATH.fullmatch(_path_of(header, prefix) or "")
    return match[1] if match else None


def _path_of(header: bytes, prefix: str) -> str | None:
    """Return the path in the workspace of the file that a patch's header names."""
    for line in header.split(b"\n"):
        if line.startswith((b"--- ", b"+++ ")) and not line.endswith(b"/dev/null"):
            return os.fsdecode(line[6:]).strip("\t").strip('"').removeprefix(prefix)
    return None


def metrics_of_commits(
    workspace: Workspace, name: str, revisions: Iterable[str]
) -> dict[str, dict[str, float]]:
    """Return revision → split → accuracy (0 … 1), of the commits that a build is kept of.

    Each is measured on its own labels; ``comparison.shifts_of_commits`` compares them on one set.
    """
    builds = builds_of_commits(workspace, name, revisions)
    return {revision: accuracy_by_split(build) for revision, build in builds.items()}


def builds_of_commits(
    workspace: Workspace, name: str, revisions: Iterable[str]
) -> dict[str, BuildInfo]:
    """Return revision → its kept build, in the order of ``revisions``.

    A build belongs to the newest commit of the dataset that it had all edits of; one that was
    made just before its edits were committed, to that commit. Nothing is compiled or fetched.
    """
    from ide.store.build_of import kept_builds  # it brings a reader of YAML along

    commits = log(workspace, name, limit=None)
    found: dict[str | None, BuildInfo] = {}
    for build in reversed(kept_builds(workspace, name)):
        found[_commit_of_build(workspace, name, build, commits)] = build
    return {revision: found[revision] for revision in revisions if revision in found}


def accuracy_by_split(build: BuildInfo) -> dict[str, float]:
    """Return split → accuracy of a build, 0 … 1; of those that have one."""
    splits = build_metrics(build).get("splits", {})
    return {
        split: float(found["accuracy"]["value"])
        for split, found in splits.items()
        if isinstance(found.get("accuracy"), Mapping)
        and isinstance(found["accuracy"].get("value"), int | float)
    }


def _commit_of_build(
    workspace: Workspace, name: str, build: BuildInfo, commits: Sequence[CommitInfo]
) -> str | None:
    """Return the commit whose labels a build has; None where no commit has just these."""
    if build.revision is None:
        return None
    before = _newest_of_dataset(workspace, name, build.revision)
    if build.n_uncommitted_edits == 0:
        return before or (_bringing_in(commits, name) if build.n_edits == 0 else None)
    older = [*(c.revision for c in commits[1:]), None]  # the one before, in a line of commits
    for commit, previous in zip(commits, older, strict=True):
        own = commit.edit_ids.get(name, ())
        is_next = before in (previous, *commit.parents)
        if is_next and len(own) == build.n_uncommitted_edits:
            built = read_parquet(build.path / "edits.parquet", columns=["edit_id"])
            if set(own) <= set(built["edit_id"].to_pylist()):
                return commit.revision
    return None


def _bringing_in(commits: Sequence[CommitInfo], name: str) -> str | None:
    """Return the commit that brought a dataset in, if it brought no edit: a build that was made
    between the import and that commit is of its labels.
    """
    first = commits[-1] if commits else None
    if first is None or first.is_cut or first.edit_ids.get(name):
        return None
    return first.revision


@lru_cache(maxsize=1024)
def _newest_of_dataset(workspace: Workspace, name: str, revision: str) -> str | None:
    """Return the newest commit up to a revision that touched a dataset; None for a lost one."""
    said = git.attempt(
        workspace.root, "rev-list", "--max-count=1", revision, "--", f"datasets/{name}"
    )
    return said.stdout.decode().strip() or None if said.returncode == 0 else None
