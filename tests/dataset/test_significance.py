"""Noise or not: McNemar, two proportions, and slices that moved when many are looked at."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.binomial import sign_test
from ide.dataset.schema import FLIPS, SLICES
from ide.dataset.significance import mcnemar, moved_slices, two_proportions
from ide.dataset.slices import members_of


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_symmetric_probability_and_sees_only_unevenness(fixed, broken):
    p = mcnemar(fixed, broken)
    assert 0 < p <= 1 and p == mcnemar(broken, fixed)
    if fixed == broken:
        assert p == 1.0


def test_mcnemar_has_the_values_of_the_textbook_also_of_thousands():
    assert sign_test(0, 0) == 1 and sign_test(3, 0) == pytest.approx(0.125)
    assert mcnemar(9, 1) == pytest.approx(0.021484375)
    exact = 2 * sum(math.comb(2_000, k) for k in range(901)) / 2**2_000
    assert mcnemar(1_100, 900) == pytest.approx(exact, rel=1e-6)
    assert 0 < mcnemar(31_000, 30_000) < 1e-3


def test_two_proportions_agree_with_the_textbook():
    assert two_proportions(60, 100, 75, 100) == pytest.approx(0.0237, abs=1e-3)
    assert two_proportions(5, 5, 7, 7) == two_proportions(0, 0, 1, 2) == 1.0


def some_flips(*rows):
    keys = ("example_id", "split", "label", "flip")
    return pa.Table.from_pylist([dict(zip(keys, row, strict=True)) for row in rows], schema=FLIPS)


def some_slices(*rows):
    found = [
        {"slice": s, "split": "test", "n": n, "n_correct": k, "accuracy": k / n} for s, n, k in rows
    ]
    return pa.Table.from_pylist(found, schema=SLICES)


def test_a_slice_is_named_only_when_it_moved_more_than_one_of_so_many_would():
    flips = some_flips(*[(f"x{i}", "test", "cat", "broken") for i in range(8)])
    members = {"label = 'cat'": np.ones(8, bool)}
    before, after = some_slices(("label = 'cat'", 50, 48)), some_slices(("label = 'cat'", 50, 40))
    (moved,), n = moved_slices(flips, members, before, after, ["test"])
    assert n == 1 and (moved.n_fixed, moved.n_broken) == (0, 8)
    assert (moved.before, moved.after) == (0.96, 0.8) and moved.p == mcnemar(0, 8)
    others = [(f"label = '{i}'", 50, 50) for i in range(19)]
    many = [some_slices(("label = 'cat'", 50, k), *others) for k in (48, 40)]
    found, n = moved_slices(flips, members, *many, ["test"])
    assert n == 20 and found == []  # p = 0.0078 is not much, of twenty
    assert moved_slices(flips, members, before, after, ["validation"]) == ([], 0)


def test_members_are_found_by_the_conditions_that_slices_are_named_by():
    labels = pa.table({"label": ["it's", "dog", None]})
    metadata = pa.table({'a "b"': ["x", None, "y"], "score": [0.1, 0.2, 0.3], "year": [1, 1, 2]})
    wanted = ["label = 'it''s'", '"a ""b""" = \'x\'', '"a ""b""" IS NULL', '"year" = 1', "none = 1"]
    found = members_of(labels, metadata, wanted)
    assert {k: v.tolist() for k, v in found.items()} == {
        "label = 'it''s'": [True, False, False],
        '"a ""b""" = \'x\'': [True, False, False],
        '"a ""b""" IS NULL': [False, True, False],
        '"year" = 1': [True, True, False],
    }
