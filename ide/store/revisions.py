"""The revisions that can be compared: what there is to choose from, and what a name stands for."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import pyarrow as pa

from ide.dataset.errors import GitError
from ide.dataset.replay import replay
from ide.store import git
from ide.store.edit_log import read_edits
from ide.store.history import dataset_changes, diff
from ide.store.past_edits import edits_at
from ide.store.workspace import Workspace

HEAD = "HEAD"
WORKING_TREE = ""  # the name of the files as they are now
MAX_REFS = 500
_MAIN = ("main", "master", "origin/main", "origin/master")


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or a tag: its name, ``branch``, ``remote branch`` or ``tag``, and its commit."""

    name: str
    kind: str
    revision: str
    subject: str


@dataclass(frozen=True, slots=True)
class Span:
    """Two revisions of one dataset, checked: the commits, and the names they were asked by.

    ``start`` None: nothing was there yet (what comes before the first commit). ``end`` None: the
    files as they are now.
    """

    a: str
    b: str
    start: str | None
    end: str | None

    @property
    def title(self) -> str:
        """Both names, as ``main … working tree``."""
        return f"{self.a} … {self.b or 'working tree'}"


def refs(workspace: Workspace) -> list[Ref]:
    """Return branches, remote branches and tags, the newest commit of each kind first."""
    said = git.run(
        workspace.root,
        *("for-each-ref", f"--count={MAX_REFS}", "--sort=-committerdate"),
        "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(subject)%00%(symref)",
        *("refs/heads", "refs/remotes", "refs/tags"),
    )
    kinds = {"heads": "branch", "remotes": "remote branch", "tags": "tag"}
    found = []
    for line in os.fsdecode(said).splitlines():
        name, own, peeled, subject, symref = line.split("\0")
        _, kind, short = name.split("/", 2)
        if not symref:
            found.append(Ref(short, kinds[kind], peeled or own, subject))
    return sorted(found, key=lambda ref: list(kinds.values()).index(ref.kind))


def span_of(workspace: Workspace, name: str, a: str, b: str = WORKING_TREE) -> Span:
    """Return what two names stand for; ``b`` "" = the files now.

    What comes before the first commit (``REV^`` or ``REV~1`` of it) is nothing, and not an error.
    Raises ``GitError`` for a name that is no revision, and where neither side has the dataset.
    """
    root = workspace.root
    end = git.resolve(root, b) if b else None
    start = None if end and _is_before_all(workspace, a) else git.resolve(root, a)
    if end is None:
        workspace.require(name)
    elif not has_dataset(workspace, name, end) and not (
        start and has_dataset(workspace, name, start)
    ):
        both = f"neither {a} nor {b}" if start else f"revision {b}"
        raise GitError(
            f"{both[:120]} has {'a' if start else 'no'} dataset {name!r}: it came later, or had "
            f"another name then. List the commits that touched it with: upwell log {name}"
        )
    return Span(a, b, start, end)


def from_where_they_part(workspace: Workspace, span: Span) -> tuple[Span, str]:
    """Return a span that begins where its sides part, and a sentence where that is elsewhere.

    So what others did on the base meanwhile is not taken for this change's.
    """
    if span.start is None:
        return span, ""
    fork = where_they_part(workspace, span.start, span.end)
    if fork in (None, span.start):
        return span, ""
    return replace(span, start=fork), parted_sentence(span.a, str(fork))


def where_they_part(workspace: Workspace, start: str, end: str | None) -> str | None:
    """Return the newest commit that two sides have in common; None where there is none.

    end: None = the files now, on HEAD. Where ``end`` is the older of two commits, one who asks
    for what lies between means just that, and ``start`` is returned.
    """
    result = git.attempt(workspace.root, "merge-base", start, end or "HEAD")
    if result.returncode != 0:
        return None
    common = result.stdout.decode().split()[0]
    return start if common == end else common


def parted_sentence(name: str, fork: str) -> str:
    """Say that a base, by its name, was not compared with itself."""
    return (
        f"{name} has commits that are not in this change; compared with {fork[:10]}, where the "
        "two part"
    )


def changes_of_span(
    workspace: Workspace, name: str, start: str | None, end: str | None
) -> pa.Table:
    """Return what changed in a dataset between the commits of a span (``changes.CHANGES``)."""
    if start is not None:
        return diff(workspace, start, end, [name]).drop_columns(["dataset"])
    edits = edits_at(workspace, name, end) if end else read_edits(workspace, name).edits
    return dataset_changes(workspace, name, {}, replay(edits), edits)


def has_dataset(workspace: Workspace, name: str, revision: str) -> bool:
    """Whether a commit has a dataset."""
    path = f"datasets/{name}/dataset.toml"
    return git.show(workspace.root, revision, path) is not None


def default_base(workspace: Workspace) -> str:
    """Return the revision that a review begins at, as a name.

    Where this branch left main (or master, or their remote ones), else its upstream. On main
    without either that is HEAD: what is not committed is reviewed. Raises ``GitError``.
    """
    root = workspace.root
    here, head = git.branch(root), git.head_revision(root)
    if head is None:
        raise GitError(
            "there is no commit yet, so nothing to compare with. Make one with: upwell commit"
        )
    upstream = [f"{here}@{{upstream}}"] if here else []
    others = [main for main in _MAIN if main != here]
    for name in (*others, *upstream):
        result = git.attempt(root, "merge-base", head, f"{name}^{{commit}}")
        if result.returncode != 0:
            continue
        found = result.stdout.decode().strip()
        tip = git.resolve(root, name)
        if found == head:
            continue  # nothing of this branch is missing there
        shown = git.attempt(root, "rev-parse", "--abbrev-ref", name).stdout.decode().strip()
        return shown if found == tip and shown else found[:10]
    return HEAD


def _is_before_all(workspace: Workspace, name: str) -> bool:
    """Whether a name is that of the parent of a commit that has none."""
    of = next((name.removesuffix(end) for end in ("^", "~1", "~") if name.endswith(end)), None)
    if not of:
        return False
    first = git.resolve(workspace.root, of)
    said = git.run(workspace.root, "rev-list", "--parents", "--max-count=1", first)
    return not git.is_shallow(workspace.root) and len(said.split()) == 1
