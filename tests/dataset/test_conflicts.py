"""What is disputed of an example, by side; a resolution names all heads and leaves none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.conflicts import conflicts_of, resolved_ids
from ide.dataset.edit import make_edit
from ide.dataset.replay import replay

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def said(action, value=None, *, by, previous=(), minute=0):
    at = BEGIN + timedelta(minutes=minute)
    return make_edit("x", action, value, annotator=by, previous=previous, made_at=at)


def sides(edits, annotator=None):
    state = replay(edits)["x"]
    by_id = {e.edit_id: e for e in edits}
    return [
        (c.register, [(s.action, s.value, [e.annotator for e in s.edits]) for s in c.sides])
        for c in conflicts_of(state, by_id, annotator=annotator)
    ]


def test_each_value_is_a_side_with_those_who_say_so_the_oldest_first():
    edits = [
        said("label", "cat", by="ada", minute=2),
        said("label", "dog", by="bob", minute=1),
        said("confirm", "cat", by="cy", minute=3),
    ]
    dog, cat = ("label", "dog", ["bob"]), ("label", "cat", ["ada", "cy"])
    assert sides(edits) == [("label", [dog, cat])]
    assert sides(edits, annotator="cy") == [("label", [cat, dog])]


def test_an_exclusion_a_split_and_a_label_can_be_disputed_at_once():
    edits = [
        said("exclude", by="ada"),
        said("restore", by="bob", minute=1),
        said("split", "test", by="ada"),
        said("split", "train", by="bob", minute=1),
        said("label", "cat", by="ada"),
        said("label", "dog", by="bob", minute=1),
    ]
    assert [(register, len(found)) for register, found in sides(edits)] == [
        ("label", 2),
        ("exclusion", 2),
        ("split", 2),
    ]
    assert sides(edits)[1][1] == [("exclude", None, ["ada"]), ("restore", None, ["bob"])]


def test_tied_votes_are_a_conflict_that_a_label_settles_and_a_majority_is_none():
    votes = [said("vote", v, by=w) for v, w in (("cat", "a"), ("dog", "b"), ("pig", "c"))]
    more = [said("vote", "cat", by="d"), said("vote", "dog", by="e")]
    assert sides([*votes, more[0]]) == []
    ((register, found),) = sides([*votes, *more])
    assert register == "label"
    assert {value for _, value, _ in found} == {"cat", "dog"}
    assert sides([*votes, *more, said("label", "pig", by="z")]) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["cat", "dog"])), min_size=1))
def test_naming_all_heads_settles_whatever_was_disputed(claims):
    edits = [said("label", v, by=w, minute=i) for i, (w, v) in enumerate(claims)]
    state = replay(edits)["x"]
    assert bool(sides(edits)) == state.is_conflict
    settled = said("label", "pig", by="z", previous=state.heads["label"], minute=99)
    now = replay([*edits, settled])
    assert not now["x"].is_conflict
    assert now["x"].label == "pig"
    assert resolved_ids([*edits, settled], now) == (["x"] if len(edits) > 1 else [])


@pytest.mark.parametrize("action", ["exclude", "split"])
def test_equal_values_are_no_conflict(action):
    value = "test" if action == "split" else None
    assert sides([said(action, value, by="ada"), said(action, value, by="bob")]) == []
