"""Two revisions of a dataset side by side: labels, builds, flips and what probably caused them.

Both builds are measured on the newer one's labels; see ``ide.dataset.two_builds``.
The Reviews view draws it and ``upwell report`` writes it. Nothing is compiled or fetched here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.attribution import CAUSES, Checkpoint, causes, targets_of
from ide.dataset.errors import StorageError, UpwellError
from ide.dataset.estimates import Estimate
from ide.dataset.replay import dismissed_issues, replay
from ide.dataset.schema import EXAMPLE_ID, ISSUES, LABEL, SPLIT, TEST, VALIDATION
from ide.dataset.significance import Moved, moved_slices
from ide.dataset.slices import members_of, slices
from ide.dataset.source_columns import with_kept_names
from ide.dataset.two_builds import Shift, Side, TwoBuilds, compare_builds, headline_split
from ide.store import git
from ide.store.build_of import build_of_revision
from ide.store.builds import SHAPES, BuildInfo, build_metrics, build_model, build_table
from ide.store.builds import edits_since as n_edits_since
from ide.store.commits import accuracy_by_split
from ide.store.dvc_cache import cache_path, cached_file
from ide.store.edit_log import read_edits
from ide.store.estimates import estimate_of, estimate_of_metrics
from ide.store.examples import read_examples
from ide.store.files import read_json
from ide.store.gates import GateResult, judge_gates
from ide.store.history import diff
from ide.store.past_edits import edits_at
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Comparison:
    """What revision ``b`` (None = the files now) changes of a dataset since ``a``.

    changes: ``changes.CHANGES``. base, build: the kept builds of either side, None where this
    machine has none. metrics, base_metrics: as in metrics.json, each on its own labels. pair: both
    on the labels of ``build``, None where they cannot be paired. attribution:
    ``attribution.CAUSES``; causes: the same as flip's example id → ids of edits, the most probable
    first. moved: the classes and slices whose held-out accuracy moved, of ``n_slices`` looked at.
    gates: None where there are some and no build to judge. new_issues, gone_issues:
    ``schema.ISSUES`` that one build finds and the other does not, dismissed ones counted as not.
    estimate: how many labels are thought wrong. seconds: what the build took. note: what a reader
    must know to read the numbers, "" for nothing.
    """

    dataset: str
    a: str
    b: str | None
    changes: pa.Table
    base: BuildInfo | None = None
    build: BuildInfo | None = None
    base_metrics: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] | None = None
    pair: TwoBuilds | None = None
    attribution: pa.Table = field(default_factory=CAUSES.empty_table)
    causes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moved: tuple[Moved, ...] = ()
    n_slices: int = 0
    gates: tuple[GateResult, ...] | None = ()
    new_issues: pa.Table = field(default_factory=ISSUES.empty_table)
    gone_issues: pa.Table = field(default_factory=ISSUES.empty_table)
    estimate: Estimate | None = None
    base_estimate: Estimate | None = None
    seconds: float | None = None
    note: str = ""

    @property
    def flips(self) -> pa.Table | None:
        """The examples that changed sides, ``schema.FLIPS``; None where nothing is paired."""
        return self.pair.flips if self.pair else None


def compare(workspace: Workspace, name: str, a: str, b: str | None = None) -> Comparison:
    """Compare revision ``a`` of a dataset with ``b`` (None: the files now, and the current build).

    The builds are the kept ones of these very labels; where there is none of ``a``, its metrics
    are those that dvc.lock names there, if DVC's cache here has them. Raises ``GitError`` for a
    name that is no revision, ``DatasetNotFoundError`` for no dataset.
    """
    workspace.require(name)
    start = git.resolve(workspace.root, a)
    end = git.resolve(workspace.root, b) if b is not None else None
    changes = diff(workspace, start, end, [name]).drop_columns(["dataset"])
    base = build_of_revision(workspace, name, start)
    build = build_of_revision(workspace, name, end)
    base_metrics = build_metrics(base) if base else _metrics_from_cache(workspace, name, start)
    told: dict[str, Any] = {
        "base": base,
        "build": build,
        "base_metrics": base_metrics,
        "base_estimate": estimate_of(base) if base else estimate_of_metrics(base_metrics),
        "note": _note(workspace, name, base, build, base_metrics, end=end),
    }
    if build is not None:
        told |= {
            "metrics": build_metrics(build),
            "gates": tuple(judge_gates(workspace, name, build=build, base=base)),
            "estimate": estimate_of(build),
            "seconds": build.seconds,
        }
    elif workspace.config(name).gates:
        told["gates"] = None
    if base is not None and build is not None:
        told |= _pair(workspace, name, base, build, changes)
        told |= _issues(workspace, name, (base, start), (build, end))
    return Comparison(name, start, end, changes, **told)


def _note(
    workspace: Workspace,
    name: str,
    base: BuildInfo | None,
    build: BuildInfo | None,
    base_metrics: Mapping[str, Any] | None,
    *,
    end: str | None,
) -> str:
    """Say what a reader must know before the numbers are read."""
    config = workspace.config(name)
    if not config.is_compiled:
        return f"only images compile so far, so that of {config.modality} nothing is measured"
    if build is None:
        at = f" --at {end[:10]}" if end else ""
        return f"there is no build here; make one with: upwell compile{at} {name}"
    notes = []
    stale = n_edits_since(workspace, build) if end is None else 0
    if stale:
        notes.append(f"{stale:,} {'edit is' if stale == 1 else 'edits are'} newer than the build")
    if base is not None and base.build_id == build.build_id:
        notes.append("both sides are the same build")
    elif base_metrics is None:
        notes.append("no build of the base here")
    return "; ".join(notes)


def _pair(
    workspace: Workspace, name: str, base: BuildInfo, build: BuildInfo, changes: pa.Table
) -> dict[str, Any]:
    """Return which examples changed sides and why; nothing where a build's files do not tell."""
    try:
        pair = two_builds(base, build)
    except UpwellError:
        return {}
    found = pair.flips
    classes = tuple(workspace.config(name).classes)
    both = (_checkpoint(base, classes), _checkpoint(build, classes)) if len(found) else (None, None)
    table = causes(found, changes, classes, *both)
    by_flip: dict[str, list[str]] = {}
    for flip, edit_id in zip(*(table[c].to_pylist() for c in (EXAMPLE_ID, "edit_id")), strict=True):
        if edit_id is not None:
            by_flip.setdefault(flip, []).append(edit_id)
    return {
        "pair": pair,
        "attribution": table,
        "causes": {flip: tuple(dict.fromkeys(ids)) for flip, ids in by_flip.items()},
        **_moved(workspace, name, pair),
    }


