"""Verdicts of reviewers: on edits, never on labels; one a person; kept whatever the order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.changes import changes, count_edits
from ide.dataset.drill import Drill, Planted, carried, made_in
from ide.dataset.edit import REVIEW_ACTIONS, make_edit, parse_line, to_line
from ide.dataset.errors import EditError
from ide.dataset.replay import UNTOUCHED, register_of, replay
from ide.dataset.reviews import check_reviewed, open_requests, reviews_of
from tests.strategies import START, edit_id, histories


def said(example_id, action, value, *, number, annotator="ben", previous=(), reason=None):
    return make_edit(
        example_id,
        action,
        value,
        annotator=annotator,
        previous=previous,
        reason=reason,
        edit_id=edit_id(number),
        made_at=START,
    )


LABEL = said("x", "label", "dog", number=1, annotator="ada")


def verdicts(edits):
    return {
        i: [(r["annotator"], r["verdict"]) for r in rows] for i, rows in reviews_of(edits).items()
    }


def seen(state):
    """What a state says of the example: all but the ids, the counts and the reviews."""
    return replace(state, n_edits=0, heads={}, in_force={})


@settings(max_examples=50)
@given(histories())
def test_a_review_says_nothing_of_the_example(edits):
    by_id = {e.edit_id: e for e in edits}
    without = replay(e for e in edits if not register_of(e, by_id).startswith("review:"))
    for example_id, state in replay(edits).items():
        assert seen(state) == seen(without.get(example_id, UNTOUCHED))
        assert state.is_judged == without.get(example_id, UNTOUCHED).is_judged


@settings(max_examples=50)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_a_log_changes_no_verdict(edits, random):
    shuffled = [*edits, *edits[:3]]
    random.shuffle(shuffled)
    assert reviews_of(shuffled) == reviews_of(edits)
    by_id = {e.edit_id: e for e in edits}
    for reviewed, rows in reviews_of(edits).items():
        assert by_id[reviewed].action not in REVIEW_ACTIONS
        assert len({row["annotator"] for row in rows}) == len(rows)
        assert all(by_id[r["review_id"]].example_id == by_id[reviewed].example_id for r in rows)


def test_a_newer_verdict_of_a_person_replaces_the_older_and_of_another_person_does_not():
    asked = said("x", "request_change", LABEL.edit_id, number=2, reason="a wolf?")
    other = said("x", "approve", LABEL.edit_id, number=3, annotator="cyd")
    edits = [LABEL, asked, other]
    assert verdicts(edits) == {LABEL.edit_id: [("ben", "change_requested"), ("cyd", "approved")]}
    assert [r["reason"] for r in open_requests(reviews_of(edits))[LABEL.edit_id]] == ["a wolf?"]
    agreed = said("x", "approve", LABEL.edit_id, number=4, previous=[asked.edit_id])
    assert verdicts([*edits, agreed])[LABEL.edit_id][1] == ("ben", "approved")
    assert open_requests(reviews_of([*edits, agreed])) == {}
    undo = said("x", "undo", agreed.edit_id, number=5, previous=[agreed.edit_id])
    assert set(open_requests(reviews_of([*edits, agreed, undo]))) == {LABEL.edit_id}


def test_a_request_is_answered_by_an_edit_that_replaces_what_it_is_on():
    asked = said("x", "request_change", LABEL.edit_id, number=2)
    answer = said("x", "label", "cat", number=3, annotator="ada", previous=[LABEL.edit_id])
    assert set(open_requests(reviews_of([LABEL, asked]))) == {LABEL.edit_id}
    assert open_requests(reviews_of([LABEL, asked, answer])) == {}
    assert verdicts([LABEL, asked, answer]) == {LABEL.edit_id: [("ben", "change_requested")]}
    undo = said("x", "undo", LABEL.edit_id, number=4, annotator="ada", previous=[LABEL.edit_id])
    assert open_requests(reviews_of([LABEL, asked, undo])) == {}
    on_undo = said("x", "request_change", undo.edit_id, number=5)
    assert set(open_requests(reviews_of([LABEL, asked, undo, on_undo]))) == {undo.edit_id}


def test_who_asked_for_a_change_in_one_clone_has_not_approved_in_another():
    both = [
        said("x", "request_change", LABEL.edit_id, number=2),
        said("x", "approve", LABEL.edit_id, number=3),
    ]
    assert verdicts([LABEL, *both]) == {LABEL.edit_id: [("ben", "change_requested")]}
    assert not replay([LABEL, *both])["x"].is_conflict


def test_a_verdict_on_what_is_not_there_counts_when_it_arrives():
    early = said("x", "approve", LABEL.edit_id, number=2)
    elsewhere = said("y", "approve", LABEL.edit_id, number=3)
    of_verdict = said("x", "approve", early.edit_id, number=4)
    foreign = [early, elsewhere, of_verdict]
    assert reviews_of(foreign) == {}
    assert len(changes({}, replay(foreign), {"x": "cat"}, edits=foreign)) == 0
    assert verdicts([*foreign, LABEL]) == {LABEL.edit_id: [("ben", "approved")]}


@pytest.mark.parametrize(
    ("example_id", "value", "sentence"),
    [
        ("x", edit_id(99), "there is no edit"),
        ("y", edit_id(1), "is of example 'x', got 'y'"),
        ("x", edit_id(2), "is itself a review"),
        ("x", edit_id(3), "is itself a review"),
    ],
)
def test_what_cannot_be_reviewed_is_refused(example_id, value, sentence):
    approval = said("x", "approve", LABEL.edit_id, number=2)
    undo = said("x", "undo", approval.edit_id, number=3, previous=[approval.edit_id])
    with pytest.raises(EditError, match=sentence):
        check_reviewed([LABEL, approval, undo], example_id, value)


@pytest.mark.parametrize("value", ["../../x", "1" * 32, edit_id(1).upper() + "\n", "<script>"])
def test_a_review_names_an_edit_by_its_uuid(value):
    with pytest.raises(EditError, match="is not an edit id"):
        make_edit("x", "approve", value, annotator="ada")


def test_each_verdict_is_a_kind_of_change_and_its_undo_another():
    asked = said("x", "request_change", LABEL.edit_id, number=2, reason="why?")
    agreed = said("x", "approve", LABEL.edit_id, number=3, previous=[asked.edit_id])

    def between(before, after):
        given_ = {"edits": [*before, *after]}
        table = changes(replay(before), replay(after), {"x": "cat"}, **given_)
        return [(r["kind"], r["before"], r["after"], r["reason"]) for r in table.to_pylist()]

    one = LABEL.edit_id
    assert between([LABEL], [LABEL, asked]) == [("change_requested", None, one, "why?")]
    assert between([LABEL, asked], [LABEL, asked, agreed]) == [("approved", None, one, None)]
    assert between([LABEL, asked], [LABEL]) == [("request_withdrawn", one, None, None)]
    assert between([LABEL, asked, agreed], [LABEL]) == [("unapproved", one, None, None)]
    assert between([LABEL, asked], [LABEL, asked]) == []
    assert count_edits([LABEL, asked, agreed]) == {"relabelled": 1, "approved": 1}


def test_a_line_of_the_log_and_back():
    edit = make_edit(
        "x",
        "request_change",
        LABEL.edit_id,
        annotator="ben",
        reason="a wolf?",
        evidence={"review": {"base": "a" * 40, "head": "b" * 40}},
    )
    assert parse_line(to_line(edit)) == edit


def test_what_was_reviewed_in_a_drill_is_reviewed_outside_too():
    drill = Drill("pets", 0, "mixed", "main", (Planted("z", "cat", "dog", "train", "uniform"),))
    approval = said("x", "approve", LABEL.edit_id, number=2)
    edits = carried([made_in(e, drill.drill_id) for e in (LABEL, approval)], drill)
    ((reviewed, rows),) = reviews_of(edits).items()
    assert reviewed in {e.edit_id for e in edits if e.action == "label"}
    assert [r["verdict"] for r in rows] == ["approved"]
