"""Taking back what one commit did to labels, with edits, while later ones stay.

A register (an example's label, its exclusion, a tag of it; see ``replay``) is a graph of edits
that name what they replace. An edit of the commit is *in effect* where a head asserts it, at
once or through an undo. What stood before it is found by walking back through the commit's own
edits to the first that are not its own; an ``undo`` of the commit's earliest edit, made on top of
the heads, asserts just that. A head that somebody put on top of the commit's edit is left alone
and told of. As such an undo is an edit like any other, taking back the taking back asserts what
the commit had: the identity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ide.dataset.edit import Edit, make_edit
from ide.dataset.replay import asserted_by, register_of, standing


@dataclass(frozen=True, slots=True)
class Kept:
    """An example whose value a later edit set on top of the commit's: it was left as it is."""

    example_id: str
    register: str
    edit: Edit  # the later one


@dataclass(frozen=True, slots=True)
class Plan:
    """The edits that take a commit's edits back, and what they leave as it is."""

    edits: tuple[Edit, ...]
    kept: tuple[Kept, ...]


def plan_revert(
    edits: Iterable[Edit],
    taken: Collection[str],
    *,
    annotator: str,
    reason: str | None = None,
) -> Plan:
    """Return the edits that take back those whose ids are in ``taken``, given all edits.

    Pure; edits come by example id, then register. An edit that is not in effect any more (it was
    undone, or taken back before) needs none.
    """
    edits = list(edits)
    touched = {e.example_id for e in edits if e.edit_id in taken}
    by_example: dict[str, dict[str, Edit]] = defaultdict(dict)
    for edit in edits:
        if edit.example_id in touched:
            by_example[edit.example_id][edit.edit_id] = edit
    made: list[Edit] = []
    kept: list[Kept] = []
    for example_id, by_id in sorted(by_example.items()):
        registers: dict[str, dict[str, Edit]] = defaultdict(dict)
        for edit in by_id.values():
            registers[register_of(edit, by_id)][edit.edit_id] = edit
        for register, members in sorted(registers.items()):
            own = frozenset(i for i in members if i in taken)
            if own:
                graph = _Register(members, own)
                undone = graph.undone(annotator=annotator, reason=reason)
                left = graph.later() if undone else [*graph.later(), *graph.in_effect()]
                kept += [Kept(example_id, register, e) for e in left]
                made += undone
    return Plan(tuple(made), tuple(kept))


@dataclass(frozen=True, slots=True)
class _Register:
    """One register's edits by id, and which of them are to be taken back."""

    members: Mapping[str, Edit]
    own: frozenset[str]

    def heads(self) -> list[str]:
        """Return the edits that no other names in ``previous``."""
        replaced = {p for e in self.members.values() for p in e.previous}
        return sorted(i for i in self.members if i not in replaced) or sorted(self.members)

    def later(self) -> list[Edit]:
        """Return the edits in effect that are not the commit's and build on one that is."""
        found: set[str] = set()
        for head in self.heads():
            found |= {i for i in self._effect([head])[1] if self._builds_on_own(i)}
        return [self.members[i] for i in sorted(found)]

    def _builds_on_own(self, edit_id: str) -> bool:
        seen: set[str] = set()
        stack = [edit_id]
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            own, others = self._effect(self.members[current].previous)
            if own:
                return True
            stack.extend(others)
        return False

    def in_effect(self) -> list[Edit]:
        """Return the commit's edits in effect."""
        return [self.members[i] for i in sorted(self._effect(self.heads())[0])]

    def undone(self, *, annotator: str, reason: str | None) -> list[Edit]:
        """Return the edits that put back what stood before the commit's edits in effect."""
        heads = [h for h in self.heads() if self._effect([h])[0]]
        if not heads:
            return []
        hits, others = self._effect(heads)
        before, roots = self._before(hits)
        write = partial(make_edit, self._example_id(), annotator=annotator, reason=reason)
        targets = self._targets(roots, before | others)
        if targets:
            return [write("undo", target, previous=heads) for target in targets]
        wanted = sorted(standing(before | others, self.members))
        if not wanted:  # damage: edits that name each other
            return []
        first = self.members[wanted[0]]
        step = write(first.action, first.value, previous=wanted)
        if register_of(step, {}) != register_of(first, self.members):  # somebody else's vote
            return []
        return [step, write("undo", step.edit_id, previous=[step.edit_id, *heads])]

    def _example_id(self) -> str:
        return next(iter(self.members.values())).example_id

    def _effect(self, start: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return what edits stand for: edits of the commit, and edits that are not."""
        own: set[str] = set()
        others: set[str] = set()
        seen: set[str] = set()
        stack = list(start)
        while stack:
            current = stack.pop()
            edit = self.members.get(current)
            if edit is None or current in seen:
                continue
            seen.add(current)
            if current in self.own:
                own.add(current)
            elif edit.action == "undo":
                target = self.members.get(edit.value or "")
                stack.extend(target.previous if target else ())
            else:
                others.add(current)
        return own, others

    def _before(self, hits: Iterable[str]) -> tuple[set[str], list[str]]:
        """Return what stood before edits of the commit, and its earliest edits on the way."""
        found: set[str] = set()
        roots = []
        seen: set[str] = set()
        stack = list(hits)
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            inner, outer = self._effect(self.members[current].previous)
            found |= outer
            stack.extend(inner)
            if not inner:
                roots.append(current)
        return found, sorted(roots)

    def _targets(self, roots: Iterable[str], wanted: set[str]) -> list[str]:
        """Return the fewest earliest edits whose undoing asserts what is wanted.

        None does where an edit of the commit settled a dispute between one of the commit's and
        one that is not: then what is wanted is named by a step of its own, which is undone.
        """
        chosen: list[str] = []
        asserted: set[str] = set()
        for root in roots:
            found = self._asserted(self.members[root].previous)
            if not chosen or not found <= asserted:
                chosen.append(root)
                asserted |= found
        is_right = standing(asserted, self.members) == standing(wanted, self.members)
        return chosen if is_right else []

    def _asserted(self, edit_ids: Iterable[str]) -> set[str]:
        return {a for i in edit_ids for a in asserted_by(i, self.members)}
