"""Replay: from edits, in any order and with any repeats, to what is true of each example.

An example has a few *registers* (its label, its exclusion, its split, each of its tags, each issue
of it that somebody dismissed, each reviewer's verdict on an edit), and every edit writes one of
them, naming in ``previous`` the edits
it replaces. The edits that nobody replaced are the register's *heads*. A head stands for one or
more *assertions*: an ordinary edit asserts itself, an ``undo`` asserts what stood before the edit
that it takes back. Of what one annotator asserts, her later word replaces her earlier one: a person
who labels in two tabs does not disagree with herself. Where the assertions left have different
values, the register is in conflict, and every value is kept until an edit names all heads. This is
a multi-value register with undo; that only sets are used makes it a join-semilattice, so that any
two people's logs merge without losing an edit (Shapiro et al. 2011, "Conflict-free Replicated Data
Types").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ide.dataset.edit import EDIT_ACTIONS, REVIEW_ACTIONS, Edit, to_line

LABEL_REGISTER, VOTE_REGISTER, EXCLUSION_REGISTER, SPLIT_REGISTER = (
    "label",
    "vote",
    "exclusion",
    "split",
)
REVIEW_REGISTERS = "review:"  # then the edit's id, ":" and the reviewer
_REGISTER = {
    "label": LABEL_REGISTER,
    "confirm": LABEL_REGISTER,
    "exclude": EXCLUSION_REGISTER,
    "restore": EXCLUSION_REGISTER,
    "split": SPLIT_REGISTER,
}


@dataclass(frozen=True, slots=True)
class ExampleState:
    """What the edits make of one example; the defaults are those of an untouched one.

    ``dismissed`` has the ids of its issues that a person said are none; those of the whole
    dataset belong to the example id ``WHOLE_DATASET``, of which nothing else can be said.

    ``label`` and ``split`` are None where the imported value stands. ``heads`` has, by
    register, the ids that the next edit of it must name in ``previous``; ``in_force`` the ids
    of the edits whose values stand, which differ from the heads after an undo.
    """

    label: str | None = None
    split: str | None = None
    is_excluded: bool = False
    is_confirmed: bool = False
    tags: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()
    n_comments: int = 0
    n_edits: int = 0
    annotator: str | None = None
    is_conflict: bool = False
    conflict_values: tuple[str, ...] = ()
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_force: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_judged(self) -> bool:
        """Whether a person's verdict (a label, a confirmation or an exclusion) stands."""
        return self.label is not None or self.is_confirmed or self.is_excluded


UNTOUCHED = ExampleState()
_JUDGING = frozenset({"label", "confirm"})


def register_of(edit: Edit, by_id: Mapping[str, Edit]) -> str:
    """Return the register that an edit writes; an undo writes that of what it takes back."""
    seen = set()
    while edit.action == "undo":
        seen.add(edit.edit_id)
        target = by_id.get(edit.value or "")
        if target is None or target.edit_id in seen or target.example_id != edit.example_id:
            return "unknown"
        edit = target
    if edit.action in ("tag", "untag"):
        return f"tag:{edit.value}"
    if edit.action == "dismiss":
        return f"dismissal:{edit.value}"
    if edit.action == "vote":
        return f"vote:{edit.annotator}"
    if edit.action in REVIEW_ACTIONS:
        return f"{REVIEW_REGISTERS}{edit.value}:{edit.annotator}"
    return _REGISTER.get(edit.action, f"comment:{edit.edit_id}")


def replay(edits: Iterable[Edit]) -> dict[str, ExampleState]:
    """Return the state of every example that an edit touches, by example id.

    Pure, idempotent by ``edit_id``, and blind to order: two edits with one id and different
    content (a damaged copy) count once, the one whose line sorts first.
    """
    by_example = edits_by_example(edits)
    return {example_id: state_of(by_id) for example_id, by_id in sorted(by_example.items())}


def edits_by_example(edits: Iterable[Edit]) -> dict[str, dict[str, Edit]]:
    """Return example id → edit id → edit, each id once (see ``replay``)."""
    by_example: dict[str, dict[str, Edit]] = defaultdict(dict)
    for edit in edits:
        known = by_example[edit.example_id].setdefault(edit.edit_id, edit)
        if known is not edit and known != edit and to_line(edit) < to_line(known):
            by_example[edit.example_id][edit.edit_id] = edit
    return by_example


