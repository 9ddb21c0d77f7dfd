"""The algebra of replay: what must hold whatever people, merges and crashes do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.edit import make_edit
from ide.dataset.replay import UNTOUCHED, dismissed_issues, register_of, replay, undo_heads
from tests.strategies import START, edit_id, histories


def value_of(state):
    """What a person sees of a state: all but the ids and the counts."""
    return replace(state, n_edits=0, heads={}, in_force={})


def label(example_id, value, *, number, previous=(), annotator="ada"):
    return make_edit(
        example_id,
        "label",
        value,
        previous=previous,
        annotator=annotator,
        edit_id=edit_id(number),
        made_at=START,
    )


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_edits_changes_nothing(edits, random):
    shuffled = list(edits)
    random.shuffle(shuffled)
    assert replay(shuffled) == replay(edits)


@given(histories(), st.data())
def test_replaying_twice_changes_nothing(edits, data):
    repeated = edits + data.draw(st.lists(st.sampled_from(edits))) if edits else []
    assert replay(repeated) == replay(edits)


@given(histories(annotators=("ada",), first_id=1), histories(annotators=("ben",), first_id=100))
def test_two_logs_merge_to_the_same_labels_in_either_order(ada, ben):
    assert replay(ada + ben) == replay(ben + ada)


@given(histories(), histories(first_id=100), histories(first_id=200))
def test_merging_is_associative(a, b, c):
    assert replay((a + b) + c) == replay(a + (b + c))


@given(histories(annotators=("ada",)), st.data())
def test_undo_returns_the_former_state(edits, data):
    """Undo the newest edit of one person's history, whatever it was, an undo included."""
    linear = [e for i, e in enumerate(edits) if _stands_alone(edits, i)]
    if not linear:
        return
    last = linear[-1]
    own = [e for e in linear if e.example_id == last.example_id]
    undo = make_edit(
        last.example_id,
        "undo",
        last.edit_id,
        previous=undo_heads(own, last.edit_id),
        annotator="ada",
        edit_id=edit_id(10_000),
    )
    before = replay(linear[:-1]).get(last.example_id, UNTOUCHED)
    after = replay([*linear, undo])[last.example_id]
    assert value_of(after) == value_of(before)


def _stands_alone(edits, index):
    """Keep the edits that one person makes knowing all that she made before."""
    own = [e for e in edits[:index] if e.example_id == edits[index].example_id]
    edit = edits[index]
    heads = replay(own).get(edit.example_id, UNTOUCHED).heads
    register = register_of(edit, {e.edit_id: e for e in edits[: index + 1]})
    return set(heads.get(register, ())) == set(edit.previous)


@given(histories())
def test_no_edit_is_lost_a_disputed_value_is_kept(edits):
    """Every label that nobody replaced and nobody took back is in force or in the conflict.

    Her own later word on it replaces it as well.
    """
    states = replay(edits)
    replaced = {p for e in edits for p in e.previous}
    labels = [e for e in edits if e.action in ("label", "confirm")]
    for edit in labels:
        has_later = any(
            (e.example_id, e.annotator) == (edit.example_id, edit.annotator)
            and (e.made_at, e.edit_id) > (edit.made_at, edit.edit_id)
            for e in labels
        )
        if edit.edit_id not in replaced and not has_later:
            state = states[edit.example_id]
            assert edit.value == state.label or edit.value in state.conflict_values


@given(histories(annotators=("ada",)))
def test_one_person_in_two_tabs_never_disagrees_with_herself(edits):
    assert not any(state.is_conflict for state in replay(edits).values())


@given(st.permutations([("cat", 1), ("dog", 2)]))
def test_her_later_word_replaces_her_earlier_one_and_undo_brings_the_earlier_back(order):
    edits = [label("x", value, number=number) for value, number in order]
    state = replay(edits)["x"]
    later = edit_id(2)
    assert (state.label, state.in_force["label"]) == ("dog", (later,))
    assert set(state.heads["label"]) == {edit_id(1), later}  # the next edit settles both
    assert undo_heads(edits, edit_id(1)) == ()
    undo = make_edit("x", "undo", later, previous=undo_heads(edits, later), annotator="ada")
    assert replay([*edits, undo])["x"].label == "cat"
    first = make_edit("x", "undo", edit_id(1), previous=(edit_id(1),), annotator="ada")
    assert replay([*edits, first])["x"].label == "dog"
    assert replay([*edits, undo, first])["x"].label is None


def test_a_word_that_its_own_later_one_replaced_does_not_dispute_what_was_made_on_top_of_that():
    early, late = label("x", "cat", number=1), label("x", "dog", number=2)
    other = label("x", "pig", number=3, previous=(late.edit_id,), annotator="ben")
    assert replay([early, late, other])["x"].label == "pig"
    rival = label("x", "pig", number=3, annotator="ben")
    assert replay([early, late, rival])["x"].conflict_values == ("dog", "pig")