def _moved(workspace: Workspace, name: str, pair: TwoBuilds) -> dict[str, Any]:
    """Return the held-out slices that moved on the same labels, and how many were looked at."""
    examples = read_examples(workspace, name)
    splits = pa.array([TEST, VALIDATION])
    known = examples[EXAMPLE_ID].combine_chunks()
    own = [c for c in examples.column_names if c not in (LABEL, SPLIT)]

    def held_out(table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the rows of examples that are here and held out, and their metadata."""
        rows = table.filter(pc.is_in(table[SPLIT], splits))
        rows = rows.filter(pc.is_in(rows[EXAMPLE_ID], known))
        places = pc.index_in(rows[EXAMPLE_ID], value_set=known)
        return rows, with_kept_names(examples.select(own).take(places))

    pairs, metadata = held_out(pair.pairs)
    no = pa.repeat(pa.scalar(value=False), len(pairs))
    labels = pairs.append_column("is_excluded", no).append_column("is_conflict", no)
    before, after = (
        slices(labels, pa.table({"predicted": pairs[c]}), metadata)
        for c in ("base_predicted", "predicted")
    )
    flipped, facts = held_out(pair.flips)
    members = members_of(flipped.select([LABEL]), facts, frozenset(after["slice"].to_pylist()))
    moved, n_slices = moved_slices(flipped, members, before, after, (TEST, VALIDATION))
    return {"moved": tuple(moved), "n_slices": n_slices}


@lru_cache(maxsize=8)
def two_builds(base: BuildInfo, build: BuildInfo) -> TwoBuilds:
    """Return a build beside another, both on the labels of ``build``."""
    return compare_builds(_side(base), _side(build))


@lru_cache(maxsize=256)
def shifts_between(base: BuildInfo, build: BuildInfo) -> Mapping[str, Shift]:
    """Return by split what network and answer key moved; {} where a build's files do not tell."""
    try:
        return two_builds(base, build).shifts
    except UpwellError:
        return {}


def shifts_of_commits(builds: Mapping[str, BuildInfo]) -> dict[str, tuple[str, Shift]]:
    """Return revision → (the next older revision with a build, what moved since), on one split.

    builds: revision → its build, newest commit first. The split is the headline one of the newer
    build; a revision with no older build that has it has none.
    """
    splits = {revision: accuracy_by_split(build) for revision, build in builds.items()}
    order = list(builds)
    found = {}
    for place, revision in enumerate(order):
        split = headline_split(splits[revision])
        older = next((r for r in order[place + 1 :] if split in splits[r]), None)
        if split is None or older is None:
            continue
        shift = shifts_between(builds[older], builds[revision]).get(split)
        if shift is not None:
            found[revision] = (older, shift)
    return found


def _side(build: BuildInfo) -> Side:
    labels = build_table(build, "labels", (EXAMPLE_ID, LABEL, SPLIT, "is_excluded", "is_conflict"))
    predictions = build_table(build, "predictions", (EXAMPLE_ID, "predicted"))
    return Side(labels, predictions, tuple(build_model(build)["classes"]))


def _checkpoint(build: BuildInfo, classes: tuple[str, ...]) -> Checkpoint | None:
    """Return what a build taught and found; None where it has other classes or no embeddings."""
    table = build_table(build, "predictions", [EXAMPLE_ID, "probs", "embedding"])
    labels = build_table(build, "labels")
    if not labels[EXAMPLE_ID].equals(table[EXAMPLE_ID]):
        return None
    probs, embeddings = _matrix(table["probs"]), _matrix(table["embedding"])
    if probs is None or embeddings is None or probs.shape[1] != len(classes):
        return None
    return Checkpoint(table[EXAMPLE_ID].to_pylist(), targets_of(labels, classes), probs, embeddings)


def _matrix(column: pa.ChunkedArray) -> np.ndarray | None:
    """Return a column of lists of one length as (N, D); None where they are not of one length."""
    lists = column.combine_chunks()
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    if len(lengths) != 1 or not lengths[0]:
        return None
    flat: np.ndarray = lists.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(lists), lengths[0])


