"""What a bisection has found so far, as rows and sentences: for the terminal and the workbench."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ide.dataset.bisection import SKIPPED
from ide.store.bisect_path import Stop
from ide.store.bisect_state import CANCELLED, DONE, RUNNING, Bisect, Verdict, marks_of
from ide.store.history import diff
from ide.store.workspace import Workspace

COMMIT_COLUMNS = (
    *("revision", "verdict", "value", "low", "high", "n", "n_changes"),
    *("author", "committed_at", "subject"),
)


def commit_rows(bisect: Bisect) -> list[dict[str, Any]]:
    """Return a row a commit that the search is among, oldest first; the good end comes first.

    ``verdict``: culprit, running, good, bad, skipped or unknown; the value is None where that
    follows from another commit's. ``via``: the merge that brought it, where it is not on the way.
    """
    rows = []
    for leg in bisect.legs:
        marks = marks_of(bisect, leg)
        if leg.merge is None:
            rows.append(_end_row(bisect, leg.good, marks[leg.good]))
        rows += [_row(bisect, stop, marks[stop.revision], leg.merge) for stop in leg.stops]
    return rows


def culprit_diff(workspace: Workspace, bisect: Bisect) -> pa.Table:
    """Return what the culprits changed; a row a change, see ``history.diff``."""
    stops = [stop for revision in bisect.culprits if (stop := bisect.stop(revision))]
    return diff(workspace, stops[0].came_from, stops[-1].revision, [bisect.dataset])


def headline(bisect: Bisect) -> str:
    """Say in a sentence how it stands or ended."""
    if bisect.state == DONE:
        return _found(bisect)
    builds = _builds(bisect)
    if bisect.state == CANCELLED:
        return f"cancelled after {builds}; what was built is kept. Go on with: {bisect.command}"
    if bisect.state != RUNNING:
        return bisect.message or "it failed, and did not say why"
    if bisect.n_left is None:
        return "reading the commits in between"
    left = "1 commit is left" if bisect.n_left == 1 else f"{bisect.n_left:,} commits are left"
    return f"{left}, at most {bisect.n_builds_left:,} more to build; {builds} so far"


def measured(bisect: Bisect, verdict: Verdict) -> str:
    """Say what was measured of a revision: ``accuracy 0.9123 (0.88 to 0.94)``."""
    if verdict.value is None:
        return verdict.says
    noise = ", within noise of the bound" if verdict.is_close else ""
    return f"{bisect.metric} {verdict.value:.4g}{_interval(verdict)}{noise}"


def before(bisect: Bisect, revision: str) -> Verdict | None:
    """Return what was measured just before a candidate; None where nothing was."""
    for leg in bisect.legs:
        places = [stop.revision for stop in leg.candidates]
        if revision in places:
            verdict = bisect.verdicts.get(leg.keys[places.index(revision)])
            return verdict if verdict and verdict.value is not None else None
    return None


def evidence(bisect: Bisect, revision: str) -> str:
    """Say what a culprit was convicted by: its value, and the one just before it."""
    verdict, earlier = bisect.verdict_of(revision), before(bisect, revision)
    if verdict is None or verdict.value is None:
        return ""
    said = (
        f"{measured(bisect, verdict)}, wanted {'≤' if bisect.is_at_most else '≥'} {bisect.bound:g}"
    )
    return f"{said}; just before it {measured(bisect, earlier)}" if earlier else said


def cost(bisect: Bisect) -> str:
    """Say what it took: ``4 compiles, 31 s``."""
    return f"{_builds(bisect)}, {seconds(bisect):.0f} s"


def seconds(bisect: Bisect) -> float:
    """Return how long it has taken so far."""
    return (bisect.finished_at or time.time()) - bisect.started_at


def facts(bisect: Bisect, culprit: pa.Table | None) -> dict[str, Any]:
    """Return all that is known, for a program: ``diff`` are the culprit's changes."""
    return {
        "state": bisect.state,
        "dataset": bisect.dataset,
        "gate": bisect.gate_line,
        "good": bisect.good,
        "bad": bisect.bad,
        "culprits": list(bisect.culprits),
        "doubt": bisect.doubt or None,
        "notes": list(bisect.notes),
        "message": bisect.message,
        "n_built": bisect.n_built,
        "n_left": bisect.n_left,
        "seconds": round(seconds(bisect), 1),
        "commits": commit_rows(bisect),
        "diff": None if culprit is None else culprit.to_pylist(),
    }


def _found(bisect: Bisect) -> str:
    if len(bisect.culprits) > 1:
        n = len(bisect.culprits)
        why = "what lies between cannot be built"
        return f"one of {n:,} commits broke the gate; {why} ({cost(bisect)})"
    stop = bisect.stop(bisect.culprits[0])
    subject = stop.subject if stop else ""
    return f"{bisect.culprits[0][:10]} broke the gate: {subject} ({cost(bisect)})"


def _builds(bisect: Bisect) -> str:
    return "1 compile" if bisect.n_built == 1 else f"{bisect.n_built:,} compiles"


def _interval(verdict: Verdict) -> str:
    if verdict.low is None or verdict.high is None:
        return ""
    return f" (95 %: {verdict.low:.4g} to {verdict.high:.4g}, n = {verdict.n:,})"


def _row(bisect: Bisect, stop: Stop, mark: str, merge: str | None) -> dict[str, Any]:
    return {
        "revision": stop.revision,
        "verdict": mark,
        **_values(bisect.verdict_of(stop.revision)),
        "n_changes": stop.n_changes,
        "author": stop.author,
        "committed_at": stop.committed_at,
        "subject": stop.subject,
        "note": stop.note,
        "via": merge,
    }


def _end_row(bisect: Bisect, good: str, mark: str) -> dict[str, Any]:
    return {
        "revision": good,
        "verdict": mark,
        **_values(bisect.verdict_of(good)),
        "n_changes": 0,
        "author": "",
        "committed_at": "",
        "subject": f"good: {bisect.good_name}",
        "note": "",
        "via": None,
    }


def _values(verdict: Verdict | None) -> Mapping[str, Any]:
    keys = ("value", "low", "high", "n")
    if verdict is None or verdict.verdict == SKIPPED:
        return {**dict.fromkeys(keys), "is_close": False, "says": verdict.says if verdict else ""}
    return {
        **{key: getattr(verdict, key) for key in keys},
        "is_close": verdict.is_close,
        "says": verdict.says,
    }
