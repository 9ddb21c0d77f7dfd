"""Suspects: planted errors rise to the top, and the rank obeys its laws."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from ide.dataset.reasons import reasons
from ide.dataset.schema import SUSPECT_THRESHOLD, SUSPECTS
from ide.dataset.splits import assign_splits
from ide.dataset.suspects import N_ERRORS, calibrate, estimate_errors, rank
from models import build_model
from models.fit import fit
from models.predict import predict

CLASSES = tuple("0123456789")


@pytest.fixture(scope="module")
def digits():
    """The digits with 60 planted errors over all splits, compiled once."""
    bunch = load_digits()
    truth = bunch.target.astype(np.int64)
    images = np.round(bunch.images * 255 / 16).astype(np.uint8)[:, None]
    ids = [f"{row:04d}" for row in range(len(truth))]
    names = [CLASSES[k] for k in truth]
    splits = np.array(assign_splits(ids, names, seed=0, validation=0.15, test=0.25))
    generator = np.random.default_rng(0)
    planted = generator.choice(len(truth), 60, replace=False)
    labels = truth.copy()
    labels[planted] = (truth[planted] + generator.integers(1, 10, 60)) % 10
    model = build_model("small_cnn", n_classes=10, input_shape=(1, 8, 8), seed=0)
    is_train = splits == "train"
    record = fit(
        model,
        images,
        labels,
        is_train,
        epochs=30,
        batch_size=64,
        learning_rate=3e-3,
        weight_decay=1e-2,
        seed=0,
    )
    predictions = predict(model, images)
    arrays = {
        "example_ids": ids,
        "labels": labels,
        "splits": splits,
        "classes": CLASSES,
        "probs": predictions.probs,
        "mean_probs": record.mean_probs,
        "margins": record.margins,
        "el2n": record.el2n,
        "embeddings": predictions.embeddings,
        "is_train": is_train,
        "is_excluded": np.zeros(len(ids), bool),
        "is_conflict": np.zeros(len(ids), bool),
    }
    return arrays, truth, rank(**arrays)


def test_a_network_taught_with_errors_still_reads_digits(digits):
    arrays, truth, _ = digits
    test = arrays["splits"] == "test"
    assert (arrays["probs"].argmax(1) == truth)[test].mean() >= 0.965


def test_planted_errors_are_found_and_better_than_by_the_plain_loss(digits):
    arrays, truth, table = digits
    rows = np.array([int(i) for i in table["example_id"].to_pylist()])
    is_wrong = (arrays["labels"] != truth)[rows]
    assert is_wrong[:66].sum() >= 54
    precision = average_precision_score(is_wrong, -np.arange(len(rows)))
    assert precision > average_precision_score(is_wrong, table["loss"].to_numpy()) + 0.03
    suggested = np.array([int(s) for s in table["suggested_label"].to_pylist()])
    assert (suggested == truth[rows])[is_wrong].mean() > 0.9


def test_the_probabilities_say_about_how_many_labels_are_wrong(digits):
    table = digits[2]
    p = table["p_mislabeled"].to_numpy()
    assert p.sum() == pytest.approx(int(table.schema.metadata[N_ERRORS.encode()]), abs=0.01)
    assert 40 <= p.sum() <= 70
    assert 40 <= (p > SUSPECT_THRESHOLD).sum() <= 75


def test_the_table_is_sorted_complete_and_in_its_ranges(digits):
    arrays, _, table = digits
    assert table.schema == SUSPECTS
    assert table["rank"].to_pylist() == list(range(1, len(table) + 1))
    assert sorted(table["example_id"].to_pylist()) == arrays["example_ids"]
    assert all(table[name].null_count == 0 for name in table.column_names)
    p = table["p_mislabeled"].to_numpy()
    assert (np.diff(p) <= 0).all() and p.min() >= 0 and p.max() <= 1
    rows = table.to_pylist()
    assert all(row["label"] != row["suggested_label"] for row in rows)
    assert all(len(row["neighbors"]) == 10 for row in rows)
    assert all(row["example_id"] not in row["neighbors"] for row in rows)
    assert all(0 <= row["neighbor_agreement"] <= 1 for row in rows)
    assert all(-1 <= row["margin"] <= 1 and row["loss"] >= 0 for row in rows)


def test_every_reason_is_a_sentence_that_is_true(digits):
    arrays, _, table = digits
    label_of = dict(zip(arrays["example_ids"], arrays["labels"], strict=True))
    for row in table.to_pylist():
        verb, shown, k = re.match(
            r"(looks like|could be|fits) (\d): (\d+) of its 10 nearest", row["reason"]
        ).groups()
        assert int(k) == sum(label_of[i] == int(shown) for i in row["neighbors"])
        assert shown == (row["label"] if verb == "fits" else row["suggested_label"])
        assert (verb == "looks like") == (row["p_mislabeled"] > SUSPECT_THRESHOLD)
        n_learnt = (arrays["margins"][:, int(row["example_id"])] > 0).sum()
        said = {0: "never ", 30: "in all 30 epochs"}.get(n_learnt, f" {n_learnt} of 30 epochs")
        assert said in row["reason"]


def subset(arrays, rows):
    out = {"classes": arrays["classes"], "margins": arrays["margins"][:, rows]}
    for name, values in arrays.items():
        if name not in out:
            out[name] = np.asarray(values, object if name == "example_ids" else None)[rows]
    return out


def test_the_order_of_the_rows_changes_nothing(digits):
    arrays, _, table = digits
    rows = np.random.default_rng(1).permutation(len(table))
    again = rank(**subset(arrays, rows))
    for name in table.column_names:
        if pa.types.is_floating(table.schema.field(name).type):
            np.testing.assert_allclose(again[name].to_numpy(), table[name].to_numpy(), atol=1e-5)
        else:
            assert again[name].to_pylist() == table[name].to_pylist()


def test_excluded_and_unlabelled_rows_are_neither_listed_nor_neighbours(digits):
    arrays = dict(digits[0])
    arrays["labels"] = arrays["labels"].copy()
    arrays["labels"][:50] = -1
    arrays["is_excluded"] = np.arange(1797) % 7 == 0
    arrays["is_conflict"] = np.arange(1797) % 11 == 0
    table = rank(**arrays)
    out = {f"{i:04d}" for i in range(1797) if i < 50 or i % 7 == 0}
    disputed = {f"{i:04d}" for i in range(1797) if i % 11 == 0}
    assert set(table["example_id"].to_pylist()) == set(arrays["example_ids"]) - out
    near = {i for ids in table["neighbors"].to_pylist() for i in ids}
    assert not near & (out | disputed)


def test_clean_labels_are_not_called_wrong(digits):
    arrays, truth, _ = digits
    clean = np.flatnonzero(arrays["labels"] == truth)
    p = rank(**subset(arrays, clean))["p_mislabeled"].to_numpy()
    assert p.sum() < 12  # of 1,737, of a network that was taught 60 wrong ones


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_handful_of_rows_is_ranked_too(digits, n):
    table = rank(**subset(digits[0], np.arange(n)))
    assert len(table) == n
    assert np.isfinite(table["p_mislabeled"].to_numpy()).all()


@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 200), share=st.floats(0, 1, allow_subnormal=False)
)
def test_calibrated_probabilities_keep_the_order_and_sum_to_the_estimate(seed, n, share):
    doubts = np.random.default_rng(seed).random(n)
    p = calibrate(doubts, share * n)
    assert (p >= 0).all() and (p <= 1).all()
    assert (np.diff(p[np.argsort(doubts)]) >= 0).all()
    assert p.sum() == pytest.approx(np.clip(share * n, 0.5, n - 0.5), abs=1e-3)


def test_certain_right_labels_are_no_errors_and_certain_wrong_ones_are():
    labels = np.arange(100) % 3
    probs = np.full((100, 4), 0.01)  # the fourth class is nobody's
    probs[np.arange(100), labels] = 0.97
    assert estimate_errors(labels, probs) == 0
    wrong = labels.copy()
    wrong[:6] = (labels[:6] + 1) % 3
    assert estimate_errors(wrong, probs) == 6
    assert estimate_errors(np.zeros(5, int), np.ones((5, 1))) == 0


@pytest.mark.parametrize(
    ("case", "seen", "learnt"),
    [
        (
            (0.9, [0, 9], 0, 30, True),
            "looks like 3: 9 of its 10 nearest are 3",
            "never learnt as 8 in 30 epochs",
        ),
        (
            (0.9, [9, 1], 4, 30, False),
            "looks like 3: 1 of its 10 nearest is 3",
            "recognised as 8 in only 4 of 30 epochs",
        ),
        (
            (0.2, [4, 6], 29, 30, True),
            "could be 3: 6 of its 10 nearest are 3",
            "learnt as 8 in 29 of 30 epochs",
        ),
        (
            (0.1, [10, 0], 30, 30, False),
            "fits 8: 10 of its 10 nearest are 8",
            "recognised as 8 in all 30 epochs",
        ),
        (
            (0.1, [10, 0], 1, 1, True),
            "fits 8: 10 of its 10 nearest are 8",
            "learnt as 8 in 1 epoch",
        ),
    ],
)
def test_a_reason_says_what_was_seen(case, seen, learnt):
    p, votes, n_learnt, n_epochs, is_train = case
    options = {
        "classes": ("8", "3"),
        "labels": np.array([0]),
        "suggested": np.array([1]),
        "p_mislabeled": np.array([p]),
        "n_learnt": np.array([n_learnt]),
        "n_epochs": n_epochs,
        "is_train": np.array([is_train]),
    }
    said = reasons(**options, votes=np.array([votes]), n_neighbors=np.array([10]))
    assert said == [f"{seen}, {learnt}"]
    lonely = reasons(**options, votes=np.array([[0, 0]]), n_neighbors=np.array([0]))[0]
    assert "nearest" not in lonely
