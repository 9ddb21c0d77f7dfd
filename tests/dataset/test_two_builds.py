"""A difference between two builds is the network's and the answer key's, told apart."""

from __future__ import annotations

import pytest
from hypothesis import given

from ide.dataset.two_builds import Side, compare_builds, headline_split
from tests.dataset.test_flips import CLASSES, builds, tables


def side(build):
    return Side(*tables(build), CLASSES)


def accuracy(build, split):
    """Return what metrics.json would say, the slow and plain way; None for no example."""
    own = [r for r in build.values() if r[0] and not r[2] and not r[3] and r[4] == split]
    return sum(r[0] == r[1] for r in own) / len(own) if own else None


def with_labels_of(build, other):
    """Return a build's predictions with another's labels, of what both know."""
    return {i: (other[i][0], build[i][1], *other[i][2:]) for i in build.keys() & other.keys()}


@given(base=builds, new=builds)
def test_network_and_answer_key_add_up_to_what_the_two_reports_differ_by(base, new):
    for split, shift in compare_builds(side(base), side(new)).shifts.items():
        before, after = accuracy(base, split), accuracy(new, split)
        if before is None:
            assert shift.answer_key is None and shift.total is None
        else:
            assert shift.network + shift.answer_key == pytest.approx(after - before, abs=1e-9)
            assert shift.total == pytest.approx(after - before, abs=1e-9)


@given(base=builds, new=builds)
def test_with_the_same_labels_the_answer_key_moves_nothing(base, new):
    same = with_labels_of(base, new)
    only = {i: new[i] for i in same}
    found = compare_builds(side(same), side(only))
    assert {s.answer_key for s in found.shifts.values()} <= {0.0}
    assert sum(s.n_relabelled for s in found.shifts.values()) == 0


@given(base=builds, labels=builds)
def test_with_the_same_predictions_the_network_moves_nothing(base, labels):
    new = with_labels_of(base, labels)
    found = compare_builds(side(base), side(new))
    assert {s.network for s in found.shifts.values()} <= {0.0}
    assert set(found.flips["flip"].to_pylist()) <= {"relabelled"}


@given(base=builds, new=builds)
def test_the_network_s_change_is_what_it_fixed_less_what_it_broke(base, new):
    found = compare_builds(side(base), side(new))
    for split, s in found.shifts.items():
        assert s.network == pytest.approx((s.n_fixed - s.n_broken) / s.n, abs=1e-9)
        assert found.base["splits"][split]["accuracy"]["value"] == s.before
        assert found.now["splits"][split]["accuracy"]["value"] == s.after
        own = [c for c in found.now["classes"] if c["split"] == split]
        assert sum(c["n"] for c in own) == s.n


def test_a_corrected_answer_key_is_no_better_network():
    """Of fifteen that count as right now, twelve changed their label and not their prediction."""
    base = {f"x{i}": ("a", "b", False, False, "test") for i in range(20)}
    new = {i: ("b" if n < 12 else "a", "b", *row[2:]) for n, (i, row) in enumerate(base.items())}
    new |= {f"x{i}": ("a", "a", False, False, "test") for i in (12, 13, 14)}
    shift = compare_builds(side(base), side(new)).shifts["test"]
    assert (shift.n_fixed, shift.n_broken, shift.n_relabelled) == (3, 0, 12)
    assert (shift.before, shift.after) == (12 / 20, 15 / 20)
    assert (shift.network, shift.answer_key) == (pytest.approx(3 / 20), pytest.approx(12 / 20))


def test_what_only_one_build_was_trained_on_is_not_compared():
    """It would look as if that network were better: it has seen the answer."""
    base = {"x": ("a", "a", False, False, "train"), "y": ("a", "b", False, False, "test")}
    new = {"x": ("a", "b", False, False, "test"), "y": ("a", "a", False, False, "test")}
    found = compare_builds(side(base), side(new))
    assert found.pairs["example_id"].to_pylist() == ["y"]
    assert found.shifts["test"].n == 1 and found.shifts["test"].n_broken == 0
    assert found.shifts["test"].total == pytest.approx(0.5 - 0)


def test_a_class_that_only_the_base_knew_is_a_wrong_prediction():
    base = Side(*tables({"x": ("a", "b", False, False, "test")}), CLASSES)
    new = Side(*tables({"x": ("a", "a", False, False, "test")}), ("a",))
    shift = compare_builds(base, new).shifts["test"]
    assert (shift.before, shift.after, shift.n_fixed) == (0.0, 1.0, 1)


def test_a_number_without_a_split_is_of_test_where_there_is_one():
    assert headline_split({"train", "validation", "test"}) == "test"
    assert headline_split({"train", "validation"}) == "validation"
    assert headline_split(()) is None
