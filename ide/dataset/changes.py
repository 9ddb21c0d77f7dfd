"""What changed between two states of a dataset, at the level of one label.

A change is a difference between values, not between logs: an edit and its undo cancel out, and
two edits of one label are one change. So the changes of a range add up whatever the route.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa

from ide.dataset.edit import Edit
from ide.dataset.one_line import one_line
from ide.dataset.replay import (
    EXCLUSION_REGISTER,
    LABEL_REGISTER,
    REVIEW_REGISTERS,
    SPLIT_REGISTER,
    UNTOUCHED,
    ExampleState,
    register_of,
)
from ide.dataset.reviews import review_in_force
from ide.dataset.schema import EXAMPLE_ID

# In the order of a summary. added, removed (whole examples, see example_changes), relabelled,
# labelled (it had none), unlabelled (an undo of that), confirmed (a person stands for the label as
# it was), unconfirmed, excluded, restored, moved (to another split), tagged, untagged, commented,
# uncommented, voted, unvoted, dismissed (an issue is none), reopened, approved (a reviewer's
# verdict on an edit, whose id stands in after), unapproved, change_requested, request_withdrawn,
# disputed (annotators disagree now), resolved.
KINDS = (
    "added",
    "removed",
    "relabelled",
    "labelled",
    "unlabelled",
    "confirmed",
    "unconfirmed",
    "excluded",
    "restored",
    "moved",
    "tagged",
    "untagged",
    "commented",
    "uncommented",
    "voted",
    "unvoted",
    "dismissed",
    "reopened",
    "approved",
    "unapproved",
    "change_requested",
    "request_withdrawn",
    "disputed",
    "resolved",
)

REVIEW_KINDS = frozenset({"approved", "unapproved", "change_requested", "request_withdrawn"})
TALK_KINDS = REVIEW_KINDS | {"commented", "uncommented"}  # say nothing of an example
# whose values are texts and ids, so that two are hardly ever alike
UNPAIRED_KINDS = TALK_KINDS | {"dismissed", "reopened"}

CHANGES = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),
        ("kind", pa.string()),  # one of KINDS
        ("before", pa.string()),
        ("after", pa.string()),
        ("annotator", pa.string()),
        ("reason", pa.string()),
        ("made_at", pa.timestamp("ms", tz="UTC")),
        ("edit_id", pa.string()),  # the edit that made it so; null where it is not known
    ]
)

_KIND_OF_ACTION = {
    "label": "relabelled",
    "confirm": "confirmed",
    "exclude": "excluded",
    "restore": "restored",
    "split": "moved",
    "tag": "tagged",
    "untag": "untagged",
    "comment": "commented",
    "vote": "voted",
    "dismiss": "dismissed",
    "approve": "approved",
    "request_change": "change_requested",
    "undo": "undone",
}
COUNTED_KINDS = tuple(_KIND_OF_ACTION.values())

_Change = tuple[str, str | None, str | None]  # kind, before, after
_PLACES = {kind: place for place, kind in enumerate(KINDS)}
_OF_EVERY_EXAMPLE = frozenset({LABEL_REGISTER, SPLIT_REGISTER})  # an import gives them


class Imported(NamedTuple):
    """What an example came with, before any edit."""

    label: str | None
    split: str | None


def changes(
    before: Mapping[str, ExampleState],
    after: Mapping[str, ExampleState],
    imported: Mapping[str, str | None],
    *,
    edits: Iterable[Edit] = (),
    splits: Mapping[str, str | None] | None = None,
    reimported: Mapping[str, Imported] | None = None,
) -> pa.Table:
    """Return what differs from ``before`` to ``after`` (see ``CHANGES``), a row a change.

    imported, splits: the label and the split that each example was imported with, by id.
    reimported: both, of examples that came with other ones on the side of ``after``. edits: those
    of both states; they tell who made a change, when and why. Rows are sorted by example id, then
    by kind in the order of ``KINDS``. Equal states have no rows. Examples that are on one side
    only are not told apart here (see ``example_changes``).
    """
    reimported = reimported or {}
    by_id = {edit.edit_id: edit for edit in edits}
    rows: list[dict[str, object]] = []
    for example_id in sorted(before.keys() | after.keys() | reimported.keys()):
        old, new = before.get(example_id, UNTOUCHED), after.get(example_id, UNTOUCHED)
        if old == new and example_id not in reimported:
            continue
        found: list[tuple[str, _Change]] = []
        was = Imported(imported.get(example_id), splits.get(example_id) if splits else None)
        now = reimported.get(example_id, was)
        registers = old.in_force.keys() | new.in_force.keys() | _OF_EVERY_EXAMPLE
        for register in sorted(registers):
            change = _change(register, old, new, was=was, now=now, by_id=by_id)
            if change:
                found.append((register, change))
        for register, (kind, past, present) in sorted(found, key=lambda f: _PLACES[f[1][0]]):
            edit = _responsible(register, old, new, by_id)
            rows.append(
                {
                    EXAMPLE_ID: example_id,
                    "kind": kind,
                    "before": past,
                    "after": present,
                    "annotator": edit.annotator if edit else None,
                    "reason": edit.reason if edit else None,
                    "made_at": edit.made_at if edit else None,
                    "edit_id": edit.edit_id if edit else None,
                }
            )
    return pa.Table.from_pylist(rows, schema=CHANGES)


def _change(
    register: str,
    old: ExampleState,
    new: ExampleState,
    *,
    was: Imported,
    now: Imported,
    by_id: Mapping[str, Edit],
) -> _Change | None:
    """Return what changed in one register, or None."""
    if register == LABEL_REGISTER:
        return _label_change(old, new, was.label, now.label)
    if register == SPLIT_REGISTER:
        past_split, split = old.split or was.split, new.split or now.split
        return ("moved", past_split, split) if past_split != split else None
    if old.in_force.get(register) == new.in_force.get(register):
        return None
    if register == EXCLUSION_REGISTER:
        return _exclusion_change(old, new, was.label, now.label)
    kind, _, name = register.partition(":")
    if kind == "tag":
        was_tagged, is_tagged = name in old.tags, name in new.tags
        if was_tagged == is_tagged:
            return None
        return ("tagged", None, name) if is_tagged else ("untagged", name, None)
    if kind == "dismissal":
        was_open, is_open = name not in old.dismissed, name not in new.dismissed
        if was_open == is_open:
            return None
        return ("reopened", name, None) if is_open else ("dismissed", None, name)
    if kind == "review":
        return _review_change(register, old, new, by_id)
    past, present = (_value(s.in_force.get(register, ()), by_id) for s in (old, new))
    if kind == "comment" and past != present:
        return ("commented", None, present) if present is not None else ("uncommented", past, None)
    if kind == "vote" and past != present:
        return ("voted", past, present) if present is not None else ("unvoted", past, None)
    return None


def _label_change(
    old: ExampleState, new: ExampleState, imported: str | None, imported_now: str | None
) -> _Change | None:
    """Return how the label changed: its value, or only that a person stands for it."""
    was, now = _label(old, imported), _label(new, imported_now)
    rivals_before, rivals_now = (_label_rivals(state) for state in (old, new))
    if rivals_now and rivals_now != rivals_before:
        return "disputed", " | ".join(rivals_before) or was, " | ".join(rivals_now)
    if rivals_before and not rivals_now:
        return "resolved", " | ".join(rivals_before), now
    if was != now:
        kind = "labelled" if was is None else "unlabelled" if now is None else "relabelled"
        return kind, was, now
    standing_before, standing = (s.in_force.get(LABEL_REGISTER, ()) for s in (old, new))
    if standing == standing_before or now is None or rivals_now:
        return None
    return ("confirmed" if standing else "unconfirmed"), was, now


def _exclusion_change(
    old: ExampleState, new: ExampleState, imported: str | None, imported_now: str | None
) -> _Change | None:
    if old.is_excluded == new.is_excluded:
        return None
    if new.is_excluded:
        return "excluded", _label(old, imported), None
    return "restored", None, _label(new, imported_now)


def _review_change(
    register: str, old: ExampleState, new: ExampleState, by_id: Mapping[str, Edit]
) -> _Change | None:
    """Return how a reviewer's verdict on an edit changed; None for what is no edit of these."""
    edit_id = register.removeprefix(REVIEW_REGISTERS).partition(":")[0]
    past, present = (
        review_in_force((by_id[i] for i in s.in_force.get(register, ()) if i in by_id), by_id)
        for s in (old, new)
    )
    if (past and (past.action, past.reason)) == (present and (present.action, present.reason)):
        return None
    if present is not None:
        return _KIND_OF_ACTION[present.action], None, edit_id
    is_approval = past is not None and past.action == "approve"
    return ("unapproved" if is_approval else "request_withdrawn"), edit_id, None


