"""Committing some files and nothing else, whatever a person has staged beside them.

``git commit -- PATHS`` would read the files again after the message was written, so that an
edit made in between would be in the commit and not in its message. Here the bytes are given.
See docs/decisions/020-commits-of-labels.md.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ide.dataset.errors import GitError
from ide.store.files import storage_errors
from ide.store.git import Repository, attempt, explain, head_revision, locked_sentence, run

PLAIN, EXECUTABLE = "100644", "100755"  # modes of files, as git writes them
_IN_PROGRESS = {
    "MERGE_HEAD": ("merge", "git merge --continue", "git merge --abort"),
    "rebase-merge": ("rebase", "git rebase --continue", "git rebase --abort"),
    "rebase-apply": ("rebase", "git rebase --continue", "git rebase --abort"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort"),
    "REVERT_HEAD": ("revert", "git revert --continue", "git revert --abort"),
}


def refuse_in_progress(repo: Repository, doing: str = "commit") -> None:
    """Raise ``GitError`` while a merge, a rebase or the like waits to be finished."""
    for name, (what, finish, abort) in _IN_PROGRESS.items():
        if (repo.git_path / name).exists():
            then = "commit the labels" if doing == "commit" else doing
            why = (
                "a commit now would become part of it"
                if doing == "commit"
                else f"a {doing} has to wait for it"
            )
            raise GitError(
                f"a {what} is in progress in {repo.root}, and {why}. Finish it ({finish}) or give "
                f"it up ({abort}, which also drops edits made since it began), then {then}."
            )


def unfinished(path: str) -> str:
    """Say what to do about a file that git could not merge."""
    if path == "dvc.lock":
        return (
            "dvc.lock has an unfinished merge, and the next compile writes it anew anyway; keep "
            "this branch's: git checkout --ours -- dvc.lock, then: git add dvc.lock"
        )
    return (
        f"{path} has an unfinished merge; keep all lines of both sides, then: git add {path}"
        if path.endswith(".jsonl")
        else f"{path} has an unfinished merge; mend it, then: git add {path}"
    )


def commit_files(repo: Repository, root: Path, files: Mapping[str, bytes], message: str) -> str:
    """Commit ``files`` (path in the workspace → bytes) on HEAD and return the new revision.

    Everything else in the commit is as in HEAD; everything else in the index stays as it was,
    staged or partly staged. Hooks and signing are git's own. Raises ``GitError``; then neither
    HEAD nor the index has changed.
    """
    refuse_in_progress(repo)
    head = head_revision(root)
    with _index_locked(repo) as (for_commit, for_person):
        entries = _entries(repo, root, files)
        run(root, "read-tree", head or "--empty", environment=for_commit)
        for index in (for_commit, for_person):
            run(root, "update-index", "-z", "--index-info", stdin=entries, environment=index)
        _commit(root, message, for_commit)
    revision = head_revision(root)
    if revision is None:
        raise GitError("git made no commit and did not say why")
    return revision


def _entries(repo: Repository, root: Path, files: Mapping[str, bytes]) -> bytes:
    """Store the files' bytes in git, and return the lines that put them into an index.

    Filters are chosen by the path, which git takes as seen from the folder that it runs in.
    """
    modes = _modes(repo, root, files)
    lines = []
    for path, data in sorted(files.items()):
        blob = run(root, "hash-object", "-w", "--stdin", "--path", path, stdin=data)
        entry = f"{modes[path]} {blob.decode().strip()}\t".encode()
        lines.append(entry + os.fsencode(repo.path(path)) + b"\0")
    return b"".join(lines)


def _modes(repo: Repository, root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return what git notes of each file besides its bytes: whether it can be executed.

    By the file on the disk; by the index where git knows that this disk does not tell.
    """
    if attempt(root, "config", "--bool", "core.fileMode").stdout.strip() != b"false":
        return {path: EXECUTABLE if _is_executable(root / path) else PLAIN for path in paths}
    listed = os.fsdecode(run(root, "ls-files", "-z", "--stage", "--full-name", "--", *paths))
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    known = {name.removeprefix(repo.prefix): info.split(" ")[0] for info, _, name in entries}
    return {path: known.get(path, PLAIN) for path in paths}


def _is_executable(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IXUSR)
    except FileNotFoundError:  # it is committed before it is there, or has just gone
        return False


def _commit(root: Path, message: str, environment: Mapping[str, str]) -> None:
    """Let git commit the index it is given, with its hooks."""
    result = attempt(
        root,
        *("commit", "--quiet", "--cleanup=whitespace", "--file=-"),
        stdin=message.encode(),
        environment=environment,
    )
    if result.returncode == 0:
        return
    said = (result.stderr + result.stdout).decode(errors="replace")
    sentence = explain(said, root)
    if sentence.startswith("git refused"):
        first = " / ".join(line for line in said.splitlines() if line.strip())[:400]
        sentence = (
            "the commit was refused, by a hook or by git, and nothing was committed. "
            f"It said: {first or 'nothing'}"
        )
    raise GitError(sentence)


@contextmanager
def _index_locked(repo: Repository) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Hold git's own lock of the index; yield the environments of two copies of it.

    The first is for the commit, the second takes the index's place when all went well.
    """
    index, lock = repo.git_path / "index", repo.git_path / "index.lock"
    with storage_errors(lock, "lock"):
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            raise GitError(locked_sentence(repo.root)) from None
    folder = None
    try:
        with storage_errors(repo.git_path, "write in"):
            folder = Path(tempfile.mkdtemp(dir=repo.git_path, prefix="upwell-"))
            own = folder / "person"
            if index.exists():
                shutil.copy2(index, own)
        yield {"GIT_INDEX_FILE": str(folder / "commit")}, {"GIT_INDEX_FILE": str(own)}
        with storage_errors(index, "write"):
            own.replace(index)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
