"""What the workbench says of a dataset in one breath, and the one next thing to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.app import cached
from ide.app.text import count
from ide.dataset.check_settings import SEVERITIES
from ide.dataset.config import DatasetConfig
from ide.dataset.estimates import Estimate
from ide.dataset.schema import SPLIT, SPLITS, SUSPECT_THRESHOLD, TEST
from ide.dataset.two_builds import Shift, headline_split
from ide.store.builds import BuildInfo, build_metrics, current_build, edits_since, previous_build
from ide.store.checking import listed_build
from ide.store.commit_paths import NotCommitted
from ide.store.commits import accuracy_by_split
from ide.store.estimates import estimate_of
from ide.store.gates import GateResult
from ide.store.issues import (
    IssueFilters,
    count_problems,
    find_problems,
    open_by_severity,
    problems_of,
)
from ide.store.live_queue import n_suspects_left
from ide.store.replaying import replayed
from ide.store.state import current_labels
from ide.store.status import DatasetStatus
from ide.store.workspace import Workspace

MAX_STEPS = 2  # named on a dataset's card


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
    n_suspects_left: int | None  # above it by the odds after the verdicts, and not judged by anyone
    estimate: Estimate | None  # how many labels the build thinks wrong
    gates: tuple[GateResult, ...]  # what they say of the build
    n_open: dict[str, int]  # problems that the checks found and nobody settled, by severity
    is_checked: bool  # whether checks have looked: without a look 0 problems would be a claim
    not_committed: NotCommitted  # of it, with what all datasets share
    is_import_left: bool  # what an import brought is in no commit yet

    @property
    def n_gates_failed(self) -> int:
        """How many gates the build fails."""
        return sum(not result.is_passed for result in self.gates)

    @property
    def n_problems(self) -> int | None:
        """Damaged lines, conflicts, and the checks' errors and warnings; a note is none.

        None where there are none to see and no check has looked.
        """
        n_found = self.n_open["error"] + self.n_open["warning"]
        n = len(self.status.damage) + len(self.status.conflicts) + n_found
        return n if n or self.is_checked else None


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do: a button, where it leads, and why."""

    view: str
    label: str
    icon: str
    why: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def facts(ws: Workspace, name: str) -> Facts:
    """Read what stands of one dataset; raises a sentence where its files cannot be read."""
    labels = current_labels(ws, name)
    counts = Counter(labels[SPLIT].to_pylist()) if len(labels) else Counter()
    build, checked = current_build(ws, name), listed_build(ws, name)
    everything = cached.status(ws)
    own = next(d for d in everything.datasets if d.name == name)
    return Facts(
        config=ws.config(name),
        n_examples=len(labels),
        n_by_split={split: counts[split] for split in SPLITS if counts[split]},
        status=own,
        build=build,
        n_since_build=edits_since(ws, build) if build else 0,
        n_suspects=_n_suspects(build),
        n_suspects_left=n_suspects_left(ws, name, build, replayed(ws, name)) if build else None,
        estimate=estimate_of(build) if build else None,
        gates=tuple(cached.gates(ws, name, build, previous_build(ws, name))) if build else (),
        n_open=open_by_severity(ws, name, checked) if checked else dict.fromkeys(SEVERITIES, 0),
        is_checked=checked is not None,
        not_committed=everything.not_committed(name),
        is_import_left=not everything.problem and own.is_import_left,
    )


def next_steps(found: Facts, under_way: Step | None = None) -> list[Step]:
    """Return the one or two things that help most now; what is under way comes first.

    What an import brought is committed before anything is done to it, and what has no label is
    labelled before a network is asked.
    """
    steps = [under_way] if under_way else []
    if found.is_import_left:
        why = "What was imported is in no commit yet, and edits would be mixed up with it."
        steps.append(Step("changes", "Commit the import", "difference", why))
    if n := found.status.n_unlabelled:
        why = f"{count(n, 'example')} of {found.n_examples:,} without a label."
        steps.append(Step("review", "Label by keys", "label", why, {"queue": "unlabelled"}))
    step = _next_step(found)
    is_said = under_way is not None or (found.is_import_left and step.view == "changes")
    if not is_said and n < found.n_examples:
        steps.append(step)
    return steps[:MAX_STEPS]


def _next_step(found: Facts) -> Step:
    if not found.config.is_compiled and not found.not_committed.is_committable:
        why = f"Only images compile so far; label and export {found.config.modality}."
        return Step("browse", "Browse", "grid_view", why)
    if found.build is None and found.config.is_compiled:
        why = "There is no build yet: nothing is ranked and nothing is measured."
        return Step("compile", "Compile", "play_circle", why)
    if found.status.conflicts:
        why = f"People disagree about {count(len(found.status.conflicts), 'example')}."
        return Step("review", "Resolve conflicts", "call_split", why, {"queue": "conflicts"})
    if found.n_suspects_left:
        of_build = f" of {found.n_suspects:,}" if found.n_suspects > found.n_suspects_left else ""
        why = f"{count(found.n_suspects_left, 'suspect')} left{of_build}."
        return Step("review", "Review suspects", "rate_review", why)
    if found.n_since_build:
        why = f"{count(found.n_since_build, 'edit')} since the build, no suspect left."
        return Step("compile", "Recompile", "play_circle", why)
    if found.not_committed.is_committable:
        return Step("changes", "Commit", "difference", "All of that as one commit.")
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


def headline(build: BuildInfo | None) -> str | None:
    """Return the split that a build's numbers are of where none is chosen; None for no split."""
    return headline_split(accuracy_by_split(build)) if build else None


def latest_shift(ws: Workspace, name: str, split: str) -> Shift | None:
    """Return what network and answer key moved since the build before; None for no such build."""
    build, base = current_build(ws, name), previous_build(ws, name)
    return cached.shifts(build, base).get(split) if build and base else None


def open_checks(ws: Workspace, found: Facts) -> list[dict[str, Any]]:
    """Return ``severity, check, n`` of checks with open problems, and the ``worst`` in words."""
    name = found.config.name
    build = listed_build(ws, name)
    if build is None:
        return []
    rows = count_problems(build, find_problems(ws, name, build, IssueFilters()))
    problems = problems_of(build)
    first = pa.array([row["first"] for row in rows], pa.int64())  # also where there are none
    worst = problems.table.take(first).to_pylist()
    return [{**row, "worst": problems.sentence(w)} for row, w in zip(rows, worst, strict=True)]


def said(n_by_severity: Mapping[str, int], severities: Sequence[str] = SEVERITIES) -> str:
    """Say counts by severity: ``2 errors, 31 warnings``; "" where there are none."""
    return ", ".join(count(n_by_severity[s], s) for s in severities if n_by_severity[s])


def _n_suspects(build: BuildInfo | None) -> int:
    if build is None:
        return 0
    p = cached.table(build, "suspects", ("p_mislabeled",))["p_mislabeled"]
    return int(pc.sum(pc.greater(p, SUSPECT_THRESHOLD)).as_py() or 0)
