"""Git, by its command line: argument lists, never a shell, and each refusal as one sentence.

Reading takes no lock that would disturb a person's own git (``GIT_OPTIONAL_LOCKS=0``), asks no
question (``GIT_TERMINAL_PROMPT=0``) and speaks English (``LC_ALL=C``), so that what git says
can be understood here.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ide.dataset.errors import GitError, StorageError
from ide.store.git_guard import FOREIGN, guarding
from ide.store.trust import is_trusted

_UNSAFE_REVISION = re.compile(r"^-|[\x00-\x20\x7f]")
_PLAIN = ("-c", "color.ui=false", "-c", "core.quotePath=false")  # names in every script as they are


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a workspace's repository is. ``prefix``: the workspace in it, "" or "a/b/"."""

    root: Path
    git_path: Path
    prefix: str

    def path(self, relative: str) -> str:
        """Return a path of the workspace as git names it."""
        return self.prefix + relative


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs from HEAD: ``path`` in the workspace, HEAD's blob, how it differs."""

    path: str
    head_blob: str | None  # None where HEAD has no such file
    kind: str  # modified, deleted, untracked, unmerged


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """What git says of the files. ``branch`` None: detached; ``revision`` None: no commit."""

    branch: str | None
    revision: str | None
    changes: tuple[Change, ...]


def run(
    root: Path,
    *args: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    is_ours: bool = False,
) -> bytes:
    """Run git in ``root`` as ``attempt`` does, and return what it writes.

    Raises ``GitError`` when it refuses, ``StorageError`` when the disk is full.
    """
    result = attempt(root, *args, stdin=stdin, environment=environment, is_ours=is_ours)
    if result.returncode != 0:
        said = result.stderr.decode(errors="replace") or result.stdout.decode(errors="replace")
        raise refused(said, root)
    return result.stdout


