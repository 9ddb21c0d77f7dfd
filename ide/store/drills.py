"""Drills in a workspace: beginning one on a branch of its own, scoring it, ending it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ide.dataset.drill import DRILLS, Drill, Planted, carried, drill_of, stranded, to_json
from ide.dataset.drill_planting import class_confusion, plant
from ide.dataset.drill_score import (
    ScoreRow,
    annotator_scores,
    detector_score,
    further,
    recall_curve,
    score_as_rows,
)
from ide.dataset.errors import BuildRunningError, DamagedFileError, DrillError
from ide.dataset.reading import Shape
from ide.dataset.replay import UNTOUCHED
from ide.dataset.schema import EXAMPLE_ID, LABEL, SUSPECT_THRESHOLD
from ide.store import git
from ide.store.builds import BuildInfo, build_table, current_build, list_builds
from ide.store.compile_lock import is_compiling
from ide.store.drill_file import drill_in_force, drill_path, drills_path
from ide.store.edit_log import append_edits, log_paths, read_edits, whole_lines
from ide.store.files import read_json, write_bytes, write_json, write_text
from ide.store.git_branch import create_branch, delete_branch, has_branch, switch_branch
from ide.store.git_commit import commit_files, refuse_in_progress
from ide.store.git_hooks import WITHOUT_HOOKS, run_checkout_hook
from ide.store.inside import remove_folder
from ide.store.lock_aside import is_waiting_lock
from ide.store.log_lock import replacing_logs
from ide.store.state import current_labels, dataset_state
from ide.store.taken import forget_committed
from ide.store.trust import MOVING, require_trust
from ide.store.workspace import TRACKED, Workspace

N_ERRORS = 60
_SCORE = "score.json"
_SCORE_JSON: Shape = {
    **dict.fromkeys(("dataset", "branch", "kind"), str),
    "n_planted": int,
    "build_id?": str,
    "curve": [None],
    "rows": [{"who": str, "measure": str, "*": None}],
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drill is: ``n_found`` planted examples are relabelled rightly, or excluded."""

    drill: Drill
    n_found: int

    @property
    def n_planted(self) -> int:
        """How many labels were planted."""
        return len(self.drill.planted)


