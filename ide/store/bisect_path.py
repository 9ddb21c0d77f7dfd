"""What lies between a good and a bad revision: the commits that touch a dataset, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.bisection import path
from ide.dataset.errors import BisectError
from ide.store import git
from ide.store.bisect_keys import Seen
from ide.store.workspace import Workspace

_FIELDS = ("%H", "%P", "%an", "%cI", "%B")


@dataclass(frozen=True, slots=True)
class Stop:
    """A commit on the way from good to bad that touches the dataset.

    ``came_from``: the parent that lies on the way. ``key``: what training sees there (see
    ``bisect_keys``); "" where the dataset is not there. ``n_edits``: how many there are by then,
    as builds count them. ``n_changes``: examples whose label, split or exclusion differs from the
    stop before. ``note``: what else differs, in words.
    """

    revision: str
    came_from: str
    parents: tuple[str, ...]
    author: str
    committed_at: str  # ISO 8601
    message: str
    key: str
    n_edits: int
    n_changes: int
    note: str = ""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return (self.message.splitlines() or [""])[0]


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
    if git.is_shallow(root):
        raise BisectError(
            f"git finds no way from {good[:10]} to {bad[:10]}: this clone is shallow. Fetch the "
            "other commits with: git fetch --unshallow"
        )
    result = git.attempt(root, "merge-base", good, bad)
    base = result.stdout.decode().strip()
    hint = f"their common ancestor is {base[:10]}: try --good {base[:10]}" if base else ""
    raise BisectError(
        f"good ({good[:10]}) is no ancestor of bad ({bad[:10]}), so that no commits lead from one "
        f"to the other; {hint or 'they have no history in common'}"
    )


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
    seen = Seen(workspace, name)
    good_key, _, _ = seen.look(good, tree=trees.get(good))
    stops = []
    for commit, before in touching.items():
        key, n_changes, note = seen.look(commit, tree=trees.get(commit))
        parents, author, when, message = facts[commit]
        facts_of_labels = (key, seen.n_edits, n_changes, note)
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
