"""The algebra of changes: differences between values, not between logs."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.changes import (
    CHANGES,
    KINDS,
    changes,
    class_pairs,
    commit_message,
    count_edits,
    counts,
    summarise,
)
from ide.dataset.edit import make_edit
from ide.dataset.one_line import one_line
from ide.dataset.replay import UNTOUCHED, register_of, replay, undo_heads
from tests.strategies import START, edit_id, histories

IMPORTED = {"x": "cat", "y": None}
SPLITS = {"x": "train", "y": "pool"}


def between(before, after):
    return changes(replay(before), replay(after), IMPORTED, edits=[*before, *after], splits=SPLITS)


def an_edit(number, action, value=None, *, on=(), example_id="x", annotator="ada", **more):
    """An edit on top of what stands after the edits ``on``."""
    draft = make_edit(example_id, action, value, annotator=annotator, edit_id=edit_id(number))
    heads = replay(on).get(example_id, UNTOUCHED).heads.get(register_of(draft, {}), ())
    return make_edit(
        example_id,
        action,
        value,
        previous=more.pop("previous", heads),
        annotator=annotator,
        edit_id=edit_id(number),
        made_at=START + timedelta(seconds=number),
        **more,
    )


@given(histories())
def test_equal_states_have_no_changes(history):
    assert between(history, list(reversed(history))) == CHANGES.empty_table()


@given(histories(), histories(first_id=100))
def test_every_change_is_of_one_kind_and_counts_add_up(before, more):
    table = between(before, [*before, *more])
    assert table.schema == CHANGES
    assert set(table["kind"].to_pylist()) <= set(KINDS)
    assert sum(counts(table).values()) == len(table)
    keys = list(zip(table["example_id"].to_pylist(), table["kind"].to_pylist(), strict=True))
    assert keys == sorted(keys, key=lambda k: (k[0], KINDS.index(k[1])))


@given(histories(), st.data())
def test_undoing_what_was_just_done_leaves_no_change(before, data):
    fresh = data.draw(histories(max_size=1, first_id=500).filter(bool))
    (edit,) = fresh
    own = [e for e in before if e.example_id == edit.example_id]
    if edit.action == "undo":
        return
    edit = an_edit(500, edit.action, edit.value, on=own, example_id=edit.example_id)
    undo = make_edit(
        edit.example_id,
        "undo",
        edit.edit_id,
        previous=undo_heads([*own, edit], edit.edit_id),
        annotator="ben",
        edit_id=edit_id(501),
        made_at=START + timedelta(hours=1),
    )
    assert len(between(before, [*before, edit, undo])) == 0
    assert count_edits([edit, undo]) == {}


@given(histories(), histories(first_id=100))
def test_the_label_changes_of_two_steps_are_those_of_the_whole(first, more):
    """A label that changed in the whole changed in a step, and what did not, changed back."""
    middle, end = first, [*first, *more]
    value = dict(IMPORTED)
    for table in (between([], middle), between(middle, end)):
        for row in table.to_pylist():
            if row["kind"] in ("relabelled", "labelled", "unlabelled"):
                assert row["before"] == value[row["example_id"]]
                value[row["example_id"]] = row["after"]
            elif row["kind"] == "disputed":
                value[row["example_id"]] = IMPORTED[row["example_id"]]
            elif row["kind"] == "resolved":
                value[row["example_id"]] = row["after"]
    state = replay(end)
    for example_id, imported in IMPORTED.items():
        label = state.get(example_id, UNTOUCHED).label
        assert value[example_id] == (label if label is not None else imported)


@given(histories())
def test_a_commit_message_of_anything_has_a_one_line_subject(history):
    message = commit_message({"pets": between([], history)})
    subject, *rest = message.split("\n")
    assert subject.startswith("pets: ") and (not rest or rest[0] == "")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("x", "label", "dog"), ("relabelled", "cat", "dog")),
        (("x", "label", "cat"), ("confirmed", "cat", "cat")),
        (("x", "confirm", "cat"), ("confirmed", "cat", "cat")),
        (("y", "label", "dog"), ("labelled", None, "dog")),
        (("x", "exclude", None), ("excluded", "cat", None)),
        (("x", "split", "test"), ("moved", "train", "test")),
        (("x", "tag", "blurred"), ("tagged", None, "blurred")),
        (("x", "comment", "odd"), ("commented", None, "odd")),
        (("x", "vote", "cat"), ("voted", None, "cat")),
        (("x", "dismiss", "f" * 16), ("dismissed", None, "f" * 16)),
        (("*", "dismiss", "f" * 16), ("dismissed", None, "f" * 16)),
    ],
)
def test_each_action_makes_its_kind_of_change_and_its_undo_the_opposite(edit, expected):
    example_id, action, value = edit
    made = an_edit(1, action, value, example_id=example_id, reason="because")
    rows = between([], [made]).to_pylist()
    row = next(r for r in rows if r["kind"] == expected[0])
    assert (row["kind"], row["before"], row["after"]) == expected
    assert (row["annotator"], row["reason"], row["edit_id"]) == ("ada", "because", made.edit_id)
    backwards = between([made], []).to_pylist()
    assert any((r["before"], r["after"]) == expected[:0:-1] for r in backwards)


def test_what_does_not_change_a_value_is_no_change():
    restored = an_edit(1, "restore")
    same_split = an_edit(2, "split", "train")
    assert len(between([], [restored, same_split])) == 0


def test_two_people_who_disagree_are_a_dispute_until_someone_resolves_it():
    ada = an_edit(1, "label", "dog")
    ben = an_edit(2, "label", "cat", annotator="ben")
    (row,) = between([ada], [ada, ben]).to_pylist()
    assert (row["kind"], row["before"], row["after"]) == ("disputed", "dog", "cat | dog")
    both = an_edit(3, "label", "cat", on=[ada, ben])
    (row,) = between([ada, ben], [ada, ben, both]).to_pylist()
    assert (row["kind"], row["before"], row["after"]) == ("resolved", "cat | dog", "cat")


def test_a_change_back_is_by_whoever_undid_it():
    made = an_edit(1, "label", "dog")
    undo = an_edit(2, "undo", made.edit_id, previous=(made.edit_id,), annotator="ben")
    (row,) = between([made], [made, undo]).to_pylist()
    assert (row["kind"], row["before"], row["after"]) == ("relabelled", "dog", "cat")
    assert (row["annotator"], row["edit_id"]) == ("ben", undo.edit_id)


def test_a_batch_is_counted_by_its_last_word_on_each_value():
    first = an_edit(1, "label", "dog")
    second = an_edit(2, "label", "<script>", on=[first])
    elsewhere = an_edit(3, "undo", edit_id(77), example_id="y", previous=(edit_id(77),))
    found = count_edits([second, first, an_edit(4, "exclude"), elsewhere])
    assert found == {"relabelled": 1, "excluded": 1, "undone": 1}


def test_an_undo_of_an_undo_in_one_millisecond_leaves_the_edit_counted():
    made = an_edit(9, "label", "dog")
    ids = [edit_id(n) for n in (5, 1)]  # the later has the smaller id
    undo, redo = (
        make_edit("x", "undo", of, annotator="ada", edit_id=own, made_at=made.made_at)
        for of, own in ((made.edit_id, ids[0]), (ids[0], ids[1]))
    )
    assert count_edits([undo, made]) == {}
    assert count_edits([redo, undo, made]) == {"relabelled": 1}
    loop = make_edit("x", "undo", ids[1], annotator="ada", edit_id=ids[0])
    assert sum(count_edits([loop, redo]).values()) <= 1


def test_class_pairs_are_counted_the_most_frequent_first():
    table = pa.Table.from_pylist(
        [
            {"kind": "relabelled", "before": a, "after": b}
            for a, b in [("3", "8"), ("1", "7"), ("3", "8")]
        ],
        schema=CHANGES,
    )
    assert class_pairs(table) == [("3", "8", 2), ("1", "7", 1)]
    assert summarise(counts(table)) == "3 relabelled"


def test_text_for_one_line_is_one_line():
    assert one_line("a\nb\u2028c\x1b[31m" + "x" * 90) == "a b c [31m" + "x" * 49 + "…"


def test_a_dispute_about_the_split_is_none_about_the_label():
    ada = an_edit(1, "split", "test")
    ben = an_edit(2, "split", "validation", annotator="ben")
    assert {r["kind"] for r in between([ada], [ada, ben]).to_pylist()} == {"moved"}
