"""Branches, merges and reverts of labels, against a plain model of them that knows no edit log."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.edit import make_edit
from ide.dataset.replay import UNTOUCHED, replay
from ide.dataset.revert import plan_revert
from tests.strategies import START, edit_id

CLASSES = ("cat", "dog", "pig")
BRANCHES = ("main", "ada", "ben")


@dataclass
class Token:
    """One write of the model: a value, or what a revert put back in the place of others."""

    number: int
    value: str | None  # None: a revert, which stands for other tokens
    before: frozenset[int]  # the tokens it replaced
    seen: frozenset[int]  # all that its writer knew
    stands_for: frozenset[int] = frozenset()


class Model:
    """A register that keeps every value nobody replaced: sets of tokens, by branch."""

    def __init__(self):
        self.tokens: dict[int, Token] = {}
        self.shown = {"main": frozenset()}
        self.seen = {"main": frozenset()}

    def branch(self, old, new):
        self.shown[new], self.seen[new] = self.shown[old], self.seen[old]

    def write(self, branch, number, value):
        shown, seen = self.shown[branch], self.seen[branch]
        self.tokens[number] = Token(number, value, shown, seen)
        self.shown[branch], self.seen[branch] = frozenset([number]), seen | {number}

    def merge(self, into, other):
        a, b, seen_a, seen_b = (d[k] for d in (self.shown, self.seen) for k in (into, other))
        self.shown[into] = (a & b) | (a - seen_b) | (b - seen_a)
        self.seen[into] = seen_a | seen_b

    def revert(self, branch, taken, number):
        shown = self.shown[branch]
        hit = frozenset(t for t in shown if self._touches(t, taken))
        if hit:
            back = frozenset(b for t in hit for b in self._back(t, taken))
            self.tokens[number] = Token(number, None, hit, self.seen[branch], back)
            self.shown[branch] = shown - hit | {number}
            self.seen[branch] |= {number}

    def _touches(self, number, taken):
        stands_for = self.tokens[number].stands_for
        return number in taken or any(self._touches(s, taken) for s in stands_for)

    def _back(self, number, taken):
        token = self.tokens[number]
        if number in taken:
            return {b for t in token.before for b in self._back(t, taken)}
        if self._touches(number, taken):
            return {b for t in token.stands_for for b in self._back(t, taken)}
        return {number}

    def values(self, branch):
        found = {o for t in self.shown[branch] for o in self._origins(t)}
        replaced = {s for o in found for s in self.tokens[o].seen}
        return {self.tokens[o].value for o in (found - replaced or found)}

    def _origins(self, number):
        token = self.tokens[number]
        if token.value is not None:
            return {number}
        return {o for t in token.stands_for for o in self._origins(t)}


@dataclass
class World:
    """The real thing beside the model: edits by branch, and commits as sets of edits."""

    model: Model = field(default_factory=Model)
    edits: dict[str, dict] = field(default_factory=lambda: {"main": {}})
    commits: dict[str, list] = field(default_factory=lambda: {"main": []})  # of (ids, tokens)
    here: str = "main"
    n: int = 0

    def number(self):
        self.n += 1
        return self.n

    def label(self, where):
        branch, value = where
        self.go(branch)
        number = self.number()
        state = replay(self.edits[self.here].values()).get("x", UNTOUCHED)
        edit = make_edit(
            "x",
            "label",
            value,
            previous=state.heads.get("label", ()),
            annotator=self.here,
            edit_id=edit_id(number),
            made_at=START,
        )
        self.edits[self.here][edit.edit_id] = edit
        self.model.write(self.here, number, value)
        self.commits[self.here].append(({edit.edit_id}, {number}))

    def squash(self, n):
        """Make one commit of the newest ones."""
        found = self.commits[self.here]
        if len(found) >= n:
            last = [found.pop() for _ in range(n)]
            found.append(tuple(frozenset().union(*side) for side in zip(*last, strict=True)))

    def go(self, branch):
        if branch not in self.edits:
            self.edits[branch] = dict(self.edits[self.here])
            self.commits[branch] = list(self.commits[self.here])
            self.model.branch(self.here, branch)
        self.here = branch

    def merge(self, other):
        if other in self.edits and other != self.here:
            new = self.edits[other].keys() - self.edits[self.here].keys()
            tokens = self.model.seen[other] - self.model.seen[self.here]
            self.edits[self.here] |= self.edits[other]
            self.model.merge(self.here, other)
            self.commits[self.here].append((new, tokens))

    def revert(self, index):
        found = self.commits[self.here]
        if found:
            ids, tokens = found[index % len(found)]
            number = self.number()
            plan = plan_revert(self.edits[self.here].values(), ids, annotator=self.here)
            self.edits[self.here] |= {e.edit_id: e for e in plan.edits}
            self.model.revert(self.here, tokens, number)
            found.append(({e.edit_id for e in plan.edits}, {number}))

    def values(self, branch=None):
        state = replay(self.edits[branch or self.here].values()).get("x", UNTOUCHED)
        return set(state.conflict_values) or ({state.label} - {None})


LABEL = st.tuples(st.just("label"), st.tuples(st.sampled_from(BRANCHES), st.sampled_from(CLASSES)))
STEPS = st.one_of(
    LABEL,
    LABEL,
    st.tuples(st.just("squash"), st.integers(2, 3)),
    st.tuples(st.just("go"), st.sampled_from(BRANCHES)),
    st.tuples(st.just("merge"), st.sampled_from(BRANCHES)),
    st.tuples(st.just("merge"), st.sampled_from(BRANCHES)),
    st.tuples(st.just("revert"), st.integers(-4, 4)),
)


def run(steps):
    world = World()
    for step, argument in steps:
        getattr(world, step)(argument)
    return world


@settings(max_examples=200)
@given(st.lists(STEPS, min_size=6, max_size=16))
def test_branches_edits_merges_and_reverts_give_what_a_plain_model_gives(steps):
    world = run(steps)
    for branch in world.edits:
        assert world.values(branch) == world.model.values(branch), branch


@given(st.lists(STEPS, min_size=3, max_size=12), st.integers(-4, 4))
def test_reverting_a_revert_is_the_identity(steps, index):
    world = run(steps)
    before = replay(world.edits[world.here].values()).get("x", UNTOUCHED).in_force
    world.revert(index)
    world.revert(-1)
    assert replay(world.edits[world.here].values()).get("x", UNTOUCHED).in_force == before