def attempt(
    root: Path,
    *args: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    is_ours: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run git and return how it ended; raise ``GitError`` only when it cannot be run at all.

    In a workspace that nobody has trusted, git runs nothing that the clone names. is_ours: the
    caller has asked for trust already, or has just made the folder itself.
    """
    variables = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    if not is_ours and not is_trusted(root):
        variables |= guarding(root)
    variables |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_EDITOR": ":",
        **(environment or {}),
    }
    command = ["git", "--no-pager", *_PLAIN, *args]
    try:
        return subprocess.run(
            command, cwd=root, env=variables, capture_output=True, check=False, input=stdin or b""
        )
    except FileNotFoundError as error:
        if not root.is_dir():
            raise GitError(f"{root} is not there any more") from error
        raise GitError(
            "git is not installed, or not on the PATH; labels are versioned by it. Install it "
            "(Debian: apt-get install git; macOS: xcode-select --install) and try again. "
            "Edits are saved all the same."
        ) from error
    except (ValueError, OSError) as error:  # a NUL, half of a character, or a book
        odd = max(args, key=lambda text: (not text.isprintable(), len(text)))
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise GitError(
            f"git cannot be told {ascii(odd)[:80]} ({why}); write another name"
        ) from None


def refused(said: str, root: Path) -> GitError | StorageError:
    """Return the error of what git wrote when it refused."""
    return (StorageError if is_full(said) else GitError)(explain(said, root))


def explain(said: str, root: Path) -> str:
    """Turn what git wrote into a sentence with what to do next."""
    if "not a git repository" in said:
        return (
            f"{root} is not in a git repository, so there is nothing to commit to or compare "
            "with. Make one with: git init"
        )
    if "tell me who you are" in said or "ident name" in said or "auto-detect email" in said:
        return (
            "git does not know whose commit this would be. Tell it once, then try again: "
            'git config --global user.name "Ada Lovelace" and '
            "git config --global user.email ada@example.org"
        )
    if is_full(said):
        return "the disk is full; free some space and try again"
    if "index.lock" in said:
        return locked_sentence(root)
    if "dubious ownership" in said:
        return (
            f"git does not trust {root}, because another user owns it. If you do: "
            f"git config --global --add safe.directory {root}"
        )
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    return "git refused: " + (" / ".join(lines[:4])[:400] or "it did not say why")


def is_full(said: str) -> bool:
    """Whether what git wrote means that the disk is full."""
    return "No space left on device" in said or "Out of diskspace" in said


def locked_sentence(root: Path) -> str:
    """Say that another git is at work."""
    return (
        f"another git command is working in {root} (its index.lock is there). Wait for it and "
        "try again; if no git is running, delete .git/index.lock"
    )


def repository(root: Path) -> Repository:
    """Return the repository that a workspace lies in; raise ``GitError`` where there is none."""
    said = run(root, "rev-parse", "--show-toplevel", "--absolute-git-dir", "--show-prefix")
    top, git_path, prefix = os.fsdecode(said).split("\n")[:3]
    return Repository(Path(top), Path(git_path), prefix)


def head_revision(root: Path) -> str | None:
    """Return HEAD's commit, or None before the first one."""
    result = attempt(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if result.returncode == 0:
        return result.stdout.decode().strip()
    repository(root)  # says why, where it is no repository
    return None


def branch(root: Path) -> str | None:
    """Return the branch, also before its first commit; None where HEAD is detached."""
    result = attempt(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    if result.returncode == 0:
        return os.fsdecode(result.stdout).strip()
    repository(root)
    return None


def checked_out(root: Path) -> str | None:
    """Return the branch as ``branch`` does, from git's HEAD file: cheap enough to ask always."""
    try:
        head = (_git_path(root) / "HEAD").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:  # the repository was moved or made anew
        _git_path.cache_clear()
        return branch(root)
    kind, _, name = head.strip().partition("ref: refs/heads/")
    if kind or name == ".invalid":  # detached, or refs are kept in another format
        return branch(root)
    return name


def head_stamp(root: Path) -> tuple[object, ...]:
    """Return a key that changes whenever HEAD moves or a commit is made; costs three stats.

    Empty where there is no repository.
    """
    stamp: list[object] = []
    try:
        git_path = _git_path(root)
    except GitError:
        return ()
    for file in ("HEAD", "logs/HEAD", "index"):  # the index stands for a log that git may not keep
        with suppress(FileNotFoundError):
            stat = (git_path / file).stat()
            stamp += [file, stat.st_ino, stat.st_size, stat.st_mtime_ns]
    return tuple(stamp)


@lru_cache(maxsize=64)
def _git_path(root: Path) -> Path:
    return repository(root).git_path


def resolve(root: Path, revision: str) -> str:
    """Return the commit (40 hex digits) that a name stands for; raise ``GitError`` for none.

    A name that begins with '-' is refused before git could take it for an option. In a shallow
    clone, one that is unknown is said to be perhaps only not here.
    """
    if revision and not _UNSAFE_REVISION.search(revision):
        name = f"{revision}^{{commit}}"
        result = attempt(root, "rev-parse", "--verify", "--quiet", name)
        if result.returncode == 0:
            return result.stdout.decode().strip()
        repository(root)
        if head_revision(root) is None:
            raise GitError(
                f"there is no commit yet, so {revision[:80]!r} is none; make one with: upwell "
                "commit"
            )
    cut = (
        ". This clone is shallow: it has only the newest commits. Fetch the others with: "
        "git fetch --unshallow"
    )
    raise GitError(
        f"{revision[:80]!r} is no revision here; wanted a branch, a tag or a commit, such as "
        f"main, HEAD~1 or 1a2b3c4. List commits with: upwell log{cut if is_shallow(root) else ''}"
    )


def working_tree(repo: Repository, root: Path, paths: Iterable[str]) -> WorkingTree:
    """Return branch, revision and what differs from HEAD under ``paths`` of the workspace."""
    said = run(
        root,
        *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"),
        *("--no-renames", "--ignore-submodules=all", "--", *paths),
    )
    found: dict[str, str] = {}
    changes: list[Change] = []
    for field in os.fsdecode(said).split("\0"):
        if field.startswith("# "):
            key, _, value = field[2:].partition(" ")
            found[key] = value
        elif field:
            change = _change(field, repo.prefix)
            if change:
                changes.append(change)
    head, oid = found.get("branch.head", "(detached)"), found.get("branch.oid", "(initial)")
    return WorkingTree(
        branch=None if head == "(detached)" else head,
        revision=None if oid == "(initial)" else oid,
        changes=tuple(changes),
    )


def _change(field: str, prefix: str) -> Change | None:
    """Read one entry of ``git status --porcelain=v2 -z`` (see its manual)."""
    kind, _, rest = field.partition(" ")
    if kind == "?":
        return Change(rest.removeprefix(prefix), None, "untracked")
    if kind == "1":
        state, _, _, _, _, head_blob, _, path = rest.split(" ", 7)
        known = None if head_blob.strip("0") == "" else head_blob
        is_deleted = state[1] == "D" or state == "D."
        return Change(path.removeprefix(prefix), known, "deleted" if is_deleted else "modified")
    if kind == "u":
        return Change(rest.split(" ", 9)[9].removeprefix(prefix), None, "unmerged")
    return None


def read_blobs(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of blobs, by the names asked for (ids, or REV:path), in one git call.

    A name that git does not have is left out.
    """
    wanted = [name for name in dict.fromkeys(names) if "\n" not in name]
    if not wanted:
        return {}
    out = run(root, "cat-file", "--batch", stdin=b"".join(os.fsencode(n) + b"\n" for n in wanted))
    blobs: dict[str, bytes] = {}
    start = 0
    for name in wanted:
        end = out.index(b"\n", start)
        header = out[start:end].split(b" ")
        start = end + 1
        if header[-1] == b"missing":
            continue
        size = int(header[-1])
        if header[-2] == b"blob":
            blobs[name] = out[start : start + size]
        start += size + 1
    return blobs


def blob_sizes(root: Path, blobs: Iterable[str]) -> dict[str, int]:
    """Return how many bytes blobs have, in at most one git call; who is not in git, lacks.

    A blob's name is its content's, so that one that is known is not asked for again.
    """
    wanted = list(dict.fromkeys(blobs))
    unknown = [blob for blob in wanted if blob not in _SIZES]
    if unknown:
        stdin = "".join(f"{blob}\n" for blob in unknown).encode()
        said = run(root, "cat-file", "--batch-check", stdin=stdin).decode()
        while len(_SIZES) > 4096:
            _SIZES.pop(next(iter(_SIZES)), None)
        rows = (line.split(" ") for line in said.splitlines())
        _SIZES.update({row[0]: int(row[2]) for row in rows if len(row) == 3})
    return {blob: _SIZES[blob] for blob in wanted if blob in _SIZES}


_SIZES: dict[str, int] = {}


def list_files(repo: Repository, root: Path, revision: str, folder: str) -> dict[str, str]:
    """Return path in the workspace → blob id of every file below ``folder`` at a commit."""
    said = run(root, "ls-tree", "-r", "-z", "--full-tree", revision, "--", repo.path(folder))
    files: dict[str, str] = {}
    for entry in os.fsdecode(said).split("\0"):
        if entry:
            info, _, path = entry.partition("\t")
            files[path.removeprefix(repo.prefix)] = info.split(" ")[2]
    return files


def show(root: Path, revision: str, path: str) -> bytes | None:
    """Return a file of the workspace as it is at a revision; None where it is not there."""
    name = f"{resolve(root, revision)}:{repository(root).path(path)}"
    return read_blobs(root, [name]).get(name)


def shallow_boundary(root: Path) -> frozenset[str]:
    """Return the commits at which a shallow clone ends; empty where all of history is here."""
    try:
        lines = _shallow_path(root).read_text(encoding="ascii").split()
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(lines)


def is_shallow(root: Path) -> bool:
    """Whether a clone has only the newest commits; False too where there is no repository."""
    try:
        return bool(shallow_boundary(root))
    except GitError:
        return False


@lru_cache(maxsize=64)
def _shallow_path(root: Path) -> Path:
    return root / os.fsdecode(run(root, "rev-parse", "--git-path", "shallow")).strip("\n")
