"""The edit logs as git has them at some revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.store import git
from ide.store.drill_file import drill_id
from ide.store.edit_log import EditLog, log_paths, parse_log, whole_lines
from ide.store.workspace import Workspace


def edits_at(workspace: Workspace, name: str, revision: str) -> list[Edit]:
    """Return a dataset's edits at a revision; none where it was not there yet."""
    commit = git.resolve(workspace.root, revision)
    return list(edits_of_all(workspace, [name], commit)[name])


def edits_of_all(
    workspace: Workspace, names: Sequence[str], commit: str
) -> dict[str, tuple[Edit, ...]]:
    """Return the edits of some datasets at a commit, in two git calls for all of them.

    As in ``read_edits``, those of a drill that is not in force now are left out.
    """
    repo = git.repository(workspace.root)
    files = git.list_files(repo, workspace.root, commit, "datasets")
    wanted = {p: blob for p, blob in files.items() if is_log(p) and dataset_of(p) in names}
    logs = parsed_logs(workspace, wanted)
    found = {}
    for name in names:
        own = [log_ for path, log_ in sorted(logs.items()) if dataset_of(path) == name]
        edits = [e for log_ in own for e in log_.edits]
        if any(log_.has_drills for log_ in own):
            edits = counting(edits, drill_id(workspace, name))
        found[name] = tuple(edits)
    return found


def log_texts(
    workspace: Workspace, names: Sequence[str], commit: str | None
) -> dict[str, dict[str, bytes]]:
    """Return dataset → path → bytes of its edit logs, whole lines only; commit None: the files.

    In two git calls for all of them.
    """
    if commit is None:
        return {
            name: {
                workspace.relative(path): whole_lines(path) for path in log_paths(workspace, name)
            }
            for name in names
        }
    repo = git.repository(workspace.root)
    files = git.list_files(repo, workspace.root, commit, "datasets")
    wanted = {p: blob for p, blob in files.items() if is_log(p) and dataset_of(p) in names}
    texts = git.read_blobs(workspace.root, wanted.values())
    found: dict[str, dict[str, bytes]] = {name: {} for name in names}
    for path, blob in sorted(wanted.items()):
        found[dataset_of(path) or ""][path] = _whole_lines(texts[blob])
    return found


# By blob id, which is the content's hash: what was parsed once is never parsed again.
_PARSED: dict[str, EditLog] = {}
_LOCK = Lock()


def parsed_logs(workspace: Workspace, blobs: Mapping[str, str]) -> dict[str, EditLog]:
    """Return path → edit log of blobs; ``blobs`` is path → blob id."""
    with _LOCK:
        known = {blob: _PARSED[blob] for blob in blobs.values() if blob in _PARSED}
    found = git.read_blobs(workspace.root, [b for b in blobs.values() if b not in known])
    where = {blob: path for path, blob in blobs.items()}
    fresh = {b: parse_log(_whole_lines(text), where[b]) for b, text in found.items()}
    with _LOCK:
        _PARSED.update(fresh)
        while len(_PARSED) > 64:
            del _PARSED[next(iter(_PARSED))]
    known |= fresh
    return {path: known[blob] for path, blob in blobs.items() if blob in known}


def _whole_lines(text: bytes) -> bytes:
    """Close a last line that a plain ``git commit`` took without its newline."""
    return text if not text or text.endswith(b"\n") else text + b"\n"


def is_log(path: str) -> bool:
    """Whether a path of the workspace is an edit log."""
    parts = path.split("/")
    return (
        len(parts) == 4
        and parts[0] == "datasets"
        and parts[2] == "edits"
        and path.endswith(".jsonl")
    )


def dataset_of(path: str) -> str | None:
    """Return the dataset that a path of the workspace belongs to."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "datasets" else None