def _issues(
    workspace: Workspace,
    name: str,
    before: tuple[BuildInfo, str | None],
    after: tuple[BuildInfo, str | None],
) -> dict[str, pa.Table]:
    """Return the issues that came and those that went, the dismissed ones left out."""
    was, now = (_open(workspace, name, build, at) for build, at in (before, after))
    return {
        "new_issues": now.filter(pc.invert(pc.is_in(now["issue_id"], was["issue_id"]))),
        "gone_issues": was.filter(pc.invert(pc.is_in(was["issue_id"], now["issue_id"]))),
    }


def _open(workspace: Workspace, name: str, build: BuildInfo, revision: str | None) -> pa.Table:
    """Return a build's issues less those that people said are none, by the edits of a revision."""
    from ide.store.issues import problems_of

    found = problems_of(build).issues
    edits = edits_at(workspace, name, revision) if revision else read_edits(workspace, name).edits
    dismissed = dismissed_issues(replay(e for e in edits if e.action in ("dismiss", "undo")))
    return found.filter(
        pc.invert(pc.is_in(found["issue_id"], pa.array(sorted(dismissed), pa.string())))
    )


def _metrics_from_cache(workspace: Workspace, name: str, revision: str) -> Mapping[str, Any] | None:
    """Return metrics.json of the build that dvc.lock names at a revision, if it is cached here."""
    lock = git.show(workspace.root, revision, "dvc.lock")
    if lock is None:
        return None
    entry = re.search(
        rf"- path: builds/{re.escape(name)}/metrics\.json\n(?:\s+(?!- )\S.*\n)*?\s+md5: (\w{{32}})",
        lock.decode(errors="replace"),
    )
    if entry is None:
        return None
    try:
        cached = cached_file(cache_path(workspace), entry[1])
        metrics: dict[str, Any] = read_json(cached, SHAPES["metrics.json"])
    except (FileNotFoundError, StorageError, ValueError):
        return None
    return metrics
