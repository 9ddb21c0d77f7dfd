"""Drills: what is planted, which edits count, what is carried over, what is measured."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.drill import (
    Drill,
    Planted,
    carried,
    counting,
    drill_of,
    made_in,
    parse_drill,
    stranded,
    to_json,
)
from ide.dataset.drill_planting import class_confusion, plant
from ide.dataset.drill_score import (
    CARE,
    CONFIRMED,
    EVERYONE,
    EXCLUDED,
    FOUND,
    MISJUDGED,
    OUTCOMES,
    UNSEEN,
    annotator_scores,
    detector_score,
    recall_curve,
)
from ide.dataset.edit import make_edit
from ide.dataset.errors import DrillError
from ide.dataset.replay import replay

CLASSES = ("a", "b", "c")
CONFUSION = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], float)  # a → b → c → a
N = 120
IDS = [f"x{i:03d}" for i in range(N)]
LABELS = [None if i % 10 == 9 else CLASSES[i % 3] for i in range(N)]
SPLITS = [
    "pool" if i % 10 == 9 else ("train", "train", "test", "validation")[i % 4] for i in range(N)
]


def planted(n_errors=24, kind="mixed", seed=0, **more) -> Drill:
    given_ = {
        "example_ids": IDS,
        "labels": LABELS,
        "splits": SPLITS,
        "is_free": [True] * N,
        "classes": CLASSES,
        "confusion": CONFUSION,
        **more,
    }
    return plant(dataset="d", home="main", n_errors=n_errors, kind=kind, seed=seed, **given_)


@given(
    st.integers(1, 100), st.integers(0, 5), st.sampled_from(("mixed", "uniform", "neighbouring"))
)
def test_every_planted_label_is_wrong_and_none_is_planted_twice(n_errors, seed, kind):
    drill = planted(n_errors, kind, seed)
    true = dict(zip(IDS, LABELS, strict=True))
    assert len(drill.labels) == len(drill.planted) == n_errors
    for p in drill.planted:
        assert p.true_label == true[p.example_id] is not None
        assert p.label in CLASSES and p.label != p.true_label


@given(st.permutations(range(N)))
def test_the_order_of_the_examples_changes_nothing(order):
    shuffled = planted(
        example_ids=[IDS[i] for i in order],
        labels=[LABELS[i] for i in order],
        splits=[SPLITS[i] for i in order],
    )
    assert shuffled == planted()


def test_another_seed_plants_others():
    assert planted(seed=1).labels != planted(seed=2).labels
    assert planted(seed=1).branch != planted(seed=2).branch


def test_every_split_gets_its_share_and_the_pool_none():
    wanted = Counter(s for s, label in zip(SPLITS, LABELS, strict=True) if label)
    found = Counter(p.split for p in planted(54).planted)
    assert {s: n / 2 for s, n in wanted.items()} == dict(found)


def test_kinds_are_half_and_half_and_neighbours_are_those_the_network_confuses():
    drill = planted(25)
    assert Counter(p.kind for p in drill.planted) == {"neighbouring": 12, "uniform": 13}
    next_class = {"a": "b", "b": "c", "c": "a"}
    of_neighbours = planted(50, "neighbouring").planted
    assert all(p.label == next_class[p.true_label] for p in of_neighbours)
    assert {p.kind for p in planted(confusion=None).planted} == {"uniform"}


def test_what_a_person_has_judged_is_never_planted():
    is_free = [i % 2 == 0 for i in range(N)]
    assert all(int(p.example_id[1:]) % 2 == 0 for p in planted(40, is_free=is_free).planted)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"n_errors": 109}, "108 labelled examples that nobody has judged"),
        ({"n_errors": 0}, "wanted at least 1"),
        ({"labels": ["a"] * N}, "needs at least two"),
        ({"kind": "odd"}, "is no kind of errors"),
        ({"kind": "neighbouring", "confusion": None}, "upwell compile d"),
        ({"is_free": [False] * N}, "there is nothing to plant in"),
    ],
)
def test_what_cannot_be_planted_is_said(more, sentence):
    with pytest.raises(DrillError, match=sentence):
        planted(**more)


def test_confusion_is_of_the_other_classes():
    probs = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0]], np.float32)
    found = class_confusion(probs, np.array([0, 1, -1]))
    assert np.allclose(found, [[0, 0.75, 0.25], [2 / 3, 0, 1 / 3], [0, 0, 0]])


def test_a_drill_is_read_as_it_was_written_and_a_changed_one_is_not():
    drill = planted(5)
    text = to_json(drill)
    assert parse_drill(text, "drill.json") == drill
    wrong = drill.planted[0]
    other = next(c for c in CLASSES if c not in (wrong.label, wrong.true_label))
    changed = text.replace(f'"label": "{wrong.label}"', f'"label": "{other}"', 1)
    for damaged in ("", "[]", "{}", text[:-20], changed):
        with pytest.raises(DrillError, match=r"git checkout HEAD -- drill\.json"):
            parse_drill(damaged, "drill.json")


# ---- which edits count ----

DRILL = Drill(
    "d",
    0,
    "uniform",
    "main",
    tuple(Planted(f"x{i}", "b", "a", "train", "uniform") for i in range(6)),
)


def edit(example_id, action, value=None, *, by="ada", drill=DRILL.drill_id, **more):
    made = make_edit(example_id, action, value, annotator=by, **more)
    return made_in(made, drill) if drill else made


def test_an_edit_of_a_drill_counts_in_that_drill_only():
    before = edit("x1", "label", "c", drill=None)
    inside = edit("x1", "confirm", "b", previous=[before.edit_id])
    assert counting([before, inside], DRILL.drill_id) == [before, inside]
    assert counting([before, inside], None) == counting([before, inside], "0" * 8) == [before]
    assert inside.edit_id != before.edit_id and drill_of(inside) == DRILL.drill_id


def test_only_what_was_said_of_other_examples_is_carried_over_and_only_once():
    before = edit("y", "label", "c", drill=None)
    first = edit("y", "label", "a", previous=[before.edit_id])
    second = edit("y", "label", "b", previous=[first.edit_id], by="ben")
    undo = edit("y", "undo", second.edit_id, previous=[second.edit_id], by="ben")
    log = [before, first, second, undo, edit("x1", "confirm", "b"), edit("x2", "exclude")]
    found = carried(log, DRILL)
    assert found == carried(log, DRILL)
    assert {e.example_id for e in found} == {"y"} and not any(map(drill_of, found))
    assert [e.evidence["carried_from"] for e in found] == [e.edit_id for e in log[1:4]]
    assert [(e.annotator, e.made_at) for e in found] == [(e.annotator, e.made_at) for e in log[1:4]]
    in_drill, at_home = replay(log), replay([before, *found])
    assert at_home.keys() == {"y"}
    assert at_home["y"].label == in_drill["y"].label == "a"
    assert carried([*log, *found], DRILL) == found


def test_what_only_the_branch_has_goes_home_unless_it_is_about_a_planted_label():
    known = edit("y", "label", "a", drill=None)
    foreign, forged = edit("z", "tag", "t", drill=None), edit("x1", "confirm", "b", drill=None)
    log = [known, foreign, forged, edit("z", "exclude")]
    assert stranded(log, DRILL, {known.edit_id}) == [foreign]


# ---- what is measured ----


def measure(rows, who):
    return {r.measure: r.n for r in rows if r.who == who}


def test_what_became_of_each_planted_error():
    undone = edit("x5", "label", "a")
    edits = [
        edit("x0", "label", "a"),
        edit("x1", "label", "c"),
        edit("x2", "confirm", "b"),
        edit("x3", "exclude"),
        undone,
        edit("x5", "undo", undone.edit_id, previous=[undone.edit_id]),
        edit("x2", "label", "a", by="ben", made_at=datetime.now(UTC) + timedelta(seconds=1)),
        edit("y", "label", "a", by="ben"),
    ]
    rows = annotator_scores(DRILL, edits)
    ada = {FOUND: 1, MISJUDGED: 1, CONFIRMED: 1, EXCLUDED: 1, UNSEEN: 2, CARE: 3}
    assert measure(rows, "ada") == ada
    assert measure(rows, "ben") == dict.fromkeys(OUTCOMES, 0) | {FOUND: 1, UNSEEN: 5, CARE: 1}
    assert measure(rows, EVERYONE)[FOUND] == 2
    care = next(r for r in rows if (r.who, r.measure) == ("ada", CARE))
    assert (care.n, care.of, care.value) == (3, 4, 0.75) and care.low < 0.75 < care.high
    assert rows == annotator_scores(DRILL, edits[::-1])


def test_outcomes_add_up_to_the_errors_planted_and_nobody_yet_is_everyone():
    (*outcomes, care) = annotator_scores(DRILL, [])
    assert sum(r.n for r in outcomes) == len(DRILL.planted)
    assert {r.who for r in outcomes} == {EVERYONE} and care.value is None


def test_a_ranking_that_has_all_errors_first_is_perfect_and_one_without_them_is_not():
    first = [p.example_id for p in DRILL.planted] + [f"y{i}" for i in range(20)]
    best = {r.measure: r.value for r in detector_score(DRILL, first, 3)}
    assert best["recall at 6"] == best["average precision"] == best["recall at 6, train"] == 1
    assert best["recall at 3, all suspects"] == 0.5
    assert recall_curve(DRILL, first)[:7] == [1, 2, 3, 4, 5, 6, 6]
    worst = {r.measure: r.value for r in detector_score(DRILL, first[6:], 3)}
    assert worst["recall at 7"] == worst["average precision"] == 0
    for row in detector_score(DRILL, first[::-1], 3):
        assert row.low <= row.value <= row.high