@dataclass(frozen=True, slots=True)
class Score:
    """What a drill has measured so far.

    ``curve``: how many planted errors stand among the first 1, 2, … of the ranking, as far as
    ``further`` of the errors three times over; empty before the drill's first build.
    """

    drill: Drill
    rows: tuple[ScoreRow, ...]
    curve: tuple[int, ...]
    build_id: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a drill ended: its score, and what was carried over to the branch it began on."""

    score: Score
    n_carried: int
    n_left: int  # edits of examples that were not planted, left on the drill's branch
    is_deleted: bool


def start_drill(
    workspace: Workspace,
    name: str,
    *,
    n_errors: int = N_ERRORS,
    kind: str = "mixed",
    seed: int | None = None,
) -> Drill:
    """Plant wrong labels on a new branch, go there, and return the drill.

    seed: None = one that nobody knows; the drill's file tells it. Raises ``DrillError`` or
    ``GitError`` with one sentence; then branch and files are as they were.
    """
    workspace.require(name)
    require_trust(workspace, MOVING)
    root = workspace.root
    repo = git.repository(root)
    home = _home(workspace, repo)
    drill = _plan(workspace, name, home=home, n_errors=n_errors, kind=kind, seed=seed)
    path = drill_path(workspace, name)
    before = path.read_bytes() if path.exists() else None  # of a drill that was merged
    create_branch(root, drill.branch)
    try:
        write_text(path, to_json(drill))
        files = {workspace.relative(path): path.read_bytes()}
        message = f"{name}: a drill of {len(drill.planted):,} planted label errors"
        commit_files(repo, root, files, message)
    except BaseException:
        path.unlink()
        if before is not None:
            write_bytes(path, before)
        switch_branch(root, home)
        delete_branch(root, drill.branch)
        raise
    return drill


def _home(workspace: Workspace, repo: git.Repository) -> str:
    """Return the branch that a drill can begin on, or raise the reason why it cannot."""
    refuse_in_progress(repo)
    _refuse_building(workspace)
    for other in workspace.datasets():
        under_way = drill_in_force(workspace, other)
        if under_way is not None:
            raise DrillError(
                f"a drill of {other!r} is under way on this branch ({under_way.branch}). "
                f"End it first, with: upwell drill {other} --end"
            )
    tree = git.working_tree(repo, workspace.root, TRACKED)
    if tree.branch is None:
        raise DrillError(
            "HEAD is detached, so that there is no branch to come back to after the drill. "
            "Go to one first, with: git switch main"
        )
    if tree.revision is None:
        raise DrillError(
            "there is no commit yet that a drill's branch could begin at. Make one with: "
            "upwell commit"
        )
    changes = [change for change in tree.changes if not is_waiting_lock(change)]
    if changes:
        listed = ", ".join(change.path for change in changes[:3])
        more = f" and {len(changes) - 3:,} more" if len(changes) > 3 else ""
        raise DrillError(
            f"{listed}{more}: not committed, and a drill would take it to another branch. "
            "Commit first, with: upwell commit"
        )
    return tree.branch


def _plan(
    workspace: Workspace, name: str, *, home: str, n_errors: int, kind: str, seed: int | None
) -> Drill:
    labels = current_labels(workspace, name)
    states = dataset_state(workspace, name)
    ids = labels[EXAMPLE_ID].to_pylist()
    is_free = [
        not (state := states.get(i, UNTOUCHED)).is_judged and not state.is_conflict for i in ids
    ]
    return plant(
        dataset=name,
        home=home,
        example_ids=ids,
        labels=labels[LABEL].to_pylist(),
        splits=labels["split"].to_pylist(),
        is_free=is_free,
        classes=workspace.config(name).classes,
        n_errors=n_errors,
        kind=kind,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        confusion=_confusion(workspace, name, current_build(workspace, name)),
    )


def _confusion(workspace: Workspace, name: str, build: BuildInfo | None) -> np.ndarray | None:
    """Return (K, K) which classes a build takes for which; None where there is no such build."""
    classes = workspace.config(name).classes
    if build is None:
        return None
    targets = build_table(build, "targets", [EXAMPLE_ID, LABEL])
    predictions = build_table(build, "predictions", [EXAMPLE_ID, "probs"])
    number = {c: k for k, c in enumerate(classes)}
    label_by_id = dict(
        zip(targets[EXAMPLE_ID].to_pylist(), targets[LABEL].to_pylist(), strict=True)
    )
    probs = predictions["probs"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    if len(probs) != len(predictions) * len(classes):  # a build of other classes
        return None
    labels = [number.get(label_by_id[i], -1) for i in predictions[EXAMPLE_ID].to_pylist()]
    return class_confusion(probs.reshape(len(labels), -1), np.array(labels))


def require_drill(workspace: Workspace, name: str) -> Drill:
    """Return the drill in force; raise ``DrillError`` where there is none."""
    drill = drill_in_force(workspace, workspace.require(name))
    if drill is None:
        branch = git.branch(workspace.root)
        known = _drill_branches(workspace, name)
        there = f" Drills of it are on: {', '.join(known[:5])}." if known else ""
        raise DrillError(
            f"no drill of {name!r} is under way on {branch or 'a detached HEAD'}.{there} "
            f"Begin one with: upwell drill {name} --errors {N_ERRORS}"
        )
    return drill


def _drill_branches(workspace: Workspace, name: str) -> list[str]:
    pattern = f"refs/heads/{DRILLS}{name}-*"
    out = git.run(workspace.root, "for-each-ref", "--format=%(refname:short)", pattern)
    return out.decode(errors="replace").split()


def find_progress(workspace: Workspace, name: str) -> Progress | None:
    """Return how far the drill in force is; None where there is none."""
    return drill_progress(workspace, name) if drill_in_force(workspace, name) else None


def drill_progress(workspace: Workspace, name: str) -> Progress:
    """Return how far the drill in force is; raise ``DrillError`` where there is none."""
    drill = require_drill(workspace, name)
    states = dataset_state(workspace, name)
    n_found = sum(_is_found(p, states) for p in drill.planted)
    return Progress(drill, n_found)


def _is_found(planted: Planted, states: Mapping[str, Any]) -> bool:
    state = states.get(planted.example_id, UNTOUCHED)
    return bool(state.label == planted.true_label or state.is_excluded)


def drill_score(workspace: Workspace, name: str) -> Score:
    """Return what the drill in force has measured so far; raise ``DrillError`` for none.

    The detector is judged by the drill's first build, before people mended what it showed them;
    planted labels that were mended before even that build are left out of it.
    """
    drill = require_drill(workspace, name)
    edits = [e for e in read_edits(workspace, name).edits if drill_of(e) == drill.drill_id]
    people = annotator_scores(drill, edits)
    build = next(iter(list_builds(workspace, name)[::-1]), None)
    if build is None:
        return Score(drill, tuple(people), (), None)
    suspects = build_table(build, "suspects", ["rank", EXAMPLE_ID, LABEL, "p_mislabeled"])
    suspects = suspects.sort_by("rank")
    ranking, given = suspects[EXAMPLE_ID].to_pylist(), suspects[LABEL].to_pylist()
    label_by_id = dict(zip(ranking, given, strict=True))
    standing = tuple(p for p in drill.planted if label_by_id.get(p.example_id) == p.label)
    if not standing:
        return Score(drill, tuple(people), (), build.build_id)
    built = replace(drill, planted=standing)
    n_suspects = pc.sum(pc.greater(suspects["p_mislabeled"], SUSPECT_THRESHOLD)).as_py() or 0
    rows = detector_score(built, ranking, n_suspects)
    shown = max(3 * further(len(standing)), n_suspects)
    return Score(
        drill, (*rows, *people), tuple(recall_curve(built, ranking)[:shown]), build.build_id
    )


def end_drill(
    workspace: Workspace, name: str, *, carry: bool = True, delete: bool = False
) -> Ended:
    """Score a drill, go back to the branch it began on, and carry over what is no drill's.

    carry: edits of examples that were not planted become ordinary, uncommitted edits there.
    delete: the drill's branch goes, and its builds; else both are kept. Edits are committed on
    the drill's branch first, so nothing is lost either way. Ending the same drill again carries
    over nothing twice.
    """
    require_trust(workspace, MOVING)
    drill, root = require_drill(workspace, name), workspace.root
    repo = git.repository(root)
    refuse_in_progress(repo)
    _refuse_building(workspace)
    if not has_branch(root, drill.home):
        raise DrillError(
            f"the drill began on {drill.home!r}, and there is no such branch any more. Make it "
            f"again (git branch {drill.home} REVISION), or go elsewhere with: git switch BRANCH"
        )
    score = drill_score(workspace, name)
    _commit_logs(workspace, repo, drill)
    every = {other: read_edits(workspace, other).every for other in workspace.datasets()}
    own = carried(every[name], drill)
    before = git.head_revision(root)
    with replacing_logs(workspace):
        switch_branch(root, drill.home, *WITHOUT_HOOKS)
    run_checkout_hook(root, before)
    for other, edits in every.items():
        if other in workspace.datasets():
            known = {e.edit_id for e in read_edits(workspace, other).every}
            append_edits(workspace, other, stranded(edits, drill, known))
    if carry:
        append_edits(workspace, name, own)
    _save_score(workspace, score)
    if delete:
        delete_branch(root, drill.branch)
        remove_folder(drills_path(workspace) / drill.drill_id / name)
    return Ended(score, len(own) if carry else 0, 0 if carry else len(own), delete)


def _commit_logs(workspace: Workspace, repo: git.Repository, drill: Drill) -> None:
    """Commit what the edit logs of all datasets hold, on the drill's branch."""
    tree = git.working_tree(repo, workspace.root, ["datasets"])
    changed = {change.path for change in tree.changes}
    paths = [p for name in workspace.datasets() for p in log_paths(workspace, name)]
    files = {workspace.relative(p): whole_lines(p) for p in paths}
    dirty = {path: text for path, text in files.items() if path in changed}
    if dirty:
        message = f"{drill.dataset}: the verdicts of a drill"
        commit_files(repo, workspace.root, dirty, message)
    forget_committed(workspace, files)  # the drill's branch is mostly deleted, and meant to be


def _refuse_building(workspace: Workspace) -> None:
    if is_compiling(workspace):
        raise BuildRunningError(
            "a build is running, and a drill changes branches under it; wait for it, or cancel it"
        )


def _save_score(workspace: Workspace, score: Score) -> None:
    folder = drills_path(workspace) / score.drill.drill_id
    write_json(
        folder / _SCORE,
        {
            "dataset": score.drill.dataset,
            "branch": score.drill.branch,
            "kind": score.drill.kind,
            "n_planted": len(score.drill.planted),
            "build_id": score.build_id,
            "curve": list(score.curve),
            "rows": score_as_rows(score.rows),
        },
    )


def past_scores(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Return the scores of a dataset's drills that ended on this machine, newest first."""
    found = sorted(
        drills_path(workspace).glob(f"*/{_SCORE}"), key=lambda p: p.stat().st_mtime_ns, reverse=True
    )
    scores = []
    for path in found:
        with contextlib.suppress(DamagedFileError, FileNotFoundError):  # it is of the past
            scores.append(read_json(path, _SCORE_JSON))
    return [score for score in scores if score["dataset"] == name]
