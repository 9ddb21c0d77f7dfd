"""What reviewers say of edits: approved, or a change requested; the state of a review.

A verdict is an edit of its own (``approve``, ``request_change``), whose value is the id of the
edit that was looked at. It changes no label. Each reviewer has one verdict an edit, the newer in
place of the older; a verdict on an edit that is not there (it stands on a branch that has not
been merged, or was made up) says nothing until it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ide.dataset.edit import REVIEW_ACTIONS, Edit
from ide.dataset.errors import EditError
from ide.dataset.replay import (
    REVIEW_REGISTERS,
    ExampleState,
    edits_by_example,
    register_of,
    state_of,
)

APPROVED, CHANGE_REQUESTED = "approved", "change_requested"
VERDICTS = {"approve": APPROVED, "request_change": CHANGE_REQUESTED}  # by action


def reviews_of(edits: Iterable[Edit]) -> dict[str, list[dict[str, Any]]]:
    """Return the verdicts in force by the id of the edit that they are on, oldest first.

    edits: all of the examples in question, in any order. A verdict: ``annotator, verdict``
    (``approved`` or ``change_requested``), ``reason, made_at, review_id`` (the verdict's own edit
    id), ``evidence`` (the revisions that were compared), and ``is_open``: a request for a change
    of an edit that stands, which nobody has replaced or taken back since.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for by_id in edits_by_example(edits).values():
        if not any(edit.action in REVIEW_ACTIONS for edit in by_id.values()):
            continue
        state = state_of(by_id)
        for register, ids in state.in_force.items():
            if not register.startswith(REVIEW_REGISTERS):
                continue
            verdict = review_in_force((by_id[i] for i in ids), by_id)
            if verdict is not None:
                stands = _stands(str(verdict.value), state)
                found.setdefault(str(verdict.value), []).append(_row(verdict, stands=stands))
    for rows in found.values():
        rows.sort(key=lambda row: (row["made_at"], row["review_id"]))
    return dict(sorted(found.items()))


def open_requests(said: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return, of what ``reviews_of`` returned, the requests that nobody has answered."""
    found = {edit_id: [row for row in rows if row["is_open"]] for edit_id, rows in said.items()}
    return {edit_id: rows for edit_id, rows in found.items() if rows}


def review_in_force(standing: Iterable[Edit], by_id: Mapping[str, Edit]) -> Edit | None:
    """Return which of one reviewer's verdicts on one edit counts; None where it is void.

    One that was given in two clones may be two: then the request counts, for nothing was approved
    by who asked for a change. by_id: the edits that are known; a verdict on none of them, on one
    of another example, or on a verdict, is void.
    """
    verdicts = [e for e in standing if not review_problem(e.value, e.example_id, by_id)]
    return max(verdicts, key=lambda e: (e.action == "request_change", *_age(e)), default=None)


def check_reviewed(edits: Iterable[Edit], example_id: str, edit_id: str | None) -> None:
    """Raise ``EditError`` where ``edit_id`` is no edit of the example that can be reviewed."""
    problem = review_problem(edit_id, example_id, {edit.edit_id: edit for edit in edits})
    if problem:
        raise EditError(problem)


def review_problem(edit_id: str | None, example_id: str, by_id: Mapping[str, Edit]) -> str | None:
    """Say why an edit of an example cannot be reviewed; None where it can."""
    target = by_id.get(edit_id or "")
    if target is None:
        return (
            f"there is no edit {(edit_id or '')[:60]!r} to review. "
            "List the edits of an example with: upwell blame NAME EXAMPLE_ID --format json"
        )
    if target.example_id != example_id:
        return (
            f"edit {target.edit_id} is of example {target.example_id[:80]!r}, "
            f"got {example_id[:80]!r}. Review it there"
        )
    if register_of(target, by_id).startswith(REVIEW_REGISTERS):
        return (
            f"edit {target.edit_id} is itself a review ({target.action}). "
            "Review the edit that it is about, or undo your own verdict"
        )
    return None


def is_talk(edit: Edit, by_id: Mapping[str, Edit]) -> bool:
    """Whether an edit says nothing of an example: a comment, a review, or the undo of one."""
    return register_of(edit, by_id).startswith(("comment:", REVIEW_REGISTERS))


def _stands(edit_id: str, state: ExampleState) -> bool:
    """Whether nothing replaced or took back an edit; an undo stands while it is a head."""
    return any(edit_id in ids for known in (state.in_force, state.heads) for ids in known.values())


def _row(verdict: Edit, *, stands: bool) -> dict[str, Any]:
    return {
        "annotator": verdict.annotator,
        "verdict": VERDICTS[verdict.action],
        "reason": verdict.reason,
        "made_at": verdict.made_at,
        "review_id": verdict.edit_id,
        "evidence": dict(verdict.evidence) if verdict.evidence else None,
        "is_open": stands and verdict.action == "request_change",
    }


def _age(edit: Edit) -> tuple[datetime, str]:
    return edit.made_at, edit.edit_id