def replay_one(edits: Iterable[Edit], example_id: str) -> ExampleState:
    """Return the state of one example."""
    return replay(e for e in edits if e.example_id == example_id).get(example_id, UNTOUCHED)


def dismissed_issues(states: Mapping[str, ExampleState]) -> frozenset[str]:
    """Return the ids of all issues that people said are none, those of the dataset included."""
    return frozenset(issue_id for state in states.values() for issue_id in state.dismissed)


def undo_heads(edits: Iterable[Edit], edit_id: str) -> tuple[str, ...]:
    """Return the heads that an undo of ``edit_id`` must name, given one example's edits.

    Empty where the edit does not stand: another has replaced it, or it was taken back.
    """
    by_id = {e.edit_id: e for e in edits}
    state = state_of(by_id)
    register = register_of(by_id[edit_id], by_id)
    heads = state.heads.get(register, ())
    stands = edit_id in state.in_force.get(register, ())
    if edit_id in heads and (stands or by_id[edit_id].action == "undo"):
        return (edit_id,)
    if not stands:
        return ()
    return tuple(h for h in heads if edit_id in asserted_by(h, by_id))


def state_of(by_id: dict[str, Edit]) -> ExampleState:
    """Return the state that one example's edits make, given by id."""
    if len(by_id) == 1:
        (only,) = by_id.values()
        if only.action in _JUDGING:
            return _judged_once(only)
        if only.action != "undo":
            return _combine({register_of(only, by_id): [only]}, by_id, {})
    registers: dict[str, dict[str, Edit]] = defaultdict(dict)
    for edit in by_id.values():
        registers[register_of(edit, by_id)][edit.edit_id] = edit
    assertions: dict[str, list[Edit]] = {}
    heads: dict[str, tuple[str, ...]] = {}
    for register, members in registers.items():
        replaced = {p for e in members.values() for p in e.previous}
        tips = sorted(i for i in members if i not in replaced) or sorted(members)
        heads[register] = tuple(tips)
        assertions[register] = _assertions(tips, members)
    return _combine(assertions, by_id, heads)


def _judged_once(edit: Edit) -> ExampleState:
    """Return what most examples of a long log have: one edit, of the label."""
    standing_ids = {LABEL_REGISTER: (edit.edit_id,)}
    return ExampleState(
        label=edit.value,
        is_confirmed=edit.action == "confirm",
        n_edits=1,
        annotator=edit.annotator,
        heads=standing_ids,
        in_force=standing_ids,
    )


def _assertions(heads: list[str], members: dict[str, Edit]) -> list[Edit]:
    """Return the edits in force: what the heads assert, less what those replace."""
    asserted: set[str] = set()
    for head in heads:
        asserted |= asserted_by(head, members)
    last_words = _last_words(standing(asserted, members), members)
    return [members[i] for i in sorted(last_words)]


def _last_words(asserted: Collection[str], members: Mapping[str, Edit]) -> frozenset[str]:
    """Return, of the edits that heads assert, those whose annotator said nothing later.

    Her later edit, by ``made_at`` and then by id, counts where it stands itself, and where what
    stands was made on top of it. The edits that name each other need no clock: ``standing``.
    """
    if len(asserted) < 2:
        return frozenset(asserted)
    before = {i: ancestors(i, members) for i in asserted}
    kept = set(asserted)
    for edit_id in asserted:
        heard = {y for z in asserted if z != edit_id for y in (z, *before[z])} - before[edit_id]
        if any(_is_later_word(members[y], members[edit_id]) for y in heard):
            kept.discard(edit_id)
    return frozenset(kept or asserted)  # empty: clocks that contradict what the edits name


def _is_later_word(edit: Edit, other: Edit) -> bool:
    """Whether an edit is by the other's annotator, and later; an undo says nothing itself.

    Nor does a review: who asked for a change in one clone has not approved in another.
    """
    if edit.annotator != other.annotator or edit.action in EDIT_ACTIONS:
        return False
    return (edit.made_at, edit.edit_id) > (other.made_at, other.edit_id)


