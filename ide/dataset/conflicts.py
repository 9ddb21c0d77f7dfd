"""Conflicts: what people say of an example that cannot all be true, side by side.

A register whose edits in force have different values is in conflict (see ``replay``); so is a tied
vote. Each value is a *side*, and stands for the edits that say so. A resolution is an ordinary edit
that takes a side, or says something else, and names all heads of the register in ``previous``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ide.dataset.edit import Edit
from ide.dataset.replay import EXCLUSION_REGISTER, LABEL_REGISTER, SPLIT_REGISTER, ExampleState

# the edit that takes a side: in all but the exclusion it is the same whichever side it is
_ACTION = {LABEL_REGISTER: "label", SPLIT_REGISTER: "split"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the rival values: the edit that would take it, and the edits that say so.

    ``value`` is None for an exclusion, whose ``action`` says it all; ``edits``, oldest first.
    """

    action: str
    value: str | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is disputed of one example: ``register`` label, exclusion or split; its sides.

    ``is_vote``: the sides are votes that are tied; a ``label`` edit settles them.
    """

    register: str
    sides: tuple[Side, ...]
    is_vote: bool = False


def conflicts_of(
    state: ExampleState, by_id: Mapping[str, Edit], *, annotator: str | None = None
) -> tuple[Conflict, ...]:
    """Return an example's conflicts: its label's first, then its exclusion's and its split's.

    ``by_id`` holds the edits that ``state.in_force`` names. A side that ``annotator`` is on stands
    first, the others by age, so that the order is the same for whoever looks.
    """
    if not state.is_conflict:
        return ()
    found = [_conflict(state, by_id, register) for register in _REGISTERS]
    if not state.in_force.get(LABEL_REGISTER):
        found.insert(0, _tied_vote(state, by_id))
    return tuple(
        Conflict(c.register, tuple(sorted(c.sides, key=lambda s: _rank(s, annotator))), c.is_vote)
        for c in found
        if len(c.sides) > 1
    )


def resolved_ids(edits: Iterable[Edit], states: Mapping[str, ExampleState]) -> list[str]:
    """Return the examples whose conflict somebody resolved and that have none now, by its time.

    A resolution is an edit in force that names two edits or more. One that settles a tied vote
    names none, and is passed over.
    """
    newest: dict[str, tuple[object, str]] = {}
    for edit in edits:
        if len(edit.previous) < 2 or edit.action == "undo":
            continue
        state = states.get(edit.example_id)
        if state is None or state.is_conflict:
            continue
        if any(edit.edit_id in state.in_force.get(register, ()) for register in _REGISTERS):
            newest[edit.example_id] = max(
                newest.get(edit.example_id, (edit.made_at, edit.edit_id)),
                (edit.made_at, edit.edit_id),
            )
    return sorted(newest, key=newest.__getitem__)


_REGISTERS = (LABEL_REGISTER, EXCLUSION_REGISTER, SPLIT_REGISTER)


def _conflict(state: ExampleState, by_id: Mapping[str, Edit], register: str) -> Conflict:
    """Return the sides of one register: one where all agree, none where nothing is said."""
    edits = [by_id[i] for i in state.in_force.get(register, ()) if i in by_id]
    action = _ACTION.get(register)
    return Conflict(register, _sides(edits, action))


def _tied_vote(state: ExampleState, by_id: Mapping[str, Edit]) -> Conflict:
    """Return the values that most votes are for, with their votes."""
    votes = [
        by_id[ids[-1]]
        for register, ids in state.in_force.items()
        if register.startswith("vote:") and ids and ids[-1] in by_id
    ]
    tied = [edit for edit in votes if edit.value in state.conflict_values]
    return Conflict(LABEL_REGISTER, _sides(tied, "label"), is_vote=True)


def _sides(edits: Iterable[Edit], action: str | None) -> tuple[Side, ...]:
    """Group edits by what they say; ``action`` None: the edit's own action is what it says."""
    found: dict[tuple[str, str | None], list[Edit]] = {}
    for edit in sorted(edits, key=lambda e: (e.made_at, e.edit_id)):
        said = (action, edit.value) if action else (edit.action, None)
        found.setdefault(said, []).append(edit)
    return tuple(Side(act, value, tuple(group)) for (act, value), group in found.items())


def _rank(side: Side, annotator: str | None) -> tuple[bool, object, str]:
    first = side.edits[0]
    return (all(e.annotator != annotator for e in side.edits), first.made_at, first.edit_id)
