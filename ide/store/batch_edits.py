"""One judgement of many examples: edits of one moment, saved together, taken back together.

Each edit names the heads that the person saw. So where somebody else said something else of an
example meanwhile, both stand as a conflict, and nobody's word is replaced unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.edit import NAME_ACTIONS, Edit, make_edit
from ide.dataset.errors import EditError, ExampleNotFoundError
from ide.dataset.evidence import evidence as evidence_of
from ide.dataset.names import same_form
from ide.dataset.replay import (
    UNTOUCHED,
    ExampleState,
    edits_by_example,
    register_of,
    undo_heads,
)
from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import BuildInfo, build_table
from ide.store.drill_file import drill_id
from ide.store.edit_log import append_edits, read_edits
from ide.store.state import check_value, dataset_state, imported_labels
from ide.store.workspace import Workspace

MAX_AT_ONCE = 100_000
ACTIONS = frozenset({"label", "exclude", "restore", "tag", "untag"})
Evidence = Mapping[str, Mapping[str, Any] | None]  # by example id
States = Mapping[str, ExampleState]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was saved. ``n_skipped``: examples of which it was so already."""

    edit_ids: tuple[str, ...]
    n_examples: int
    n_skipped: int = 0
    n_conflicts: int = 0  # examples of which somebody else has said something else meanwhile


def seen_of(states: States, example_ids: Iterable[str]) -> States:
    """Return the state of each example, given those of all that an edit touches.

    Take ``states`` before what is shown of the examples is read: then nobody names more than she
    saw, and an edit that comes in between is a conflict rather than lost.
    """
    return {i: states.get(i, UNTOUCHED) for i in example_ids}


def judge_many(
    workspace: Workspace,
    name: str,
    action: str,
    value: str | None,
    *,
    seen: States,
    annotator: str,
    evidence: Evidence,
) -> Batch:
    """Label, exclude, restore, tag or untag examples as one batch, once it is on the disk.

    seen: the states that the person was shown, of those that are meant. A label that an example
    has already is confirmed; one that is excluded is restored by a label, as in Review. Raises
    ``EditError``, ``UnknownClassError``, ``ExampleNotFoundError`` or ``StorageError``; then
    nothing was written.
    """
    if action not in ACTIONS:
        raise EditError(f"action {action[:40]!r} is not one that is made of many at once")
    if len(seen) > MAX_AT_ONCE:
        raise EditError(
            f"{len(seen):,} examples are more than the {MAX_AT_ONCE:,} that are judged at once; "
            "narrow what is shown"
        )
    if action in NAME_ACTIONS and value is not None:
        value = same_form(value)
    check_value(workspace, name, action, value)
    edits = _edits(
        action,
        value,
        seen=seen,
        imported=imported_labels(workspace, name),
        annotator=annotator,
        evidence=evidence,
        name=name,
    )
    if edits:
        append_edits(workspace, name, edits)
    n_examples = len({edit.example_id for edit in edits})
    return Batch(
        tuple(edit.edit_id for edit in edits),
        n_examples,
        len(seen) - n_examples,
        _n_new_conflicts(workspace, name, seen),
    )


def _edits(
    action: str,
    value: str | None,
    *,
    seen: States,
    imported: Mapping[str, str | None],
    annotator: str,
    evidence: Evidence,
    name: str,
) -> list[Edit]:
    """Return the edits of a batch, all of one moment."""
    made_at = datetime.now(UTC)
    registers: dict[str, str] = {}
    edits: list[Edit] = []
    for example_id, state in seen.items():
        if example_id not in imported:
            raise ExampleNotFoundError(name, example_id)
        for each, of in _meant(action, value, state, imported[example_id]):
            if each not in registers:
                draft = make_edit(example_id, each, of, annotator=annotator)
                registers[each] = register_of(draft, {})
            edit = make_edit(
                example_id,
                each,
                of,
                previous=state.heads.get(registers[each], ()),
                annotator=annotator,
                evidence=evidence.get(example_id),
                made_at=made_at,
            )
            edits.append(edit)
    return edits


def _meant(
    action: str, value: str | None, state: ExampleState, imported: str | None
) -> list[tuple[str, str | None]]:
    """Return the edits, as (action, value), that a judgement makes of one example; [] = none."""
    if action == "label":
        label = state.label if state.label is not None else imported
        is_same = value == label and not state.is_conflict
        if is_same and state.is_judged and not state.is_excluded:
            return []
        first = [("restore", None)] if state.is_excluded else []
        return [*first, ("confirm" if is_same else "label", value)]
    is_so = {
        "exclude": state.is_excluded,
        "restore": not state.is_excluded,
        "tag": value in state.tags,
        "untag": value not in state.tags,
    }[action]
    is_disputed = state.is_conflict and action in ("exclude", "restore")
    return [] if is_so and not is_disputed else [(action, value)]


def _n_new_conflicts(workspace: Workspace, name: str, seen: States) -> int:
    states = dataset_state(workspace, name)
    return sum(
        states[i].is_conflict and not state.is_conflict for i, state in seen.items() if i in states
    )


def undo_many(workspace: Workspace, name: str, edit_ids: Iterable[str], *, annotator: str) -> Batch:
    """Take a batch back as one batch; ``n_skipped``: edits that a later one has replaced."""
    wanted = frozenset(edit_ids)
    log = read_edits(workspace, name).edits
    touched = {edit.example_id for edit in log if edit.edit_id in wanted}
    by_example = edits_by_example(edit for edit in log if edit.example_id in touched)
    made_at = datetime.now(UTC)
    undos: list[Edit] = []
    for example_id, own in by_example.items():
        for edit_id in sorted(i for i in own if i in wanted):
            if heads := undo_heads(own.values(), edit_id):
                undo = make_edit(
                    example_id,
                    "undo",
                    edit_id,
                    previous=heads,
                    annotator=annotator,
                    made_at=made_at,
                )
                undos.append(undo)
    if undos:
        append_edits(workspace, name, undos)
    n_examples = len({undo.example_id for undo in undos})
    return Batch(tuple(undo.edit_id for undo in undos), n_examples, len(wanted) - len(undos))


def evidence_by_id(
    workspace: Workspace, name: str, build: BuildInfo | None, example_ids: Iterable[str]
) -> dict[str, dict[str, Any] | None]:
    """Return what a build says of examples, as the evidence of what is done with them.

    A build is shown also where it ranks nothing.
    """
    ids = list(example_ids)
    drill, build_id = drill_id(workspace, name), build.build_id if build else None
    nothing = evidence_of(build_id=build_id, drill=drill)
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(ids, nothing)
    if build is None:
        return found
    columns = [EXAMPLE_ID, "rank", "p_mislabeled", "suggested_label"]
    suspects = build_table(build, "suspects", columns)
    is_meant = pc.is_in(suspects[EXAMPLE_ID], value_set=pa.array(ids, pa.string()))
    for row in suspects.filter(is_meant).to_pylist():
        found[row[EXAMPLE_ID]] = evidence_of(
            build_id=build_id,
            rank=row["rank"],
            p_mislabeled=None if row["p_mislabeled"] is None else round(row["p_mislabeled"], 4),
            suggested_label=row["suggested_label"],
            drill=drill,
        )
    return found
