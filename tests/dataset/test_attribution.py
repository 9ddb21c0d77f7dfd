"""Which edits probably caused a flip: its own, else near ones that pull the same way, else none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ide.dataset.attribution import CAUSES, Checkpoint, causes, ordinal, targets_of
from ide.dataset.changes import CHANGES
from ide.dataset.schema import FLIPS, LABELS

CLASSES = ("cat", "dog", "cow")
CAT, DOG, COW = range(3)


def angle(degrees):
    return [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]


def checkpoint(*rows):
    """Make one of (id, target, degrees), each thought to be what it was taught, 80 %."""
    ids, targets, degrees = zip(*rows, strict=True)
    probs = np.full((len(rows), 3), 0.1)
    for row, target in zip(probs, targets, strict=True):
        row[max(target, 0)] = 0.8
    return Checkpoint(ids, np.array(targets), probs, np.array([angle(d) for d in degrees]))


def changed(example_id, before, after, kind="relabelled"):
    values = {"before": before, "after": after, "edit_id": f"e-{example_id}", "kind": kind}
    return {"example_id": example_id, **values}


def flip(predicted, base_predicted, *, flip="broken", label="cat", example_id="x", split="test"):
    was = {"base_label": label, "base_predicted": base_predicted, "predicted": predicted}
    return {"example_id": example_id, "split": split, "label": label, "flip": flip, **was}


def ask(flips, changes, base=None, now=None, **options):
    tables = (
        pa.Table.from_pylist(flips, schema=FLIPS),
        pa.Table.from_pylist(changes, schema=CHANGES),
    )
    return causes(*tables, CLASSES, base, now, **options).to_pylist()


# x is shown at 0°. Near: a, b. Across: far ones, so that far edits are not among its nearest.
FAR = [(f"far{i}", COW, 95 + i) for i in range(30)]
BASE = checkpoint(("x", -1, 0), ("a", CAT, 3), ("b", CAT, 6), *FAR)
NOW = checkpoint(("x", -1, 0), ("a", DOG, 3), ("b", CAT, 6), *FAR)


def test_the_near_edit_that_pulls_to_the_new_prediction_is_named():
    (row,) = ask([flip("dog", "cat")], [changed("a", "cat", "dog")], BASE, NOW)
    assert row["edit_id"] == "e-a" and row["nearness"] == 1
    assert row["score"] == pytest.approx(1 / 25)
    assert row["says"] == "a, its nearest training example, was relabelled cat → dog"


def test_an_edit_that_pulls_the_other_way_or_sideways_is_not():
    assert ask([flip("cow", "cat", label="dog")], [changed("a", "cat", "dog")], BASE, NOW) == []
    back = ask([flip("cat", "dog", flip="fixed")], [changed("a", "cat", "dog")], BASE, NOW)
    assert back == []  # what was fixed for the cats was not fixed by a dog


def test_a_far_edit_is_not_a_cause_and_a_tag_never_is():
    now = checkpoint(("x", -1, 0), ("a", CAT, 3), ("b", CAT, 6), ("far0", DOG, 95), *FAR[1:])
    assert ask([flip("dog", "cat")], [changed("far0", "cow", "dog")], BASE, now) == []
    assert ask([flip("dog", "cat")], [changed("a", None, "odd", "tagged")], BASE, NOW) == []


def test_its_own_edit_comes_first_where_it_was_trained_on_and_needs_no_build():
    own, near = changed("x", "dog", "cat"), changed("a", "cat", "dog")
    trained = flip("dog", "cat", split="train")
    rows = ask([trained], [own, near], BASE, NOW)
    assert [r["edit_id"] for r in rows] == ["e-x", "e-a"]
    assert rows[0]["score"] == 1 and rows[0]["says"] == "it was relabelled dog → cat itself"
    assert [r["edit_id"] for r in ask([trained], [own, near])] == ["e-x"]


def test_an_edit_of_a_held_out_example_reaches_its_label_and_never_the_network():
    own, near = changed("x", "dog", "cat"), changed("a", "cat", "dog")
    assert [r["edit_id"] for r in ask([flip("dog", "cat")], [own, near], BASE, NOW)] == ["e-a"]
    by_label = flip("cat", "cat", flip="relabelled")
    assert [r["edit_id"] for r in ask([by_label], [own, near], BASE, NOW)] == ["e-x"]


def test_what_was_excluded_is_a_cause_as_far_as_the_network_needed_it():
    """A network that still knows the excluded example lost nothing by it."""
    gone = checkpoint(("x", -1, 0), ("a", -1, 3), ("b", CAT, 6), *FAR)
    out = changed("a", "cat", None, "excluded")
    (kept,) = ask([flip("dog", "cat")], [out], BASE, gone)
    gone.probs[1] = (0.1, 0.8, 0.1)  # without it, the network takes it for a dog
    (needed,) = ask([flip("dog", "cat")], [out], BASE, gone)
    assert needed["score"] > kept["score"] > 0


def test_an_example_that_was_added_can_be_the_cause_and_has_no_edit():
    base = checkpoint(("x", -1, 0), ("b", CAT, 6), *FAR)
    added = {**changed("a", None, "dog", "added"), "edit_id": None}
    (row,) = ask([flip("dog", "cat")], [added], base, NOW)
    assert row["edit_id"] is None and row["edited_id"] == "a"
    assert row["says"] == "a, its nearest training example, was added (dog)"


def test_the_scores_of_neighbours_are_shares_of_one_vote():
    rows = [(f"n{i}", CAT, i / 10) for i in range(25)]
    base = checkpoint(("x", -1, 0), *rows)
    now = checkpoint(("x", -1, 0), *((i, DOG, d) for i, _, d in rows))
    found = ask([flip("dog", "cat")], [changed(i, "cat", "dog") for i, _, _ in rows], base, now)
    assert sum(row["score"] for row in found) == pytest.approx(1)
    assert [row["nearness"] for row in found] == list(range(1, 26))


def test_no_flips_or_no_changes_have_no_causes():
    assert ask([], [changed("a", "cat", "dog")], BASE, NOW) == []
    assert ask([flip("dog", "cat")], [], BASE, NOW) == []
    assert causes(FLIPS.empty_table(), CHANGES.empty_table(), ()).schema == CAUSES


def test_only_labelled_training_examples_that_count_have_a_target():
    rows = [
        ("cat", "train", False, False),
        ("dog", "test", False, False),
        ("dog", "train", True, False),
        ("dog", "train", False, True),
        (None, "train", False, False),
        ("yak", "train", False, False),
    ]
    keys = ("label", "split", "is_excluded", "is_conflict")
    table = pa.Table.from_pylist([dict(zip(keys, r, strict=True)) for r in rows], schema=LABELS)
    assert targets_of(table, CLASSES).tolist() == [CAT, -1, -1, -1, -1, -1]


def test_ordinals():
    assert " ".join(ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111)) == (
        "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 111th"
    )
