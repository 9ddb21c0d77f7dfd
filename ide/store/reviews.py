"""Reviewing a dataset: verdicts and comments on edits, saved in the edit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

from ide.dataset.edit import REVIEW_ACTIONS, Edit, make_edit
from ide.dataset.errors import EditError
from ide.dataset.replay import edits_by_example, register_of, state_of, undo_heads
from ide.dataset.reviews import open_requests, review_problem, reviews_of
from ide.store.edit_log import append_edits, edits_revision, read_edits
from ide.store.workspace import Workspace

EVIDENCE_KEY = "review"  # in an edit's evidence: the revisions that the reviewer compared
ACTIONS = REVIEW_ACTIONS | {"comment", "undo"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer says of one edit of an example.

    action: approve, request_change, comment, or undo. edit_id: the edit that was looked at; for
    undo the reviewer's own verdict or comment, which is taken back. text: what is asked, or the
    comment. review_id: the id that the verdict's own edit gets; sent twice, it counts once.
    """

    example_id: str
    action: str
    edit_id: str
    text: str | None = None
    review_id: str | None = None


@dataclass(frozen=True, slots=True)
class SavedVerdicts:
    """Ids of what is on the disk now, and a sentence for each that was refused, by its id."""

    saved: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def save_verdicts(
    workspace: Workspace,
    name: str,
    verdicts: Sequence[Verdict],
    *,
    annotator: str,
    base: str | None = None,
    head: str | None = None,
) -> SavedVerdicts:
    """Append verdicts to the log; those that are wrong are refused, the others are saved.

    base, head: the commits that were compared (head None: the files as they are). Each verdict
    stands on what the reviewer said before. Raises ``StorageError``; then none is saved.
    """
    workspace.require(name)
    edits = read_edits(workspace, name).edits
    wanted = {verdict.example_id for verdict in verdicts}
    known = edits_by_example(edit for edit in edits if edit.example_id in wanted)
    ids = {edit.edit_id for edit in edits}
    evidence = {EVIDENCE_KEY: {"base": base, "head": head}}
    result, fresh = SavedVerdicts(), []
    for verdict in verdicts:
        own = known[verdict.example_id]
        try:
            edit = _edit_of(verdict, own, annotator=annotator, evidence=evidence)
            if edit.edit_id in ids:
                _check_same(edit, own.get(edit.edit_id))
        except EditError as error:
            result.refused[verdict.review_id or verdict.edit_id] = str(error)
            continue
        if edit.edit_id not in ids:
            fresh.append(edit)
            own[edit.edit_id] = edit
            ids.add(edit.edit_id)
        result.saved.append(edit.edit_id)
    if fresh:
        append_edits(workspace, name, fresh)
    return result


def reviews(workspace: Workspace, name: str) -> Mapping[str, list[dict[str, Any]]]:
    """Return the verdicts in force by edit id (see ``reviews_of``). Treat it as read-only."""
    return _reviews(workspace, name, edits_revision(workspace, name))


@lru_cache(maxsize=8)
def _reviews(workspace: Workspace, name: str, _revision: str) -> Mapping[str, list[dict[str, Any]]]:
    """Read the reviews; only examples whose edits are others than the last time are replayed."""
    edits = read_edits(workspace, name).edits
    reviewed = {edit.example_id for edit in edits if edit.action in REVIEW_ACTIONS}
    by_example = edits_by_example(edit for edit in edits if edit.example_id in reviewed)
    known, now = _known(workspace, name), {}
    for example_id, own in by_example.items():
        before = known.get(example_id)
        is_same = before is not None and before[0] == own
        now[example_id] = before if before and is_same else (own, reviews_of(own.values()))
    _keep(workspace, name, now)
    return {edit_id: rows for _, found in now.values() for edit_id, rows in found.items()}


# (workspace, dataset) → example → its edits by id, and what reviewers say of them
_Found = dict[str, tuple[dict[str, Edit], dict[str, list[dict[str, Any]]]]]
_REVIEWED: dict[tuple[Workspace, str], _Found] = {}
_LOCK = Lock()


def _known(workspace: Workspace, name: str) -> _Found:
    with _LOCK:
        return _REVIEWED.get((workspace, name), {})


def _keep(workspace: Workspace, name: str, found: _Found) -> None:
    with _LOCK:
        _REVIEWED[workspace, name] = found
        while len(_REVIEWED) > 8:
            del _REVIEWED[next(iter(_REVIEWED))]


