"""How many labels are thought wrong, in whole numbers that a person can read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ide.dataset.estimates import (
    Estimate,
    estimate_of_all,
    estimates_by_class,
    estimates_by_split,
    sentence,
)
from ide.dataset.schema import LABEL_ERRORS

ROWS = [
    (None, None, 1797, 54.4, 40.6, 69.2),
    ("test", None, 450, 15.1, 9.0, 20.0),
    ("train", None, 1000, 30.2, 20.0, 40.0),
    ("validation", None, 347, 9.1, 4.0, 15.0),
    (None, "cat", 900, 14.4, 8.0, 20.0),
    (None, "dog", 897, 40.0, 30.0, 50.0),
    ("train", "cat", 500, 10.0, 5.0, 15.0),
]


def table(rows=ROWS) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(LABEL_ERRORS.names, row, strict=True)) for row in rows], schema=LABEL_ERRORS
    )


def test_it_is_said_in_one_sentence_with_the_splits_in_their_order():
    assert sentence(table()) == (
        "About 54 of 1,797 labels are wrong (40 to 70): train 30, validation 9, test 15."
    )


@pytest.mark.parametrize(
    ("n_errors", "said"),
    [
        (0.2, "Fewer than 1 of 9 labels is wrong (0 to 3)."),
        (1.3, "About 1 of 9 labels is wrong (0 to 3)."),
        (2.0, "About 2 of 9 labels are wrong (0 to 3)."),
    ],
)
def test_few_errors_are_said_as_few(n_errors, said):
    rows = [(None, None, 9, n_errors, 0.0, 2.4), ("train", None, 9, n_errors, 0.0, 2.4)]
    assert sentence(table(rows)) == said


def test_nothing_is_said_of_a_build_without_labels_or_without_estimates():
    assert sentence(LABEL_ERRORS.empty_table()) is None
    assert sentence(table([(None, None, 0, 0.0, 0.0, 0.0)])) is None
    assert estimate_of_all(LABEL_ERRORS.empty_table()) is None


def test_splits_keep_their_order_and_the_most_doubted_class_comes_first():
    assert [e.name for e in estimates_by_split(table())] == ["train", "validation", "test"]
    assert [e.name for e in estimates_by_class(table())] == ["dog", "cat"]


def test_bounds_are_rounded_outwards():
    assert str(estimate_of_all(table())) == "54 (40–70)"
    assert str(Estimate("", None, 1234.0)) == "1,234"
    assert str(Estimate("", 5, 0.1, 0.0, 0.9)) == "< 1 (0–1)"
