"""What one training run says of each label, as numbers that grow with doubt.

None wins everywhere: the record of training finds what is learnt late, neighbours find what stands
alone, the channel knows which classes people confuse. ``label_blend`` learns what to make of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ide.dataset.neighbors import nearest, votes
from ide.dataset.noise_channel import learn_channel, posterior

N_NEIGHBORS = 10
VOTE_PRIOR = 0.5  # added to each class's votes: ten neighbours rule nothing out
RAW_VOTE_PRIOR = 1.0  # raw features know less
SMALLEST = 1e-4  # a probability below this is this: one epoch's certainty must not rule the mean

NAMES = (
    "mean_p",  # 1 − the given label's probability, mean over the epochs
    "mean_margin",  # best other − given, mean over the epochs: Pleiss et al. 2020 (AUM)
    "el2n",  # Paul et al. 2021, over all epochs
    "loss",  # of the final network
    "mean_loss",  # over the epochs
    "early_loss",  # over the first half of them, when wrong labels are not learnt by heart yet
    "late_loss",  # over the second half
    "mean_log_margin",  # log of best other over given, mean over the epochs
    "neighbors",  # share of the nearest in the network's features with another label
    "blend",  # 1 − the given label's probability where network and neighbours are multiplied
    "channel",  # log odds that the channel made the label from another
    "pair",  # log odds that it makes this label from the one suggested
)
RAW_NAMES = ("raw_neighbors", "raw_blend")  # where there are neighbours in raw features


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run has recorded of N examples against ``labels``."""

    labels: np.ndarray  # (N,) int of 0 … K−1
    probs: np.ndarray  # (N, K) float32, of the final network
    mean_probs: np.ndarray  # (N, K) float32, over the epochs
    losses: np.ndarray  # (E, N) float32
    margins: np.ndarray  # (E, N) float32, −1 … 1
    el2n: np.ndarray  # (N,) float32, 0 … √2
    votes: np.ndarray  # (N, K): of the nearest in the network's features
    raw_votes: np.ndarray | None = None  # (N, K): of the nearest in raw features

    @property
    def mean_log_margin(self) -> np.ndarray:
        """(N,) float32: log of the best other's over the given label's probability."""
        return mean_log_margin(self.losses, self.margins)


def blend(probs: np.ndarray, votes: np.ndarray, *, prior: float = VOTE_PRIOR) -> np.ndarray:
    """Multiply the network's (N, K) and the neighbours' (N, K) word; rows sum to 1, float32."""
    both = probs * (votes + np.float32(prior)).astype(np.float32)
    both /= both.sum(1, keepdims=True)
    return np.asarray(both)


def signals(run: Run) -> np.ndarray:
    """Give (N, S) float32, higher = more doubt, in the order of NAMES, then RAW_NAMES if known."""
    own = of_label(run.mean_probs, run.labels)
    blended = blend(run.mean_probs, run.votes)
    losses = np.minimum(run.losses, -np.log(SMALLEST))
    half = max(1, len(losses) // 2)
    channel = learn_channel(blended, run.labels)
    columns = [
        1 - own,
        -run.margins.mean(0),
        run.el2n,
        -np.log(np.maximum(of_label(run.probs, run.labels), 1e-6)),
        losses.mean(0),
        losses[:half].mean(0),
        losses[half:].mean(0) if len(losses) > half else losses.mean(0),
        run.mean_log_margin,
        disagreement(run.votes, run.labels),
        1 - of_label(blended, run.labels),
        *_of_channel(blended, run.labels, channel),
    ]
    if run.raw_votes is not None:
        raw_blended = blend(blended, run.raw_votes, prior=RAW_VOTE_PRIOR)
        columns += [
            disagreement(run.raw_votes, run.labels),
            1 - of_label(raw_blended, run.labels),
        ]
    return np.stack(columns, 1).astype(np.float32)


def mean_log_margin(losses: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Give log(best other / given), mean over (E, N) epochs; higher = more doubt."""
    own = np.exp(-losses)
    others = np.maximum(own - margins, SMALLEST)
    log_own = np.maximum(-losses, np.log(SMALLEST))
    return np.asarray((np.log(others) - log_own).mean(0))


def of_label(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Take from (N, K) each row's value at its label, (N,)."""
    return np.asarray(np.take_along_axis(values, labels[:, None], 1)[:, 0])


def best_other(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the class of the greatest of (N, K) that is not the label, (N,) int; ties: the lower."""
    others = values.copy()
    np.put_along_axis(others, labels[:, None], -1, 1)
    return np.asarray(others.argmax(1))


def disagreement(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the share 0 … 1 of the votes (N, K) for another label; a half where nobody voted."""
    n = votes.sum(1)
    own = of_label(votes, labels)
    return np.where(n > 0, 1 - own / np.maximum(n, 1), 0.5).astype(np.float32)


def _of_channel(
    blended: np.ndarray, labels: np.ndarray, channel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    right = of_label(posterior(blended, labels, channel), labels).clip(1e-6, 1 - 1e-6)
    suggested = best_other(blended, labels)
    pair = np.log(channel[suggested, labels] + SMALLEST) - np.log(
        channel[labels, labels] + SMALLEST
    )
    return np.log(1 - right) - np.log(right), pair


@dataclass(frozen=True, slots=True)
class Training:
    """A training run's record and predictions of N examples, whoever they are."""

    probs: np.ndarray  # (N, K) float32, of the final network
    mean_probs: np.ndarray  # (N, K) float32
    losses: np.ndarray  # (E, N) float32, against the labels that it was given
    margins: np.ndarray  # (E, N) float32
    el2n: np.ndarray  # (N,) float32
    embeddings: np.ndarray  # (N, D)

    def of(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        *,
        is_candidate: np.ndarray,
        raw_neighbors: np.ndarray | None = None,
    ) -> Run:
        """Give the record of ``rows`` (M,), whose neighbours vote with ``labels`` (N,).

        is_candidate: (N,) bool, who votes. raw_neighbors: (N, k) of ``neighbors.nearest``.
        """
        n_classes = self.probs.shape[1]
        neighbors, _ = nearest(self.embeddings, N_NEIGHBORS, is_candidate=is_candidate)
        return Run(
            labels=labels[rows],
            probs=self.probs[rows],
            mean_probs=self.mean_probs[rows],
            losses=self.losses[:, rows],
            margins=self.margins[:, rows],
            el2n=self.el2n[rows],
            votes=votes(neighbors[rows], labels, n_classes),
            raw_votes=None
            if raw_neighbors is None
            else votes(raw_neighbors[rows], labels, n_classes),
        )