def asked_for(workspace: Workspace, name: str) -> tuple[int, str | None]:
    """Return on how many edits a request for a change is open, and a base that shows them.

    The base is the one that the oldest of them was made against; None where none is known.
    """
    found = open_requests(reviews(workspace, name))
    asked = sorted((r for rows in found.values() for r in rows), key=lambda r: r["made_at"])
    for row in asked:
        review = (row["evidence"] or {}).get(EVIDENCE_KEY)
        base = review.get("base") if isinstance(review, Mapping) else None
        if isinstance(base, str) and base:
            return len(found), base[:10]
    return len(found), None


def comments(workspace: Workspace, name: str) -> Mapping[str, list[dict[str, Any]]]:
    """Return the comments that stand by example id, oldest first. Treat it as read-only.

    A comment: ``annotator, text, made_at, comment_id``, and ``edit_id``, the edit that it is
    about, None where it is about the example.
    """
    return _comments(workspace, name, edits_revision(workspace, name))


@lru_cache(maxsize=8)
def _comments(
    workspace: Workspace, name: str, _revision: str
) -> Mapping[str, list[dict[str, Any]]]:
    edits = read_edits(workspace, name).edits
    commented = {edit.example_id for edit in edits if edit.action == "comment"}
    by_example = edits_by_example(edit for edit in edits if edit.example_id in commented)
    return {example_id: list(_standing(own)) for example_id, own in by_example.items()}


def _standing(own: Mapping[str, Edit]) -> Iterable[dict[str, Any]]:
    in_force = {i for ids in state_of(dict(own)).in_force.values() for i in ids}
    for edit in sorted(own.values(), key=lambda e: (e.made_at, e.edit_id)):
        if edit.action == "comment" and edit.edit_id in in_force:
            review = (edit.evidence or {}).get(EVIDENCE_KEY)
            about = review.get("edit") if isinstance(review, Mapping) else None
            yield {
                "annotator": edit.annotator,
                "text": edit.value,
                "made_at": edit.made_at,
                "comment_id": edit.edit_id,
                "edit_id": about if isinstance(about, str) else None,
            }


def _edit_of(
    verdict: Verdict,
    own: Mapping[str, Edit],
    *,
    annotator: str,
    evidence: Mapping[str, Mapping[str, str | None]],
) -> Edit:
    """Make the edit that a verdict is, on top of the example's edits; raise ``EditError``."""
    if verdict.action not in ACTIONS:
        raise EditError(
            f"{verdict.action[:40]!r} is no verdict; wanted one of {', '.join(sorted(ACTIONS))}"
        )
    if verdict.review_id in own:  # it was sent before; what it says is compared with what stands
        previous = own[str(verdict.review_id)].previous
    elif verdict.action == "undo":
        previous = _taken_back(verdict.edit_id, own, annotator)
    else:
        problem = review_problem(verdict.edit_id, verdict.example_id, own)
        if problem:
            raise EditError(problem)
        previous = ()
    is_comment = verdict.action == "comment"
    if is_comment and not (verdict.text or "").strip():
        raise EditError("the comment is empty; write what it should say")
    about = {**evidence[EVIDENCE_KEY], "edit": verdict.edit_id} if is_comment else None
    draft = make_edit(
        verdict.example_id,
        verdict.action,
        verdict.text if is_comment else verdict.edit_id,
        annotator=annotator,
        previous=previous,
        reason=verdict.text if verdict.action == "request_change" else None,
        evidence={EVIDENCE_KEY: about} if about else evidence,
        edit_id=verdict.review_id,
    )
    if verdict.action not in REVIEW_ACTIONS or previous:
        return draft
    heads = state_of(dict(own)).heads.get(register_of(draft, {}), ()) if own else ()
    return make_edit(
        draft.example_id,
        draft.action,
        draft.value,
        annotator=annotator,
        previous=heads,
        reason=draft.reason,
        evidence=draft.evidence,
        edit_id=draft.edit_id,
        made_at=draft.made_at,
    )


def _taken_back(edit_id: str, own: Mapping[str, Edit], annotator: str) -> tuple[str, ...]:
    """Return what an undo of a reviewer's own verdict has to name; raise ``EditError``."""
    target = own.get(edit_id)
    if target is None or target.action not in ACTIONS - {"undo"}:
        raise EditError("what it takes back is no verdict and no comment of this example")
    if target.annotator != annotator:
        raise EditError(f"that is {target.annotator}'s; only they can take it back here")
    heads = undo_heads(own.values(), edit_id)
    if not heads:
        raise EditError("it does not stand any more: a newer verdict replaced it")
    return heads


def _check_same(edit: Edit, known: Edit | None) -> None:
    """Refuse an id that another edit has already."""
    if known is None or (known.action, known.value, known.annotator) != (
        edit.action,
        edit.value,
        edit.annotator,
    ):
        raise EditError(f"edit id {edit.edit_id} belongs to another edit")
