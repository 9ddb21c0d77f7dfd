"""Laws of the live yield: what is judged to its end leaves nothing, and intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.logistic import sigmoid
from ide.dataset.recalibration import LOCAL, OFFSET, SLOPE, calibration, logit
from ide.dataset.yields import (
    LEAST_SPREAD,
    MOST_SPREAD,
    advice,
    interval_left,
    live_yield,
    spread_of,
)

few = settings(max_examples=25)
odds = st.lists(st.floats(0.001, 0.999), max_size=60)
judged = st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), max_size=60)


def found(judged_pairs, left, **options):
    p = np.array([p for p, _ in judged_pairs], float)
    is_error = np.array([e for _, e in judged_pairs], bool)
    return live_yield(p, is_error, np.sort(np.array(left, float))[::-1], **options)


@few
@given(judged, odds)
def test_the_numbers_fit_together(pairs, left):
    one = found(pairs, left)
    assert one.n_left_low <= one.n_left <= one.n_left_high <= len(left)
    assert 0 <= one.precision_low <= one.precision_high <= 1
    assert one.n_errors == sum(e for _, e in pairs) <= one.n_judged
    assert one.loss_if_continued <= one.loss_if_stopped + 1e-9
    assert 0 <= one.n_worth <= len(left)
    assert advice(one).endswith(".")


@few
@given(judged)
def test_a_list_that_is_judged_to_its_end_leaves_nothing(pairs):
    one = found(pairs, [])
    assert (one.n_left, one.n_left_low, one.n_left_high) == (0, 0, 0)
    assert not one.is_worth_it
    assert one.loss_if_stopped == 0


@few
@given(judged, odds, st.randoms(use_true_random=False))
def test_the_order_of_the_verdicts_changes_nothing(pairs, left, random):
    shuffled = random.sample(pairs, len(pairs))
    one, two = found(pairs, left), found(shuffled, left)
    assert one.n_left == pytest.approx(two.n_left, rel=1e-6, abs=1e-9)
    assert (one.n_errors, one.n_judged) == (two.n_errors, two.n_judged)


@few
@given(odds)
def test_before_any_verdict_the_odds_stand_as_compiled(left):
    assert found([], left).n_left == pytest.approx(sum(left))


@few
@given(st.lists(st.floats(0.3, 0.7), min_size=1, max_size=40), odds)
def test_finding_more_errors_in_the_same_examples_never_means_fewer_left(p, left):
    """Near even odds, where no verdict bears on the slope."""
    near = [0.5 + (x - 0.5) / 10 for x in left]
    few, many = found([(x, False) for x in p], near), found([(x, True) for x in p], near)
    assert few.n_left <= many.n_left + 1e-9
    assert few.n_left_high <= many.n_left_high


@few
@given(judged, odds, st.floats(1, 50), st.floats(1, 50))
def test_the_dearer_an_error_the_longer_one_goes_on(pairs, left, a, b):
    cheap, dear = (found(pairs, left, error_cost=cost) for cost in sorted((a, b)))
    assert cheap.n_worth <= dear.n_worth


def test_a_thousand_verdicts_outweigh_odds_that_are_wrong():
    rng = np.random.default_rng(3)
    is_error = rng.random(1000) < 0.2
    one = live_yield(np.full(1000, 0.6), is_error, np.full(500, 0.6))
    assert one.n_left / 500 == pytest.approx(is_error.mean(), abs=0.03)


def test_the_interval_covers_what_is_left_in_simulated_reviews():
    """Odds that are off as far as the prior says they may be: 95 % of 60 are 57."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        x = np.sort(rng.normal(-3, 2.5, 1500))[::-1]
        bump = LOCAL * rng.normal() * np.sin(x / 2 + rng.uniform(0, 6))
        truth = sigmoid(x + OFFSET * rng.normal() + SLOPE * rng.normal() * x + bump)
        is_error = rng.random(len(x)) < truth
        n = int(rng.choice([0, 20, 100, 300]))
        one = live_yield(sigmoid(x[:n]), is_error[:n], sigmoid(x[n:]))
        hits += one.n_left_low <= is_error[n:].sum() <= one.n_left_high
    assert hits >= 54


def test_the_rule_stops_near_where_hindsight_would_have():
    rng = np.random.default_rng(1)
    x = np.sort(rng.normal(-3, 2.5, 2000))[::-1]
    is_error = rng.random(len(x)) < sigmoid(x - 0.7)
    loss = np.arange(2001) + 20 * (is_error.sum() - np.concatenate([[0], np.cumsum(is_error)]))
    n = 0
    while (one := live_yield(sigmoid(x[:n]), is_error[:n], sigmoid(x[n:]))).is_worth_it:
        n += 50
    assert loss[n] <= 1.1 * loss.min()
    assert "costs more than it finds" in advice(one)


@few
@given(judged)
def test_calibration_is_deterministic_and_its_draws_centre_on_the_mode(pairs):
    x = logit(np.array([p for p, _ in pairs]))
    is_error = np.array([e for _, e in pairs], bool)
    one, two = calibration(x, is_error), calibration(x, is_error)
    assert one.draws.tobytes() == two.draws.tobytes()
    assert np.allclose(one.draws.mean(0), one.mode, atol=1e-6)


def test_a_build_that_is_less_sure_of_its_number_is_less_sure_of_its_odds():
    x = np.sort(np.random.default_rng(0).normal(-4, 2.5, 1500))[::-1]
    n = sigmoid(x).sum()
    wide, narrow = spread_of(x, n * 0.3, n * 2), spread_of(x, n * 0.8, n * 1.2)
    assert LEAST_SPREAD < narrow < wide < MOST_SPREAD
    low, high = interval_left(calibration(x[:0], x[:0] > 0, spread=wide), x)
    assert high - low == pytest.approx(n * 1.7, rel=0.1)
    assert spread_of(x[:0], 0, 0) == 1
    assert spread_of(x, n, n) == pytest.approx(LEAST_SPREAD, rel=0.05)
