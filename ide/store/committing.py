"""Committing labels: the edit logs, the descriptions and DVC's pointers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ide.dataset.changes import commit_message, count_edits
from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.dataset.errors import GitError
from ide.dataset.replay import replay
from ide.store import git
from ide.store.blocking import require_no_errors
from ide.store.commit_paths import SCAFFOLD, SHARED, is_of_dataset
from ide.store.commits import CommitInfo
from ide.store.drill_file import drill_id
from ide.store.edit_log import parse_log, read_edits, whole_lines
from ide.store.files import storage_errors
from ide.store.git_commit import commit_files, refuse_in_progress, unfinished
from ide.store.history import dataset_changes
from ide.store.log_lines import edits_about
from ide.store.log_marks import MARKS, first_mark
from ide.store.past_edits import dataset_of, is_log
from ide.store.taken import forget_committed
from ide.store.trust import COMMITTING, require_trust
from ide.store.untracked_parts import track_parts
from ide.store.workspace import Workspace


def commit(
    workspace: Workspace,
    message: str | None = None,
    names: Sequence[str] | None = None,
    *,
    despite_errors: str | None = None,
) -> CommitInfo:
    """Commit datasets (default: all) and return the commit; what else is staged stays staged.

    message: None or blank = what changed, such as ``digits: 12 relabelled, 3 confirmed``.
    despite_errors: why to commit although errors stand; it goes into the message as a trailer.
    Parts that DVC does not know, since their import was ended early, are tracked first.
    Edits that are appended while this runs stay uncommitted, whole. Raises ``GitError`` with
    one sentence where there is nothing to commit or git refuses, ``BlockedError`` where errors
    stand in a dataset that it would commit and there is no reason, ``StorageError`` where DVC
    cannot track; then nothing else has changed.
    """
    require_trust(workspace, COMMITTING)
    chosen = [workspace.require(name) for name in names] if names else workspace.datasets()
    repo = git.repository(workspace.root)
    refuse_in_progress(repo)
    track_parts(workspace, chosen)
    tree = git.working_tree(repo, workspace.root, ["datasets", *SHARED, *SCAFFOLD])
    changes = [c for c in tree.changes if _belongs(c, chosen, tree.changes)]
    _refuse_unreadable(changes)
    found = {c.path: _read(workspace.root / c.path) for c in changes}
    files = {path: data for path, data in found.items() if data is not None}
    _refuse_marks(files)
    if not files:
        raise GitError(_nothing(chosen, workspace))
    trailer = require_no_errors(workspace, _datasets_of(workspace, files), despite_errors)
    blobs = {c.path: c.head_blob for c in changes if c.head_blob and is_log(c.path)}
    fresh = _fresh_edits(workspace, files, git.read_blobs(workspace.root, blobs.values()), blobs)
    text = (message or "").strip() or _message(workspace, repo, tree.revision, fresh, changes)
    text += f"\n\n{trailer}" if trailer else ""
    revision = commit_files(repo, workspace.root, files, text)
    forget_committed(workspace, files)
    author = git.run(workspace.root, "log", "-1", "--format=%an", revision)
    return CommitInfo(
        revision=revision,
        author=author.decode(errors="replace").strip(),
        committed_at=datetime.now(UTC),
        message=text,
        counts={name: count_edits(edits) for name, edits in fresh.items()},
        edit_ids={name: tuple(e.edit_id for e in edits) for name, edits in fresh.items()},
    )


def _datasets_of(workspace: Workspace, files: Mapping[str, bytes]) -> list[str]:
    """Return the datasets that a commit's files are of."""
    touched = {dataset_of(path) for path in files}
    return [name for name in workspace.datasets() if name in touched]


def _belongs(change: git.Change, chosen: Sequence[str], all_: Sequence[git.Change]) -> bool:
    """Whether a commit of labels takes a changed file with it."""
    path = change.path
    name = dataset_of(path)
    if name is not None:
        return name in chosen and is_of_dataset(path)
    if path in SCAFFOLD:
        return change.kind == "untracked"
    left_out = any(dataset_of(c.path) not in (None, *chosen) for c in all_)
    return path in SHARED and not left_out


def _read(path: Path) -> bytes | None:
    """Return a file's bytes of one moment; of an edit log, whole lines only.

    Symbolic links are left to git itself.
    """
    if path.is_symlink() or not path.is_file():
        return None
    if path.suffix == ".jsonl":
        return whole_lines(path)
    with storage_errors(path, "read"):
        return path.read_bytes()


