"""Acknowledged edits that git by hand took out of a log: told, brought back, or dropped.

``kept_copies`` keeps what no commit has yet. What neither the logs nor any branch or tag has was
taken by ``git stash``, ``checkout --``, ``reset --hard`` or ``clean``, or by an editor.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from ide.dataset.edit import Edit
from ide.dataset.errors import GitError
from ide.store import git
from ide.store.edit_log import append_edits, known_ids, log_paths, parse_log, read_log
from ide.store.files import write_bytes
from ide.store.inside import remove_folder
from ide.store.kept_copies import copies_path
from ide.store.log_lock import replacing_logs
from ide.store.past_edits import dataset_of, is_log
from ide.store.workspace import Workspace

# copies → the ids of them and of their log, and how many, when the log had them all
_COMPLETE: dict[Path, tuple[Set[str], Set[str], tuple[int, int]]] = {}
_N_COMPLETE = 256


def taken_edits(workspace: Workspace, name: str) -> dict[str, list[Edit]]:
    """Return log → the acknowledged edits that neither it nor any branch or tag has any more.

    Reads and writes nothing else. Without git nobody has taken any.
    """
    missing: dict[str, list[Edit]] = {}
    for path in _copies(copies_path(workspace, name)):
        log = workspace.edits_path(name) / path.name
        if gone := _missing(path, known_ids(workspace, path), known_ids(workspace, log)):
            edits = {e.edit_id: e for e in read_log(workspace, path).edits if e.edit_id in gone}
            missing[workspace.relative(log)] = list(edits.values())
    if not missing:
        return {}
    elsewhere = [known_ids(workspace, path) for path in log_paths(workspace, name)]
    try:
        elsewhere.append(_committed(workspace, missing))
    except GitError:
        return {}
    kept = {
        log: [e for e in edits if not any(e.edit_id in ids for ids in elsewhere)]
        for log, edits in missing.items()
    }
    return {log: edits for log, edits in kept.items() if edits}


def _copies(folder: Path) -> list[Path]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 – ten times as fast, and asked for with each label
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / each for each in sorted(names) if each.endswith(".jsonl")]


def _missing(path: Path, copies: Set[str], log: Set[str]) -> Set[str]:
    """Return the ids that a log lacks of its copies.

    Both only grow while their files do, so that logs nobody wrote to are not compared again:
    twenty people label, and each label asks.
    """
    sizes = len(copies), len(log)
    known = _COMPLETE.get(path)
    if known and known[0] is copies and known[1] is log and known[2] == sizes:
        return frozenset()
    gone = copies - log
    if gone:
        _COMPLETE.pop(path, None)
    else:
        if len(_COMPLETE) >= _N_COMPLETE:
            _COMPLETE.clear()
        _COMPLETE[path] = copies, log, sizes
    return gone


def taken_sentences(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Say of each log how many acknowledged edits are gone from it, and how they come back."""
    return tuple(
        f"{log}: {len(edits):,} {'edit that was' if len(edits) == 1 else 'edits that were'} saved "
        "and not committed are gone from the file, as after git stash, git checkout or git reset. "
        f"Bring them back with: upwell recover {name} (or, if you meant it: upwell recover {name} "
        "--drop)"
        for log, edits in taken_edits(workspace, name).items()
    )


def bring_back(workspace: Workspace, name: str) -> int:
    """Append the edits that were taken to their logs again, and return how many."""
    found = [e for edits in taken_edits(workspace, workspace.require(name)).values() for e in edits]
    append_edits(workspace, name, found)
    return len(found)


def drop_taken(workspace: Workspace, name: str) -> int:
    """Forget the edits that were taken, and return how many: the person meant it."""
    n_taken = sum(map(len, taken_edits(workspace, workspace.require(name)).values()))
    with replacing_logs(workspace):
        remove_folder(copies_path(workspace, name))
    return n_taken


def forget_committed(workspace: Workspace, files: Mapping[str, bytes]) -> None:
    """Keep no longer what a commit has. files: path → bytes of the logs, and others, in it."""
    with replacing_logs(workspace):
        for log, data in files.items():
            path = copies_path(workspace, dataset_of(log) or "") / Path(log).name
            if not is_log(log) or not path.exists():
                continue
            committed = set(data.split(b"\n"))
            lines = [x for x in path.read_bytes().split(b"\n") if x and x not in committed]
            if lines:
                write_bytes(path, b"".join(line + b"\n" for line in lines))
            else:
                path.unlink()


def _committed(workspace: Workspace, logs: Iterable[str]) -> set[str]:
    """Return the ids of the edits that these logs have at any branch, tag or HEAD."""
    repo = git.repository(workspace.root)
    tips = git.run(
        *(workspace.root, "for-each-ref", "--format=%(objectname)"),
        *("refs/heads", "refs/remotes", "refs/tags"),
    )
    revisions = ["HEAD", *dict.fromkeys(tips.decode().split())]
    names = [f"{revision}:{repo.path(log)}" for revision in revisions for log in logs]
    texts = set(git.read_blobs(workspace.root, names).values())
    return {edit.edit_id for text in texts for edit in parse_log(text + b"\n", "").edits}