def _label(state: ExampleState, imported: str | None) -> str | None:
    return state.label if state.label is not None else imported


def _label_rivals(state: ExampleState) -> tuple[str, ...]:
    """Return the labels in conflict; those of a split or an exclusion are none."""
    has_opinions = any(r == LABEL_REGISTER or r.startswith("vote:") for r in state.in_force)
    return state.conflict_values if has_opinions and state.label is None else ()


def _value(edit_ids: Iterable[str], by_id: Mapping[str, Edit]) -> str | None:
    """Return the value of the newest of some edits; "" where the edit is not known."""
    found = [by_id[i] for i in edit_ids if i in by_id]
    if found:
        return max(found, key=_age).value or ""
    return "" if tuple(edit_ids) else None


def _responsible(
    register: str, old: ExampleState, new: ExampleState, by_id: Mapping[str, Edit]
) -> Edit | None:
    """Return the edit that made a change: one newly in force, else the undo that leads to it."""
    for of in (new.in_force, new.heads):
        before = (old.in_force if of is new.in_force else old.heads).get(register, ())
        fresh = [by_id[i] for i in of.get(register, ()) if i not in before and i in by_id]
        if fresh:
            return max(fresh, key=_age)
    return None


def _age(edit: Edit) -> tuple[object, str]:
    return edit.made_at, edit.edit_id