def standing(asserted: Collection[str], members: Mapping[str, Edit]) -> frozenset[str]:
    """Return, of the edits that heads of one register assert, those that no other replaces."""
    replaced: set[str] = set()
    for edit_id in asserted:
        replaced |= ancestors(edit_id, members)
    return frozenset(asserted).difference(replaced) or frozenset(asserted)


def asserted_by(edit_id: str, members: Mapping[str, Edit]) -> set[str]:
    """Return the ids that an edit stands for; an empty set is the imported value."""
    found: set[str] = set()
    seen: set[str] = set()
    stack = [edit_id]
    while stack:
        current = stack.pop()
        edit = members.get(current)
        if edit is None or current in seen:
            continue
        seen.add(current)
        if edit.action == "undo":
            target = members.get(edit.value or "")
            stack.extend(target.previous if target else ())
        else:
            found.add(current)
    return found


def ancestors(edit_id: str, members: Mapping[str, Edit]) -> set[str]:
    """Return the ids that an edit replaces, directly or through others."""
    found: set[str] = set()
    stack = list(members[edit_id].previous)
    while stack:
        current = stack.pop()
        if current in found or current not in members:
            continue
        found.add(current)
        stack.extend(members[current].previous)
    return found - {edit_id}


def _combine(
    assertions: dict[str, list[Edit]],
    by_id: dict[str, Edit],
    heads: dict[str, tuple[str, ...]],
) -> ExampleState:
    """Read each register's value off the edits in force."""
    if not heads:
        heads = {r: tuple(e.edit_id for e in found) for r, found in assertions.items()}
    labels = assertions.get(LABEL_REGISTER, [])
    exclusions = assertions.get(EXCLUSION_REGISTER, [])
    splits = assertions.get(SPLIT_REGISTER, [])
    label, label_conflict = _label_value(labels)
    if not labels:
        label, label_conflict = _consensus(assertions)
    conflict = (
        label_conflict
        or _values(e.action for e in exclusions)
        or _values(e.value or "" for e in splits)
    )
    in_force = labels or exclusions or splits
    tags = (
        found[0].value or ""
        for register, found in assertions.items()
        if register.startswith("tag:") and any(e.action == "tag" for e in found)
    )
    dismissed = (
        register.removeprefix("dismissal:")
        for register, found in assertions.items()
        if register.startswith("dismissal:") and found
    )
    return ExampleState(
        label=label,
        split=splits[0].value if len({e.value for e in splits}) == 1 else None,
        is_excluded=any(e.action == "exclude" for e in exclusions),
        is_confirmed=bool(labels) and all(e.action == "confirm" for e in labels),
        tags=frozenset(tags),
        dismissed=frozenset(dismissed),
        n_comments=sum(1 for r, found in assertions.items() if r.startswith("comment:") and found),
        n_edits=len(by_id),
        annotator=max(in_force, key=lambda e: (e.made_at, e.edit_id)).annotator
        if in_force
        else None,
        is_conflict=bool(conflict),
        conflict_values=conflict,
        heads=heads,
        in_force={r: tuple(e.edit_id for e in found) for r, found in assertions.items() if found},
    )


def _label_value(labels: list[Edit]) -> tuple[str | None, tuple[str, ...]]:
    """Return the label in force (None = as imported, or in conflict) and the rival values."""
    conflict = _values(e.value or "" for e in labels)
    if conflict or not labels:
        return None, conflict
    return labels[0].value, ()


def _consensus(assertions: dict[str, list[Edit]]) -> tuple[str | None, tuple[str, ...]]:
    """Return what most annotators voted for, or the tied values as a conflict."""
    votes = Counter(
        found[-1].value or ""
        for register, found in sorted(assertions.items())
        if register.startswith("vote:") and found
    )
    if not votes:
        return None, ()
    top = max(votes.values())
    winners = sorted(value for value, n in votes.items() if n == top)
    return (winners[0], ()) if len(winners) == 1 else (None, tuple(winners))


def _values(values: Iterable[str]) -> tuple[str, ...]:
    """Return the rival values, sorted, where there are more than one."""
    distinct = sorted(set(values))
    return tuple(distinct) if len(distinct) > 1 else ()
