"""Commits as History draws them: where each stands, what it did to labels and to metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ide.app import navigate
from ide.app.text import ago, moment, percent, points, shift_words, short
from ide.dataset.changes import summarise
from ide.dataset.two_builds import Shift, headline_split
from ide.store.branches import Branch
from ide.store.commit_graph import Lane
from ide.store.commits import CommitInfo


def rows(
    commits: Sequence[CommitInfo],
    name: str,
    *,
    graph: Sequence[Lane],
    branches: Sequence[Branch],
    metrics: Mapping[str, Mapping[str, float]],
    shifts: Mapping[str, tuple[str, Shift]],
    can_revert: bool,
) -> list[dict[str, Any]]:
    """Return commits for the component ``commits.js``, newest first; ``graph``: their lanes.

    ``metrics``: revision → split → accuracy, 0 … 1, on the labels of the commit's own build.
    ``shifts``: revision → the next older commit that has a build, and what moved since.
    """
    accuracy = accuracies(metrics)
    found = []
    for commit, place in zip(commits, graph, strict=True):
        found.append(
            {
                "revision": commit.revision,
                "short": short(commit.revision),
                "subject": (commit.message.splitlines() or [""])[0][:200] or "(no message)",
                "message": commit.message[:2000],
                "author": commit.author,
                "ago": ago(commit.committed_at),
                "at": f"{moment(commit.committed_at)} UTC",
                "href": navigate.address("changes", name, b=commit.revision[:10]),
                "warning": commit.despite_errors or "",
                "refs": _refs(commit.revision, branches),
                "can_revert": can_revert and not commit.is_cut,
                "lane": place.lane,
                "lines": place.lines,
                "is_merge": commit.is_merge,
                **_done(commit, name),
                **_metric(commit.revision, accuracy, shifts),
            }
        )
    return found


def accuracies(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[str, float]]:
    """Return revision → (split, accuracy): on the test set, where there is one."""
    found = {}
    for revision, by_split in metrics.items():
        split = headline_split(by_split)
        if split:
            found[revision] = (split, by_split[split])
    return found


def _refs(revision: str, branches: Sequence[Branch]) -> list[dict[str, str]]:
    return [
        {"name": b.name, "kind": "current" if b.is_current else "other"}
        for b in branches
        if b.revision == revision
    ]


def _done(commit: CommitInfo, name: str) -> dict[str, Any]:
    """Say what a commit did to the labels of the open dataset, and that it touched others."""
    own = ", ".join(filter(None, (summarise(commit.counts.get(name, {})), commit.notes.get(name))))
    others = [n for n in commit.counts if n != name]
    if commit.is_cut:
        return {"done": commit.summary, "is_empty": True}
    nothing = "a merge: the edits came with its branch" if commit.is_merge else "no label changed"
    more = f" · and {', '.join(others[:3])}" if others else ""
    return {"done": (own or nothing) + more, "is_empty": not own}


def _metric(
    revision: str,
    accuracy: Mapping[str, tuple[str, float]],
    shifts: Mapping[str, tuple[str, Shift]],
) -> dict[str, Any]:
    """Return the accuracy of a commit's build, and by how much its network is better."""
    if revision not in accuracy:
        return {"accuracy": "", "delta": "", "tone": "", "accuracy_title": "no build of it is kept"}
    split, value = accuracy[revision]
    found = {"accuracy": percent(value), "delta": "", "tone": ""}
    if revision not in shifts:
        return {**found, "accuracy_title": f"accuracy on {split}"}
    base, shift = shifts[revision]
    tone = "" if not shift.network else "good" if shift.network > 0 else "bad"
    title = f"accuracy on {split}; against the build of {short(base)}: {shift_words(shift)}"
    delta = points(shift.network) or ""
    return {**found, "delta": delta, "tone": tone, "accuracy_title": title}
