"""The noise channel: how true labels become given ones, and what that says of each label.

A given label is the true one, sent through a channel that confuses some classes more than others.
With probabilities of the true class, the channel is learnt by expectation and maximisation, as
Dawid & Skene (1979) do for an observer's error rates, here with one observer, the dataset's
labels, and a network in the place of the others (Patrini et al. 2017, "Making Deep Neural
Networks Robust to Label Noise", call it the transition matrix).
"""

from __future__ import annotations

import numpy as np

N_ROUNDS = 20
LEARN_FROM = 50_000  # rows; a channel of K² numbers is well known by then
KEPT_PRIOR = 1.0  # labels of each class that are taken to be right before any is seen
CONFUSED_PRIOR = 0.01  # and those confused with each other class
FIRST_GUESS = 0.9  # of the labels of a class are right


def learn_channel(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Learn P(given = j | true = k), (K, K) float64, rows sum to 1.

    probs: (N, K) of the true class, not learnt from the label itself. labels: (N,) int of 0 … K−1.
    """
    step = max(1, len(labels) // LEARN_FROM)
    probs, labels = probs[::step], labels[::step]
    n_classes = probs.shape[1]
    channel = np.full((n_classes, n_classes), (1 - FIRST_GUESS) / max(1, n_classes - 1))
    np.fill_diagonal(channel, FIRST_GUESS)
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    groups = np.split(probs[order], starts[1:]) if len(labels) else []  # by given label
    for _ in range(N_ROUNDS if len(labels) else 0):
        counts = np.full((n_classes, n_classes), CONFUSED_PRIOR)
        for label, of_group in zip(present, groups, strict=True):
            counts[:, label] += _true_classes(of_group, channel[:, label])
        counts[np.diag_indices(n_classes)] += KEPT_PRIOR
        channel = counts / counts.sum(1, keepdims=True)
    return channel


def _true_classes(probs: np.ndarray, to_label: np.ndarray) -> np.ndarray:
    """Sum ``posterior`` over (B, K) examples of one given label, (K,), without making it.

    to_label: (K,), how probable the channel makes that label of each class.
    """
    weights = to_label.astype(probs.dtype)
    totals = np.maximum(probs @ weights, np.finfo(probs.dtype).tiny)  # (B,)
    return np.asarray(weights * ((1 / totals) @ probs))


def posterior(probs: np.ndarray, labels: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Give P(true = k | example, given label), (N, K), by Bayes; rows sum to 1."""
    both = probs * channel.T.astype(probs.dtype)[labels]
    both /= np.maximum(both.sum(1, keepdims=True), np.finfo(both.dtype).tiny)
    return np.asarray(both)
