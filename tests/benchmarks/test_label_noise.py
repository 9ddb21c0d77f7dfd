"""What the benchmarks of label errors rest on: planted errors, figures, scores, the cache."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from benchmarks.label_noise.cache import Cache, digest
from benchmarks.label_noise.chart import chart
from benchmarks.label_noise.datasets import FILES, require
from benchmarks.label_noise.figures import calibration_error, figures, precision_at
from benchmarks.label_noise.measure import UPWELL, Task, measure
from benchmarks.label_noise.noise import NOISES, plant
from benchmarks.label_noise.peers import CLEANLAB_NAMES, ONE_RUN_NAMES, aum, neighbour_voting
from benchmarks.label_noise.summary import rows, summarise
from benchmarks.label_noise.table import cleanlab_table, main_table, summary_lines
from benchmarks.label_noise.training import Network, Trainer, Training
from models.fit import TrainingRecord

N = 200
DIGITS = load_digits()
FEATURES, TRUTH = DIGITS.data[:N].astype(np.float32), DIGITS.target[:N].astype(np.int64)


@pytest.mark.parametrize("name", NOISES)
def test_the_asked_share_is_wrong_and_never_more(name):
    for share in (0.05, 0.2):
        labels = plant(name, FEATURES, TRUTH, 10, seed=0, share=share)
        assert (labels != TRUTH).sum() == round(share * N)
        assert labels.min() >= 0 and labels.max() < 10


@pytest.mark.parametrize("name", NOISES)
def test_a_seed_names_the_errors(name):
    first, again, other = (plant(name, FEATURES, TRUTH, 10, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_neighbouring_class_is_one_for_each_class():
    labels = plant("neighbouring", FEATURES, TRUTH, 10, seed=0)
    is_wrong = labels != TRUTH
    assert len(set(zip(TRUTH[is_wrong], labels[is_wrong], strict=True))) <= 10


def test_errors_near_the_boundary_lie_nearer_to_another_class_than_others_do():
    is_wrong = plant("boundary", FEATURES, TRUTH, 10, seed=0) != TRUTH
    distances = np.linalg.norm(FEATURES[:, None] - FEATURES[None], axis=2)
    to_other = np.where(TRUTH[:, None] != TRUTH[None], distances, np.inf).min(1)
    np.fill_diagonal(distances, np.inf)
    to_own = np.where(TRUTH[:, None] == TRUTH[None], distances, np.inf).min(1)
    assert np.median((to_own / to_other)[is_wrong]) > np.median((to_own / to_other)[~is_wrong])


def test_figures_of_a_ranking_by_hand():
    scores, is_wrong = np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False])
    found = figures(scores, is_wrong)
    assert found["ap"] == average_precision_score(is_wrong, scores) == (1 + 2 / 3) / 2
    assert found["p_at_n"] == 0.5
    assert precision_at(3, scores, is_wrong) == 2 / 3


def test_odds_that_hold_have_no_calibration_error():
    rng = np.random.default_rng(0)
    probs = rng.random(200_000)
    assert calibration_error(probs, rng.random(200_000) < probs) < 0.01
    assert calibration_error(np.ones(10), np.zeros(10, bool)) == 1
    assert calibration_error(np.full(10, 0.5), np.arange(10) < 5) == 0


def test_aum_is_the_mean_margin_of_logits():
    logits = np.random.default_rng(0).normal(size=(5, 20, 4)) * 3
    probs = np.exp(logits) / np.exp(logits).sum(2, keepdims=True)
    others = np.delete(probs, 1, axis=2).max(2)  # the given label is 1
    record = TrainingRecord(
        losses=-np.log(probs[:, :, 1]),
        margins=probs[:, :, 1] - others,
        mean_probs=probs.mean(0),
        el2n=np.zeros(20),
    )
    of_logits = logits[:, :, 1] - np.delete(logits, 1, axis=2).max(2)
    found = aum(Training(record, probs[-1], np.zeros((20, 2)), 0.0))
    assert np.allclose(found, -of_logits.mean(0))


def test_neighbours_vote_against_the_odd_one():
    labels = TRUTH.copy()
    labels[7] = (labels[7] + 1) % 10
    scores = neighbour_voting(FEATURES, labels, 10)
    assert scores[7] > np.quantile(scores, 0.9)


def test_what_was_computed_is_kept_by_what_it_was_computed_from(tmp_path):
    cache = Cache(tmp_path)
    for _ in range(2):
        found = cache.get("square", (TRUTH, 2), lambda: {"found": TRUTH**2})
        assert (found["found"] == TRUTH**2).all()
    assert cache.n_computed == 1
    keys = [(TRUTH,), (TRUTH[:-1],), (TRUTH.astype(np.int32),), (TRUTH, None), (None, TRUTH)]
    assert len({digest(*key) for key in keys}) == len(keys)


def test_a_measurement_from_planting_to_the_picture(tmp_path):
    images = np.round(DIGITS.images[:N] * 15).astype(np.uint8)[:, None]
    labels = plant("uniform", FEATURES, TRUTH, 10, seed=0)
    task = Task("<digits> uniform", images, labels, TRUTH, Network("small_cnn", 10, 1, 0))
    trainer = Trainer(Cache(tmp_path))
    result = {**measure(task, trainer), "dataset": "digits"}
    assert set(result["methods"]) == {UPWELL, *CLEANLAB_NAMES, *ONE_RUN_NAMES}
    n_computed = trainer.cache.n_computed
    assert measure(task, trainer)["methods"] == result["methods"]  # nothing is trained anew
    assert trainer.cache.n_computed == n_computed
    found = rows([result])
    assert main_table(found).count("\n") == cleanlab_table(found).count("\n") == 2
    assert summary_lines(summarise(found)).count("aim ≤") == 4
    assert "<digits> uniform" in "".join(ET.fromstring(chart(found)).itertext())


@pytest.mark.parametrize("name", FILES)
def test_missing_data_are_said_in_a_sentence(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="--data DIR"):
        require(name, None)
    with pytest.raises(FileNotFoundError, match=f"{FILES[name]}.parquet is not there"):
        require(name, tmp_path)
