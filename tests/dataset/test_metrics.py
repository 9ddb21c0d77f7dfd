"""Metrics: intervals hold their shares, counts add up, and JSON can carry all of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from ide.dataset.metrics import evaluate, wilson

CLASSES = ("a", "b", "c")


@given(n=st.integers(0, 10**6), data=st.data())
def test_wilsons_bounds_contain_the_estimate(n, data):
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= k / n <= high
        assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)
        assert high - low <= wilson(k, n, z=3)[1] - wilson(k, n, z=3)[0]


def test_wilson_agrees_with_the_published_example():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


def predictions(seed: int, n: int = 60):
    generator = np.random.default_rng(seed)
    probs = generator.dirichlet(np.ones(3), n).astype(np.float32)
    labels = generator.integers(-1, 3, n)
    splits = generator.choice(["train", "validation", "test", "pool"], n)
    return labels, probs.argmax(1), probs, splits


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_metrics_are_those_of_scikit_learn(seed):
    labels, predicted, probs, splits = predictions(seed)
    metrics = evaluate(labels, predicted, probs, splits, CLASSES)
    for split, values in metrics["splits"].items():
        rows = (splits == split) & (labels >= 0)
        given_, theirs = labels[rows], predicted[rows]
        assert values["n"] == rows.sum()
        assert values["accuracy"]["value"] == pytest.approx((given_ == theirs).mean())
        assert values["loss"] == pytest.approx(
            log_loss(given_, probs[rows] / probs[rows].sum(1, keepdims=True), labels=[0, 1, 2]),
            rel=1e-4,
        )
        present = sorted({*given_, *theirs})
        f1 = f1_score(given_, theirs, labels=present, average="macro", zero_division=0)
        assert values["macro_f1"] == pytest.approx(f1)
        counts = np.array(metrics["confusion"][split]["counts"])
        assert counts.sum() == values["n"]
        for row in (r for r in metrics["classes"] if r["split"] == split):
            k = CLASSES.index(row["label"])
            assert (row["n"], row["n_predicted"]) == (counts[k].sum(), counts[:, k].sum())
            for name, score in (("precision", precision_score), ("recall", recall_score)):
                expected = score(given_ == k, theirs == k, zero_division=np.nan)
                value = row[name]["value"]
                assert np.isnan(expected) if value is None else value == pytest.approx(expected)


@given(seed=st.integers(0, 10**6))
def test_metrics_are_plain_json_whatever_is_missing(seed):
    labels, predicted, probs, splits = predictions(seed, n=4)
    text = json.dumps(evaluate(labels, predicted, probs, splits, CLASSES), allow_nan=False)
    assert json.loads(text)["n_examples"] == (labels >= 0).sum()


@given(seed=st.integers(0, 10**6))
def test_what_is_left_out_counts_nowhere(seed):
    labels, predicted, probs, splits = predictions(seed)
    is_left_out = np.random.default_rng(seed).random(60) < 0.5
    kept = ~is_left_out
    assert evaluate(labels, predicted, probs, splits, CLASSES, is_left_out=is_left_out) == evaluate(
        labels[kept], predicted[kept], probs[kept], splits[kept], CLASSES
    )


def test_an_empty_class_has_no_share():
    metrics = evaluate(
        np.array([0]), np.array([0]), np.array([[1.0, 0, 0]]), np.array(["test"]), CLASSES
    )
    empty = metrics["classes"][1]
    assert empty["f1"] is None
    assert empty["precision"] == empty["recall"] == {"value": None, "low": None, "high": None}
    assert metrics["splits"]["test"]["loss"] == 0