def _refuse_unreadable(changes: Sequence[git.Change]) -> None:
    for change in changes:
        if change.kind == "deleted" and is_log(change.path):
            raise GitError(_lost(change.path, "the file is gone"))
        if change.kind == "unmerged":
            raise GitError(unfinished(change.path))


def _refuse_marks(files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        line = first_mark(data) if is_log(path) else None
        if line is not None:
            raise GitError(f"{path}, line {line}: {MARKS}; then commit again")


def _fresh_edits(
    workspace: Workspace,
    files: Mapping[str, bytes],
    heads: Mapping[str, bytes],
    blobs: Mapping[str, str],
) -> dict[str, list[Edit]]:
    """Return, by dataset, the edits that the commit brings; refuse one that would lose edits.

    A log is append-only, so mostly only its new end has to be parsed.
    """
    fresh: dict[str, list[Edit]] = {}
    for path, data in sorted(files.items()):
        if not is_log(path):
            continue
        name = dataset_of(path) or ""
        head = heads.get(blobs.get(path, ""), b"")
        if data.startswith(head) and (not head or head.endswith(b"\n")):
            own = list(parse_log(data[len(head) :], path).edits)
        else:
            known = {e.edit_id for e in parse_log(head + b"\n", path).edits}
            edits = parse_log(data, path).edits
            standing = {e.edit_id for e in (*edits, *read_edits(workspace, name).every)}
            if known - standing:
                gone = len(known - standing)
                raise GitError(_lost(path, f"{gone:,} committed edits are no longer in it"))
            own = [e for e in edits if e.edit_id not in known]
        if own:
            fresh.setdefault(name, []).extend(own)
    return fresh


def _lost(path: str, what: str) -> str:
    return (
        f"{path}: {what}, and edits are never removed, only undone. Bring them back with: "
        f"git checkout HEAD -- {path}"
    )


def _message(
    workspace: Workspace,
    repo: git.Repository,
    revision: str | None,
    fresh: Mapping[str, list[Edit]],
    changes: Sequence[git.Change],
) -> str:
    """Return the default message: what the commit changes, from the very bytes it takes."""
    notes = _notes(changes)
    if not fresh and not notes:
        return _shared(changes)
    files = git.list_files(repo, workspace.root, revision, "datasets") if revision else {}
    logs = {path: blob for path, blob in files.items() if is_log(path)}
    texts = git.read_blobs(workspace.root, [b for p, b in logs.items() if dataset_of(p) in fresh])
    tables = {}
    for name, edits in fresh.items():
        touched = {e.example_id for e in edits}
        own = [texts[blob] for path, blob in logs.items() if dataset_of(path) == name]
        before = [edit for text in own for edit in edits_about(text, touched)]
        here = drill_id(workspace, name)
        before, every = counting(before, here), counting([*before, *edits], here)
        tables[name] = dataset_changes(workspace, name, replay(before), replay(every), every)
    return commit_message(tables, notes)


def _notes(changes: Sequence[git.Change]) -> dict[str, str]:
    """Say, by dataset, what is new besides edits."""
    notes: dict[str, list[str]] = {}
    for change in changes:
        name = dataset_of(change.path)
        if name is None or is_log(change.path):
            continue
        found = notes.setdefault(name, [])
        if change.path.endswith("/dataset.toml"):
            found.append("new dataset" if change.head_blob is None else "description changed")
        elif change.path.endswith(".dvc"):
            found.append("examples added" if change.head_blob is None else "examples changed")
    for found in notes.values():
        if "new dataset" in found:
            found[:] = ["new dataset"]
    return {name: ", ".join(dict.fromkeys(found)) for name, found in notes.items() if found}


def _shared(changes: Sequence[git.Change]) -> str:
    paths = {change.path for change in changes}
    if paths <= {"dvc.lock"}:
        return "record the build (dvc.lock)"
    return "record " + ", ".join(sorted(paths))


def _nothing(chosen: Sequence[str], workspace: Workspace) -> str:
    what = ", ".join(chosen[:5]) if chosen != workspace.datasets() else "any dataset"
    return (
        f"nothing to commit: no edit of {what} is uncommitted. Label in the workbench "
        "(upwell open) or with upwell edit"
    )
