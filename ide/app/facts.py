"""What the workbench says of a dataset in one breath, and the one next thing to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from ide.app import cached
from ide.app.text import count
from ide.dataset.config import DatasetConfig
from ide.dataset.schema import EXAMPLE_ID, SPLIT, SPLITS, SUSPECT_THRESHOLD, TEST
from ide.store.builds import BuildInfo, build_metrics, current_build, edits_since, previous_build
from ide.store.queue import judged_ids
from ide.store.state import current_labels
from ide.store.status import DatasetStatus
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Facts:
    """One dataset as it stands."""

    config: DatasetConfig
    n_examples: int
    n_by_split: dict[str, int]
    status: DatasetStatus
    build: BuildInfo | None
    n_since_build: int
    n_suspects: int  # of the build, above the threshold
    n_suspects_left: int  # of those, not judged by anyone
    n_issues: int  # errors and warnings of the checks

    @property
    def n_problems(self) -> int:
        """Damaged lines, conflicts, and what the checks found."""
        return len(self.status.damage) + len(self.status.conflicts) + self.n_issues


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do: a button, where it leads, and why."""

    view: str
    label: str
    icon: str
    why: str


def facts(ws: Workspace, name: str) -> Facts:
    """Read what stands of one dataset; raises a sentence where its files cannot be read."""
    labels = current_labels(ws, name)
    counts = Counter(labels[SPLIT].to_pylist()) if len(labels) else Counter()
    build = current_build(ws, name)
    suspected = _suspected_ids(build)
    return Facts(
        config=ws.config(name),
        n_examples=len(labels),
        n_by_split={split: counts[split] for split in SPLITS if counts[split]},
        status=next(d for d in cached.status(ws).datasets if d.name == name),
        build=build,
        n_since_build=edits_since(ws, build) if build else 0,
        n_suspects=len(suspected),
        n_suspects_left=len(suspected - set(judged_ids(ws, name))),
        n_issues=_n_issues(build),
    )


def next_step(found: Facts) -> Step:
    """Return the one thing that helps most now."""
    edits = count(found.status.n_edits, "edit")
    if not found.config.is_compiled and not found.status.n_edits:
        why = f"Only images compile so far; label and export {found.config.modality}."
        return Step("browse", "Browse", "grid_view", why)
    if found.build is None and found.config.is_compiled:
        why = "There is no build yet: nothing is ranked and nothing is measured."
        return Step("compile", "Compile", "play_circle", why)
    if found.status.conflicts:
        why = f"People disagree about {count(len(found.status.conflicts), 'example')}."
        return Step("changes", "Resolve conflicts", "call_split", why)
    if found.n_suspects_left:
        why = f"{count(found.n_suspects_left, 'suspect')} left of {found.n_suspects:,}."
        return Step("review", "Review suspects", "rate_review", why)
    if found.status.n_edits:
        return Step("changes", "Commit", "difference", f"{edits} not committed, no suspect left.")
    if found.n_since_build:
        why = f"{count(found.n_since_build, 'edit')} since the build."
        return Step("compile", "Recompile", "play_circle", why)
    if not found.n_suspects:
        why = "No label is more likely wrong than right; the most doubtful stand first."
        return Step("review", "Review", "rate_review", why)
    return Step("browse", "Browse", "grid_view", "Every suspect is judged and committed.")


def metrics_of(build: BuildInfo | None, split: str = TEST) -> dict[str, Any] | None:
    """Return a split's metrics; None without a build or without that split."""
    if build is None:
        return None
    found: dict[str, Any] | None = build_metrics(build).get("splits", {}).get(split)
    return found


def accuracy_delta(ws: Workspace, name: str, split: str = TEST) -> float | None:
    """Return by how much the accuracy changed since the build before."""
    now, before = (
        metrics_of(current_build(ws, name), split),
        metrics_of(previous_build(ws, name), split),
    )
    if not now or not before:
        return None
    return float(now["accuracy"]["value"]) - float(before["accuracy"]["value"])


def worst_issues(build: BuildInfo | None) -> list[dict[str, Any]]:
    """Return what the checks found, errors first, then warnings; notes are no problems."""
    if build is None:
        return []
    rows = cached.table(build, "issues", ("check", "severity", "message", "score")).to_pylist()
    found = [row for row in rows if row["severity"] in ("error", "warning")]
    return sorted(found, key=lambda row: (row["severity"] != "error", -(row["score"] or 0.0)))


def _suspected_ids(build: BuildInfo | None) -> set[str]:
    if build is None:
        return set()
    table = cached.table(build, "suspects", (EXAMPLE_ID, "p_mislabeled"))
    return set(
        table.filter(pc.greater(table["p_mislabeled"], SUSPECT_THRESHOLD))[EXAMPLE_ID].to_pylist()
    )


def _n_issues(build: BuildInfo | None) -> int:
    if build is None:
        return 0
    severities = Counter(cached.table(build, "issues", ("severity",))["severity"].to_pylist())
    return severities["error"] + severities["warning"]