def counts(table: pa.Table) -> dict[str, int]:
    """Return how many changes there are of each kind, in the order of ``KINDS``; no zeros."""
    found = Counter(table["kind"].to_pylist())
    return {kind: found[kind] for kind in KINDS if found[kind]}


def count_edits(edits: Iterable[Edit]) -> dict[str, int]:
    """Return what a batch of edits says it does, by kind, without the states around it.

    Undone edits of the batch cancel out, and of several edits of one value the last counts.
    ``undone`` are those that take back an edit from before the batch.
    """
    by_id = {edit.edit_id: edit for edit in edits}
    cancelled: set[str] = set()
    seen: set[tuple[str, str]] = set()
    found: Counter[str] = Counter()
    depths = _undo_depths(by_id)  # not by age alone: an undo may be of the same millisecond
    newest_first = sorted(by_id.values(), key=lambda e: (depths[e.edit_id], *_age(e)), reverse=True)
    for edit in newest_first:
        if edit.edit_id in cancelled:
            continue
        if edit.action == "undo" and edit.value in by_id:
            cancelled.add(edit.value)
            continue
        register = (edit.example_id, register_of(edit, by_id))
        if edit.action == "undo" or register not in seen:
            found[_KIND_OF_ACTION[edit.action]] += 1
            seen.add(register)
    return {kind: found[kind] for kind in COUNTED_KINDS if found[kind]}


def _undo_depths(by_id: Mapping[str, Edit]) -> dict[str, int]:
    """Return for each edit how many undos deep it is: 0 for others, 1 for an undo of those, …"""
    depths: dict[str, int] = {}
    for edit in by_id.values():
        chain: dict[str, None] = {}  # an undo of what undoes it is damage, and must end too
        current: Edit | None = edit
        while current and current.edit_id not in depths and current.edit_id not in chain:
            chain[current.edit_id] = None
            current = by_id.get(current.value or "") if current.action == "undo" else None
        depth = depths[current.edit_id] + 1 if current and current.edit_id in depths else 0
        for edit_id in reversed(chain):
            depths[edit_id] = depth
            depth += 1
    return depths


def class_pairs(table: pa.Table) -> list[tuple[str, str, int]]:
    """Return (label before, label after, how many) of the relabelled, the most frequent first."""
    rows = zip(*(table[c].to_pylist() for c in ("kind", "before", "after")), strict=True)
    found = Counter((was, now) for kind, was, now in rows if kind == "relabelled")
    return [(was, now, n) for (was, now), n in sorted(found.items(), key=lambda p: (-p[1], p[0]))]


def words_of(kind: str) -> str:
    """Return a kind as people read it: ``change requested``."""
    return kind.replace("_", " ")


def summarise(found: Mapping[str, int]) -> str:
    """Say counts by kind in a line: ``12 relabelled, 3 confirmed``; "" where there are none."""
    return ", ".join(f"{n:,} {words_of(kind)}" for kind, n in found.items() if n)


def commit_message(
    changes_by_dataset: Mapping[str, pa.Table], notes: Mapping[str, str] | None = None
) -> str:
    """Return the message of a commit: what changed in each dataset, and which class pairs.

    notes: dataset → what else is new of it (such as ``new dataset``), in words.
    """
    notes = notes or {}
    lines: dict[str, str] = {}
    total: Counter[str] = Counter()
    for name in sorted(changes_by_dataset.keys() | notes.keys()):
        table = changes_by_dataset.get(name)
        found = counts(table) if table is not None else {}
        total.update(found)
        parts = [part for part in (summarise(found), notes.get(name, "")) if part]
        lines[name] = f"{name}: {', '.join(parts) or 'edits that cancel out'}"
    bodies = {n: _pair_lines(changes_by_dataset[n]) for n in lines if n in changes_by_dataset}
    if len(lines) == 1:
        ((name, subject),) = lines.items()
        return "\n".join([subject, *([""] if bodies.get(name) else []), *bodies.get(name, [])])
    summary = summarise({kind: total[kind] for kind in KINDS}) or "new and changed descriptions"
    body = [line for name in lines for line in (lines[name], *bodies.get(name, []))]
    return "\n".join([f"{len(lines)} datasets: {summary}", "", *body])


def _pair_lines(table: pa.Table, limit: int = 30) -> list[str]:
    pairs = class_pairs(table)
    shown = [f"  {one_line(was)} → {one_line(now)}: {n:,}" for was, now, n in pairs[:limit]]
    if len(pairs) > limit:
        shown.append(f"  and {len(pairs) - limit:,} more class pairs")
    return shown
