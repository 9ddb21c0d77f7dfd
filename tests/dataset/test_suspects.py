"""Suspects: planted errors rise to the top, and the rank obeys its laws."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from ide.dataset.label_errors import N_ERRORS, N_ERRORS_RANGE, label_errors
from ide.dataset.reasons import reasons
from ide.dataset.schema import LABEL_ERRORS, SUSPECT_THRESHOLD, SUSPECTS
from ide.dataset.second_look import SecondLook, plan_second_look, second_epochs
from ide.dataset.signals import Training
from ide.dataset.splits import assign_splits
from ide.dataset.suspects import Labelled, moved, rank
from models import build_model
from models.fit import fit
from models.predict import predict

CLASSES = tuple("0123456789")
EPOCHS = 30


@dataclass(frozen=True)
class Compiled:
    """The digits with 60 planted errors over all splits, compiled once."""

    examples: Labelled
    truth: np.ndarray
    first: Training
    second: Training
    look: SecondLook
    table: pa.Table


def train(images, labels, is_train, epochs, seed):
    model = build_model("small_cnn", n_classes=10, input_shape=(1, 8, 8), seed=seed)
    options = {"batch_size": 64, "learning_rate": 3e-3, "weight_decay": 1e-2}
    record = fit(model, images, labels, is_train, epochs=epochs, seed=seed, **options)
    found = predict(model, images)
    return Training(
        probs=found.probs,
        mean_probs=record.mean_probs,
        losses=record.losses,
        margins=record.margins,
        el2n=record.el2n,
        embeddings=found.embeddings,
    )


@pytest.fixture(scope="module")
def digits():
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
    nobody = np.zeros(len(ids), bool)
    examples = Labelled(ids, labels, splits, CLASSES, splits == "train", nobody, nobody)
    first = train(images, labels, examples.is_train, EPOCHS, seed=0)
    rows = np.arange(len(ids))
    run = first.of(rows, labels, is_candidate=~nobody)
    look = plan_second_look(run, rows=rows, labels=labels, is_train=examples.is_train, seed=0)
    second = train(images, look.labels, look.is_train, second_epochs(EPOCHS), seed=1)
    table = rank(examples, first, second=second, look=look)
    return Compiled(examples, truth, first, second, look, table)


def part(compiled, rows, **changes):
    """Rank the examples ``rows`` alone, as if no other had been compiled."""
    of_trainings = [
        Training(
            probs=t.probs[rows],
            mean_probs=t.mean_probs[rows],
            losses=t.losses[:, rows],
            margins=t.margins[:, rows],
            el2n=t.el2n[rows],
            embeddings=t.embeddings[rows],
        )
        for t in (compiled.first, compiled.second)
    ]
    e, look = compiled.examples, compiled.look
    examples = Labelled(
        np.asarray(e.example_ids, object)[rows].tolist(),
        e.labels[rows],
        e.splits[rows],
        CLASSES,
        e.is_train[rows],
        e.is_excluded[rows],
        e.is_conflict[rows],
    )
    look = SecondLook(
        *(v[rows] for v in (look.labels, look.is_train, look.is_trusted, look.is_planted))
    )
    examples = replace(examples, **changes)
    return rank(examples, of_trainings[0], second=of_trainings[1], look=look)


def test_a_network_taught_with_errors_still_reads_digits(digits):
    test = digits.examples.splits == "test"
    assert (digits.first.probs.argmax(1) == digits.truth)[test].mean() >= 0.965


def wrong(digits, table):
    rows = np.array([int(i) for i in table["example_id"].to_pylist()])
    return rows, (digits.examples.labels != digits.truth)[rows]


def test_planted_errors_are_found_and_better_than_by_the_plain_loss(digits):
    rows, is_wrong = wrong(digits, digits.table)
    assert is_wrong[:66].sum() >= 56
    precision = average_precision_score(is_wrong, -np.arange(len(rows)))
    assert precision > average_precision_score(is_wrong, digits.table["loss"].to_numpy()) + 0.03
    suggested = np.array([int(s) for s in digits.table["suggested_label"].to_pylist()])
    assert (suggested == digits.truth[rows])[is_wrong].mean() > 0.9


def test_the_probabilities_say_about_how_many_labels_are_wrong(digits):
    p = digits.table["p_mislabeled"].to_numpy()
    metadata = digits.table.schema.metadata
    assert p.sum() == pytest.approx(float(metadata[N_ERRORS.encode()]), abs=0.01)
    assert 40 <= p.sum() <= 75
    assert 40 <= (p > SUSPECT_THRESHOLD).sum() <= 75
    low, high = map(float, metadata[N_ERRORS_RANGE.encode()].split())
    assert low - 0.1 <= p.sum() <= high + 0.1


def test_of_the_labels_given_an_odds_about_so_many_are_wrong(digits):
    _, is_wrong = wrong(digits, digits.table)
    p = digits.table["p_mislabeled"].to_numpy()
    bins = np.minimum((p * 15).astype(int), 14)
    gaps = [
        abs(p[bins == b].mean() - is_wrong[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    assert sum(gaps) <= 0.02


def test_the_number_of_wrong_labels_is_given_by_split_and_class_with_an_interval(digits):
    table = label_errors(digits.table)
    assert table.schema == LABEL_ERRORS
    rows = {(r["split"], r["label"]): r for r in table.to_pylist()}
    assert len(rows) == len(table) == 1 + 3 + 10 + 30
    everyone = rows[None, None]
    assert everyone["low"] <= 60 <= everyone["high"]
    of_splits = [rows[s, None] for s in ("train", "validation", "test")]
    of_labels = [rows[None, c] for c in CLASSES]
    for parts in (of_splits, of_labels):
        assert sum(r["n"] for r in parts) == everyone["n"] == 1797
        assert sum(r["n_errors"] for r in parts) == pytest.approx(everyone["n_errors"])
    given = digits.examples.labels
    n_wrong = {c: (digits.truth != given)[given == int(c)].sum() for c in CLASSES}
    covered = [r["low"] <= n_wrong[r["label"]] <= r["high"] for r in of_labels]
    assert sum(covered) >= 9
    assert all(0 <= r["low"] <= r["n_errors"] <= r["high"] <= r["n"] for r in rows.values())


def test_the_table_is_sorted_complete_and_in_its_ranges(digits):
    table = digits.table
    assert table.schema == SUSPECTS
    assert table["rank"].to_pylist() == list(range(1, len(table) + 1))
    assert sorted(table["example_id"].to_pylist()) == digits.examples.example_ids
    assert all(table[name].null_count == 0 for name in table.column_names)
    p, of_suggested = table["p_mislabeled"].to_numpy(), table["p_suggested"].to_numpy()
    assert (np.diff(p) <= 0).all() and p.min() >= 0 and p.max() <= 1
    assert (of_suggested >= 0).all() and (of_suggested <= p + 1e-6).all()
    rows = table.to_pylist()
    assert all(row["label"] != row["suggested_label"] for row in rows)
    assert all(len(row["neighbors"]) == 10 for row in rows)
    assert all(row["example_id"] not in row["neighbors"] for row in rows)
    assert all(0 <= row["neighbor_agreement"] <= 1 for row in rows)
    assert all(-1 <= row["margin"] <= 1 and row["loss"] >= 0 for row in rows)
    assert all(
        row["is_ambiguous"] == (min(1 - row["p_mislabeled"], row["p_suggested"]) >= 0.25)
        for row in rows
    )


def test_every_reason_is_a_sentence_that_is_true(digits):
    label_of = dict(zip(digits.examples.example_ids, digits.examples.labels, strict=True))
    for row in digits.table.to_pylist():
        verb, shown, k = re.match(
            r"(looks like|could be|fits) (\d): (\d+) of its 10 nearest", row["reason"]
        ).groups()
        assert int(k) == sum(label_of[i] == int(shown) for i in row["neighbors"])
        assert shown == (row["label"] if verb == "fits" else row["suggested_label"])
        assert (verb == "looks like") == (row["p_mislabeled"] > SUSPECT_THRESHOLD)
        n_learnt = (digits.first.margins[:, int(row["example_id"])] > 0).sum()
        said = {0: "never ", EPOCHS: "in all 30 epochs"}.get(n_learnt, f" {n_learnt} of 30 epochs")
        assert said in row["reason"]


def test_the_order_of_the_rows_changes_nothing(digits):
    table = digits.table
    rows = np.random.default_rng(1).permutation(len(table))
    again = part(digits, rows)
    for name in table.column_names:
        if pa.types.is_floating(table.schema.field(name).type):
            np.testing.assert_allclose(again[name].to_numpy(), table[name].to_numpy(), atol=1e-5)
        else:
            assert again[name].to_pylist() == table[name].to_pylist()


def test_excluded_and_unlabelled_rows_are_neither_listed_nor_neighbours(digits):
    n = np.arange(1797)
    labels = np.where(n < 50, -1, digits.examples.labels)
    table = part(digits, n, labels=labels, is_excluded=n % 7 == 0, is_conflict=n % 11 == 0)
    out = {f"{i:04d}" for i in range(1797) if i < 50 or i % 7 == 0}
    disputed = {f"{i:04d}" for i in range(1797) if i % 11 == 0}
    assert set(table["example_id"].to_pylist()) == set(digits.examples.example_ids) - out
    near = {i for ids in table["neighbors"].to_pylist() for i in ids}
    assert not near & (out | disputed)


def test_clean_labels_are_not_called_wrong(digits):
    clean = np.flatnonzero(digits.examples.labels == digits.truth)
    p = part(digits, clean)["p_mislabeled"].to_numpy()
    assert p.sum() < 12  # of 1,737, of a network that was taught 60 wrong ones


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_handful_of_rows_is_ranked_too(digits, n):
    table = part(digits, np.arange(n))
    assert len(table) == n
    assert np.isfinite(table["p_mislabeled"].to_numpy()).all()
    assert len(label_errors(table)) >= 1


def test_errors_in_the_test_set_alone_are_found_there(digits):
    e = digits.examples
    is_test = e.splits == "test"
    generator = np.random.default_rng(3)
    wrong_rows = np.flatnonzero(is_test & (generator.random(1797) < 0.2))
    labels = digits.truth.copy()
    labels[wrong_rows] = (labels[wrong_rows] + generator.integers(1, 10, len(wrong_rows))) % 10
    given_again = digits.look.labels == e.labels  # the second look was told these labels

    def against(training, told):
        own = np.take_along_axis(training.probs, told[:, None], 1)[:, 0]
        others = np.where(np.eye(10, dtype=bool)[told], -1, training.probs).max(1)
        losses, margins = training.losses.copy(), training.margins.copy()
        losses[:, is_test] = -np.log(np.maximum(own, 1e-7))[is_test]
        margins[:, is_test] = (own - others)[is_test]
        el2n = training.el2n.copy()
        distance = np.linalg.norm(training.probs - np.eye(10)[told], axis=1)
        el2n[is_test] = distance[is_test]
        return replace(training, losses=losses, margins=margins, el2n=el2n)

    labels[~is_test] = e.labels[~is_test]
    told = np.where(given_again & is_test, labels, digits.look.labels)
    table = rank(
        replace(e, labels=labels),
        against(digits.first, labels),
        second=against(digits.second, told),
        look=replace(digits.look, labels=told),
    )
    rows = np.array([int(i) for i in table["example_id"].to_pylist()])
    is_wrong = (labels != digits.truth)[rows]
    assert is_wrong[: is_wrong.sum()].mean() >= 0.9


def test_without_a_second_look_there_is_a_rank_still_and_a_worse_one(digits):
    table = rank(digits.examples, digits.first)
    assert table.schema == SUSPECTS and len(table) == 1797
    _, is_wrong = wrong(digits, table)
    assert is_wrong[:66].sum() >= 50


@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 200), share=st.floats(0, 1, allow_subnormal=False)
)
def test_moved_log_odds_keep_the_order_and_sum_to_the_estimate(seed, n, share):
    log_odds = np.random.default_rng(seed).normal(0, 3, n)
    p = 1 / (1 + np.exp(-moved(log_odds, share * n)))
    assert (p >= 0).all() and (p <= 1).all()
    assert (np.diff(p[np.argsort(log_odds)]) >= 0).all()
    assert p.sum() == pytest.approx(np.clip(share * n, 0.5, n - 0.5), abs=1e-3)


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
    for_label, for_suggested = np.array([votes[:1], votes[1:]])
    near = {"n_for_label": for_label, "n_for_suggested": for_suggested}
    said = reasons(**options, **near, n_neighbors=np.array([10]))
    assert said.to_pylist() == [f"{seen}, {learnt}"]
    alone = dict.fromkeys(("n_for_label", "n_for_suggested", "n_neighbors"), np.array([0]))
    lonely = reasons(**options, **alone)[0].as_py()
    assert "nearest" not in lonely
