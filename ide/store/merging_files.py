"""What a merge makes of each file: git's own merge, completed where it would ask needlessly.

Edit logs are joined line by line, whatever attributes a clone has; no edit of either side may be
missing afterwards. Examples that both sides imported are joined, and so are descriptions that
both have added to. ``dvc.lock`` is written anew by the next compile. Anything else that git cannot
merge is refused, by its name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ide.dataset.errors import GitError
from ide.store import git
from ide.store.examples_moving import is_pointer, join_pointers
from ide.store.git_commit import EXECUTABLE, PLAIN
from ide.store.merging_texts import merge_texts
from ide.store.past_edits import dataset_of, is_log
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trees:
    """The three commits of a merge: the one both began at, and the two sides."""

    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The files of a merge as a tree of git's, and sentences on what was decided."""

    tree: str
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """Git's own merge: its tree, and of each file it stopped at the blobs by stage (1, 2, 3).

    ``modes``: the files of these that either side has as executable.
    """

    tree: str
    modes: dict[str, str] = field(default_factory=dict)
    stages: dict[str, dict[int, str]] = field(default_factory=dict)


def complete(workspace: Workspace, repo: git.Repository, trees: Trees) -> Merged:
    """Merge two commits in git's store; raise ``GitError`` naming a file that cannot be."""
    found = _merge_tree(workspace.root, trees)
    mended: dict[str, bytes] = {}
    refused = []
    for full_path, stages in sorted(found.stages.items()):
        path = full_path.removeprefix(repo.prefix)
        is_ours = full_path.startswith(repo.prefix)
        merged = _mend(workspace, path, _texts(workspace.root, stages)) if is_ours else None
        if merged is None:
            refused.append(path)
        else:
            mended[path] = merged
    if refused:
        raise GitError(_refusal(refused))
    mended |= _lost_lines(workspace, repo, trees, found.tree, mended)
    tree = _with_files(workspace, repo, found, mended) if mended else found.tree
    return Merged(tree, _notes(mended))


def _mend(workspace: Workspace, path: str, texts: Mapping[int, bytes]) -> bytes | None:
    """Return what a file becomes that git stopped at; None where that is a person's to say."""
    base, ours, theirs = (texts.get(stage) for stage in (1, 2, 3))
    if is_log(path):
        return join_lines(ours or b"", theirs or b"")
    if path == "dvc.lock":
        return ours or theirs
    if ours is None or theirs is None:  # changed on one side, deleted on the other
        return None
    if is_pointer(path):
        return join_pointers(workspace, dataset_of(path) or "", base, ours, theirs)
    return merge_texts(workspace.root, path, base or b"", ours, theirs)


def _notes(mended: Mapping[str, bytes]) -> tuple[str, ...]:
    if "dvc.lock" not in mended:
        return ()
    return (
        "both branches were compiled: dvc.lock is this branch's, and the next upwell compile "
        "writes it anew",
    )


def join_lines(*texts: bytes) -> bytes:
    """Return every line of several texts once, those of the first one first, each ended."""
    lines = dict.fromkeys(line for text in texts for line in text.split(b"\n") if line.strip())
    return b"".join(line + b"\n" for line in lines)


def _merge_tree(root: Path, trees: Trees) -> _Found:
    """Have git merge two commits without touching a file or the index."""
    result = git.attempt(
        root, "merge-tree", "--write-tree", "-z", "--no-messages", trees.ours, trees.theirs
    )
    if result.returncode not in (0, 1):
        said = result.stderr.decode(errors="replace")
        if "usage: git merge-tree" in said:
            raise GitError("merging needs git 2.38 or newer. Update git, or use: git merge NAME")
        raise git.refused(said, root)
    first, *entries = os.fsdecode(result.stdout).split("\0")
    found = _Found(first.strip())
    for entry in entries:
        if entry:
            info, _, path = entry.partition("\t")
            mode, blob, stage = info.split(" ")
            if mode == EXECUTABLE and stage != "1":
                found.modes[path] = mode
            found.stages.setdefault(path, {})[int(stage)] = blob
    return found


def _texts(root: Path, stages: Mapping[int, str]) -> dict[int, bytes]:
    blobs = git.read_blobs(root, stages.values())
    return {stage: blobs[blob] for stage, blob in stages.items() if blob in blobs}


def _refusal(paths: Sequence[str]) -> str:
    listed = ", ".join(paths[:5]) + (", …" if len(paths) > 5 else "")
    return (
        f"{listed}: changed differently on both branches, and which is right git cannot tell. "
        "Nothing was merged. Merge it by hand: git merge NAME, mend the file, git add it, git "
        "commit; labels merge the same way"
    )


def _lost_lines(
    workspace: Workspace,
    repo: git.Repository,
    trees: Trees,
    tree: str,
    mended: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return logs with the edits that git's merge would have dropped, by path.

    Where one side has removed lines, a merge removes them from the other side too.
    """
    ours, theirs = (_logs(workspace, repo, commit) for commit in (trees.ours, trees.theirs))
    names = {dataset_of(p) for p in {*ours, *theirs} if ours.get(p) != theirs.get(p)}
    files = git.list_files(repo, workspace.root, tree, "datasets")
    back: dict[str, bytes] = {}
    for name in sorted(n for n in names if n and f"datasets/{n}/dataset.toml" in files):
        merged = {p: b for p, b in files.items() if is_log(p) and dataset_of(p) == name}
        sides = [(p, b) for s in (ours, theirs) for p, b in s.items() if dataset_of(p) == name]
        blobs = git.read_blobs(workspace.root, {*merged.values(), *(b for _, b in sides)})
        texts = {p: mended.get(p, blobs[b]) for p, b in merged.items()}
        have = {line for text in texts.values() for line in text.split(b"\n")}
        for path, blob in sides:
            lost = [line for line in blobs[blob].split(b"\n") if line not in have]
            if any(line.strip() for line in lost):
                now = back.get(path, texts.get(path, b""))
                back[path] = join_lines(now, b"\n".join(lost))
                have.update(lost)
    return back


def _logs(workspace: Workspace, repo: git.Repository, revision: str) -> dict[str, str]:
    files = git.list_files(repo, workspace.root, revision, "datasets")
    return {path: blob for path, blob in files.items() if is_log(path)}


def _with_files(
    workspace: Workspace, repo: git.Repository, found: _Found, files: Mapping[str, bytes]
) -> str:
    """Return a tree with some files replaced."""
    root = workspace.root
    with tempfile.TemporaryDirectory(dir=repo.git_path, prefix="upwell-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run(root, "read-tree", found.tree, environment=index)
        listed = git.run(root, "ls-files", "-z", "--stage", "--full-name", environment=index)
        rows = (entry.partition("\t") for entry in os.fsdecode(listed).split("\0") if entry)
        modes = {p: EXECUTABLE for info, _, p in rows if info.startswith(EXECUTABLE)} | found.modes
        entries = b"".join(_entries(root, repo, files, modes))
        git.run(root, "update-index", "-z", "--index-info", stdin=entries, environment=index)
        return git.run(root, "write-tree", environment=index).decode().strip()


def _entries(
    root: Path, repo: git.Repository, files: Mapping[str, bytes], modes: Mapping[str, str]
) -> Iterable[bytes]:
    for path, data in sorted(files.items()):
        blob = git.run(root, "hash-object", "-w", "--stdin", stdin=data).strip()
        name = repo.path(path)
        mode = modes.get(name, PLAIN).encode()
        yield mode + b" " + blob + b"\t" + os.fsencode(name) + b"\0"
