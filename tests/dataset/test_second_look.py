"""The second look: who is left out, who is lied to, and what that teaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.error_count import confident_flags, count_errors
from ide.dataset.label_blend import learn_blend
from ide.dataset.noise_channel import learn_channel, posterior
from ide.dataset.second_look import plan_second_look, second_epochs, wrong_labels
from ide.dataset.signals import NAMES, Run, signals


def noisy_run(seed, n=600, k=4, share=0.1):
    """A record in which wrong labels are learnt late, the labels, and which of them are wrong."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, k, n)
    is_wrong = generator.random(n) < share
    labels = np.where(is_wrong, (truth + generator.integers(1, k, n)) % k, truth)
    logits = generator.normal(0, 1, (n, k)) + 4 * np.eye(k)[truth] + 1.0 * np.eye(k)[labels]
    probs = np.exp(logits)
    probs = (probs / probs.sum(1, keepdims=True)).astype(np.float32)
    own = np.take_along_axis(probs, labels[:, None], 1)[:, 0]
    other = np.where(np.eye(k, dtype=bool)[labels], -1, probs).max(1)
    run = Run(
        labels=labels,
        probs=probs,
        mean_probs=probs,
        losses=np.tile(-np.log(own), (3, 1)),
        margins=np.tile(own - other, (3, 1)),
        el2n=np.sqrt(np.square(probs - np.eye(k)[labels]).sum(1)).astype(np.float32),
        near=np.column_stack([*[truth] * 8, *[generator.integers(0, k, n)] * 2]),
    )
    return run, labels, is_wrong


@given(seed=st.integers(0, 10**6), share=st.floats(0, 0.6), held_out=st.floats(0, 0.9))
def test_a_plan_lies_only_about_the_trusted_and_teaches_no_doubted_label(seed, share, held_out):
    run, labels, _ = noisy_run(seed, n=200, share=share)
    is_train = np.random.default_rng(seed).random(200) >= held_out
    is_train[:4] = True
    rows = np.arange(200)
    look = plan_second_look(run, rows=rows, labels=labels, is_train=is_train, seed=seed)
    is_lied_about = look.labels != labels
    assert (is_lied_about == look.is_planted).all()
    assert not (look.is_train & ~is_train).any()
    assert set(look.labels[look.is_train]) >= set(labels[is_train]) - set(labels[look.is_planted])
    assert look.is_planted.sum() <= 0.2 * 200 + 2
    again = plan_second_look(run, rows=rows, labels=labels, is_train=is_train, seed=seed)
    np.testing.assert_array_equal(again.labels, look.labels)


def test_each_class_keeps_an_example_to_be_learnt_from():
    run, labels, _ = noisy_run(3)
    labels = labels.copy()
    labels[0] = 3
    is_train = (labels != 3) | (np.arange(600) == 0)  # one example of class 3
    look = plan_second_look(run, rows=np.arange(600), labels=labels, is_train=is_train, seed=0)
    assert set(labels[is_train]) == set(look.labels[look.is_train]) == {0, 1, 2, 3}
    assert not look.is_planted[0]


def test_wrong_labels_are_wrong_and_of_every_kind():
    labels = np.repeat(np.arange(4), 500)
    probs = np.full((2000, 4), 1e-3)
    probs[np.arange(2000), (labels + 1) % 4] = 1
    channel = np.eye(4) * 0.9 + 0.1 * np.roll(np.eye(4), 2, axis=1)
    drawn = wrong_labels(probs, labels, channel, np.random.default_rng(0))
    assert (drawn != labels).all()
    steps = np.bincount((drawn - labels) % 4, minlength=4) / 2000
    np.testing.assert_allclose(steps, [0, 4 / 9, 4 / 9, 1 / 9], atol=0.04)


def test_the_second_look_is_shorter_and_never_nothing():
    assert [second_epochs(e) for e in (1, 2, 9, 30)] == [1, 1, 4, 15]


def test_a_channel_is_learnt_from_noisy_labels():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 4000)
    true_channel = np.array([[0.8, 0.2, 0.0], [0.0, 0.9, 0.1], [0.0, 0.0, 1.0]])
    labels = np.array([generator.choice(3, p=true_channel[t]) for t in truth])
    probs = np.full((4000, 3), 0.005)
    probs[np.arange(4000), truth] = 0.99
    learnt = learn_channel(probs, labels)
    np.testing.assert_allclose(learnt, true_channel, atol=0.05)
    np.testing.assert_allclose(learnt.sum(1), 1)
    true = posterior(probs, labels, learnt)
    np.testing.assert_allclose(true.sum(1), 1, atol=1e-6)
    is_right = true[np.arange(4000), labels] > 0.5
    assert (is_right == (labels == truth)).mean() > 0.95


def test_a_blend_learns_which_signal_tells_and_ignores_noise():
    generator = np.random.default_rng(0)
    is_planted = generator.random(2000) < 0.1
    values = generator.normal(0, 1, (2000, 3))
    values[:, 1] += 3 * is_planted
    blend = learn_blend(values, is_planted)
    assert abs(blend.order[1]) > 5 * max(abs(blend.order[0]), abs(blend.order[2]))
    doubts, log_odds = blend.doubts(values), blend.log_odds(values)
    assert doubts[is_planted].mean() > doubts[~is_planted].mean() + 2
    p = 1 / (1 + np.exp(-log_odds))
    assert p.sum() == pytest.approx(is_planted.sum(), rel=0.02)
    assert learn_blend(values[:50], is_planted[:50] & False) is None


def test_certain_right_labels_are_not_flagged_and_certain_wrong_ones_are():
    labels = np.arange(100) % 3
    probs = np.full((100, 4), 0.01)  # the fourth class is nobody's
    probs[np.arange(100), labels] = 0.97
    assert confident_flags(probs, labels).sum() == 0
    wrong = labels.copy()
    wrong[:6] = (labels[:6] + 1) % 3
    np.testing.assert_array_equal(np.flatnonzero(confident_flags(probs, wrong)), np.arange(6))
    assert confident_flags(np.ones((5, 1)), np.zeros(5, int)).sum() == 0


@given(
    recall=st.floats(0.3, 1), alarms=st.floats(0, 0.2), share=st.floats(0, 0.5), n=st.just(20_000)
)
def test_the_bounds_hold_the_number_where_the_second_look_is_no_worse_a_test(
    recall, alarms, share, n
):
    generator = np.random.default_rng(0)
    is_wrong = np.arange(n) < share * n
    flags = np.where(is_wrong, generator.random(n) < recall, generator.random(n) < alarms)
    is_planted = np.arange(n) % 10 == 0
    again = np.where(is_planted, generator.random(n) < recall, generator.random(n) < alarms)
    count = count_errors(flags, again, is_planted=is_planted, is_trusted=~is_planted)
    slack = 0.02 * n
    assert 0 <= count.low <= count.expected <= count.high <= n
    assert count.low - slack <= is_wrong.sum() <= count.high + slack
    if recall > 0.5 + alarms:
        assert count.low == pytest.approx(is_wrong.sum(), abs=0.05 * n)


def test_signals_grow_with_doubt():
    run, _, is_wrong = noisy_run(1)
    values = signals(run)
    assert values.shape == (600, len(NAMES)) and np.isfinite(values).all()
    for name, column in zip(NAMES, values.T, strict=True):
        if name != "pair":  # of classes, not of examples
            assert column[is_wrong].mean() > column[~is_wrong].mean(), name