def test_her_later_word_is_told_by_the_clock_and_then_by_the_id():
    late = replace(label("x", "cat", number=1), made_at=START + timedelta(seconds=1))
    assert replay([late, label("x", "dog", number=2)])["x"].label == "cat"
    exclusions = [
        make_edit("x", action, annotator="ada", edit_id=edit_id(n), made_at=START)
        for n, action in enumerate(("exclude", "restore"), start=1)
    ]
    assert not replay(exclusions)["x"].is_excluded


@given(st.permutations(["cat", "dog"]))
def test_two_people_who_disagree_make_a_conflict_and_no_label(values):
    a = label("x", values[0], number=1)
    b = label("x", values[1], number=2, annotator="ben")
    state = replay([a, b])["x"]
    assert state.is_conflict
    assert state.conflict_values == ("cat", "dog")
    assert state.label is None


def test_two_people_who_agree_make_no_conflict():
    state = replay([label("x", "cat", number=1), label("x", "cat", number=2, annotator="ben")])["x"]
    assert not state.is_conflict
    assert state.label == "cat"


def test_an_edit_that_names_both_heads_resolves_the_conflict():
    a = label("x", "cat", number=1)
    b = label("x", "dog", number=2, annotator="ben")
    both = replay([a, b])["x"].heads["label"]
    state = replay([a, b, label("x", "dog", number=3, previous=both)])["x"]
    assert not state.is_conflict
    assert state.label == "dog"


def test_undoing_the_resolution_brings_the_conflict_back():
    a = label("x", "cat", number=1)
    b = label("x", "dog", number=2, annotator="ben")
    c = label("x", "dog", number=3, previous=(a.edit_id, b.edit_id))
    undo = make_edit("x", "undo", c.edit_id, previous=(c.edit_id,), annotator="ada")
    assert replay([a, b, c, undo])["x"].conflict_values == ("cat", "dog")


def test_a_later_edit_wins_over_the_undo_of_what_it_stands_on():
    a = label("x", "cat", number=1)
    undo = make_edit("x", "undo", a.edit_id, previous=(a.edit_id,), annotator="ada")
    b = label("x", "dog", number=3, previous=(a.edit_id,), annotator="ben")
    assert replay([a, undo, b])["x"].label == "dog"


def test_undo_of_undo_is_redo():
    a = label("x", "cat", number=1)
    undo = make_edit("x", "undo", a.edit_id, previous=(a.edit_id,), annotator="ada")
    redo = make_edit("x", "undo", undo.edit_id, previous=(undo.edit_id,), annotator="ada")
    assert replay([a, undo])["x"].label is None
    assert replay([a, undo, redo])["x"].label == "cat"


def test_edits_that_name_each_other_in_a_circle_do_not_hang():
    a = label("x", "cat", number=1, previous=(edit_id(2),))
    b = label("x", "dog", number=2, previous=(edit_id(1),))
    u = make_edit("x", "undo", edit_id(4), previous=(), annotator="ada", edit_id=edit_id(3))
    v = make_edit("x", "undo", edit_id(3), previous=(), annotator="ada", edit_id=edit_id(4))
    assert replay([a, b, u, v])["x"].n_edits == 4


def test_two_people_who_dismiss_one_issue_agree_and_both_must_take_it_back():
    a, b = (make_edit("x", "dismiss", "a" * 16, annotator=who) for who in ("ada", "ben"))
    state = replay([a, b])["x"]
    assert (state.dismissed, state.is_conflict) == ({"a" * 16}, False)
    one = make_edit("x", "undo", a.edit_id, previous=(a.edit_id,), annotator="ada")
    both = make_edit("x", "undo", b.edit_id, previous=(b.edit_id,), annotator="ben")
    assert replay([a, b, one])["x"].dismissed == {"a" * 16}
    assert replay([a, b, one, both])["x"].dismissed == frozenset()


@given(histories())
def test_a_dismissal_is_of_its_issue_and_says_nothing_of_the_label(edits):
    without = replay([e for e in edits if e.action not in ("dismiss", "undo")])
    states = replay([e for e in edits if e.action != "undo"])
    dismissed = {e.value for e in edits if e.action == "dismiss"}
    assert dismissed_issues(states) == dismissed
    for example_id, state in states.items():
        other = without.get(example_id, UNTOUCHED)
        assert (state.label, state.split, state.is_excluded, state.is_judged, state.annotator) == (
            (other.label, other.split, other.is_excluded, other.is_judged, other.annotator)
        )
        assert state.conflict_values == other.conflict_values


def test_votes_are_a_majority_until_someone_adjudicates():
    votes = [
        make_edit("x", "vote", value, annotator=who)
        for who, value in (("ada", "cat"), ("ben", "dog"), ("cyd", "dog"))
    ]
    assert replay(votes)["x"].label == "dog"
    assert replay(votes[:2])["x"].conflict_values == ("cat", "dog")
    assert replay([*votes, label("x", "cat", number=9)])["x"].label == "cat"


def test_a_confirmation_that_disagrees_with_a_label_is_a_conflict():
    confirm = make_edit("x", "confirm", "cat", annotator="ada")
    assert replay([confirm, label("x", "dog", number=2, annotator="ben")])["x"].is_conflict
    assert replay([confirm])["x"].is_confirmed
