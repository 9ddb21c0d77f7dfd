"""A second, shorter training that doubts what the first one doubted, and is lied to a little.

Two things are learnt from it. The labels that the first run doubts most take no part in it, so
that what the second network says of them is not learnt from them (Chen et al. 2019, "Understanding
and Utilizing Deep Neural Networks Trained with Noisy Labels", iterate so). And some of the labels
that nobody doubts are replaced by wrong ones, so that it shows how this dataset's network takes a
wrong label: what each signal is worth here is learnt from those (``label_blend``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ide.dataset.chunks import map_chunks, spread
from ide.dataset.error_count import flags_of_best
from ide.dataset.signals import Evidence, Run, channel_of, evidence

SHARE_OF_EPOCHS = 0.5  # of the compile's: half the epochs, on fewer examples
PLANTED_SHARE = 0.08  # of the labels that are not doubted
MIN_PLANTED = 30  # so many, though never more than
MAX_PLANTED_SHARE = 0.2
MAX_DOUBTFUL_SHARE = 0.5  # the rest has to be enough to learn from
SPARE_SHARE = 0.01  # doubted beyond the confident count
SCALE_FROM = 100_000  # rows


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the second training is given, for N examples."""

    labels: np.ndarray  # (N,) int: as given, but for the planted; −1 = none
    is_train: np.ndarray  # (N,) bool
    is_trusted: np.ndarray  # (N,) bool: not doubted; trained on, or held out to compare with
    is_planted: np.ndarray  # (N,) bool: ``labels`` is wrong on purpose


def plan_second_look(
    first: Run, *, rows: np.ndarray, labels: np.ndarray, is_train: np.ndarray, seed: int
) -> SecondLook:
    """Choose who is left out and who is given a wrong label.

    first: of the M listed examples ``rows`` (M,), indices into labels (N,) int, −1 = none, and
    is_train (N,) bool. Held-out examples get wrong labels too, which nobody trains on: their
    record is compared with those. Each class keeps a training example.
    """
    generator = np.random.default_rng(seed)
    doubtful = rows[_most_doubted(first)]
    is_taught = is_train.copy()
    is_taught[doubtful] = False
    for label in np.setdiff1d(labels[is_train], labels[is_taught]):
        is_taught |= is_train & (labels == label)
    is_open = np.zeros(len(labels), bool)
    is_open[rows] = True
    is_open[doubtful] = False
    is_trusted = is_taught | (is_open & ~is_train)
    is_planted = np.zeros(len(labels), bool)
    for is_group in (is_taught, ~is_train):
        of_group = np.flatnonzero(is_open & is_group)
        is_planted[_draw(of_group, labels, is_taught, generator)] = True
    planted = np.flatnonzero(is_planted)
    wrong = labels.astype(np.int64).copy()
    places = np.searchsorted(rows, planted)
    wrong[planted] = wrong_labels(
        first.mean_probs[places], labels[planted], channel_of(first), generator
    )
    return SecondLook(wrong, is_taught, is_trusted, is_planted)


def second_epochs(epochs: int) -> int:
    """How long the second look trains, of the compile's epochs; one at least."""
    return max(1, round(SHARE_OF_EPOCHS * epochs))


def second_seed(seed: int) -> int:
    """Another start than the compile's, the same for the same seed."""
    return (seed + 1_000_003) % 2**31


def wrong_labels(
    probs: np.ndarray, labels: np.ndarray, channel: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw a wrong label for each of (M,): as the network, as the channel, or as nobody errs.

    A third each: what the network takes the example for (probs (M, K)), what the channel (K, K)
    takes the class for, any other class. So the blend is not learnt for one kind of error alone.
    """
    n_classes = probs.shape[1]
    confused = channel / np.maximum(1 - np.diag(channel), 1e-12)[:, None]
    weights = _others(probs.astype(np.float64), labels) / 3
    weights += _others(confused[labels], labels) / 3
    weights += _others(np.ones((len(labels), n_classes)), labels) / 3
    steps = weights.cumsum(1)
    drawn = generator.random(len(labels)) * steps[:, -1]
    return np.asarray(np.minimum((steps <= drawn[:, None]).sum(1), n_classes - 1))


def _most_doubted(first: Run) -> np.ndarray:
    """Return the indices of the labels that the second look leaves out."""
    n = len(first.labels)
    found = evidence(first)
    n_flagged = flags(first, found).sum()
    n_doubted = min(int(n_flagged + SPARE_SHARE * n), int(MAX_DOUBTFUL_SHARE * n))
    doubt = robust_mean(found.signals)
    return np.argsort(-doubt, kind="stable")[:n_doubted]


def flags(run: Run, found: Evidence, rows: np.ndarray | None = None) -> np.ndarray:
    """Give ``confident_flags`` (N,) of the blend that ``found`` tells of; rows: as it was read."""
    labels = run.labels if rows is None else run.labels[rows]
    return flags_of_best(
        labels,
        own=found.own,
        other=found.other,
        other_p=found.other_p,
        n_classes=run.n_classes,
        probs_of=lambda at: run.blended(at if rows is None else rows[at]),
    )


def robust_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the median and the middle four fifths' width of each column of (N, S), (S,) each."""
    low, middle, high = np.percentile(values, [10, 50, 90], axis=0)
    return middle, np.maximum(high - low, 1e-6)


def robust(values: np.ndarray) -> np.ndarray:
    """Move and scale each column of (N, S) by its median and the middle four fifths' width."""
    middle, width = robust_scale(values)
    return np.asarray((values - middle) / width)


def robust_mean(values: np.ndarray) -> np.ndarray:
    """Give ``robust(values).mean(1)``, (N,) float64, from the scale of ``SCALE_FROM`` rows."""
    middle, width = robust_scale(spread(values, SCALE_FROM)) if len(values) else (0.0, 1.0)
    return dot(values, 1 / width / values.shape[1], offset=middle)


def dot(values: np.ndarray, weights: np.ndarray, *, offset: np.ndarray | float) -> np.ndarray:
    """Give (values − offset) @ weights in float64, (N,), with no float64 copy of (N, S) values."""
    found = np.empty(len(values))

    def work(part: slice) -> None:
        found[part] = (values[part] - offset) @ weights

    map_chunks(work, len(values), width=values.shape[1])
    return found


def _draw(
    rows: np.ndarray, labels: np.ndarray, is_taught: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Choose who gets a wrong label; a class's last taught example never does."""
    n = max(PLANTED_SHARE * len(rows), min(MIN_PLANTED, MAX_PLANTED_SHARE * len(rows)))
    chosen = generator.permutation(rows)[: int(n)]
    left = np.bincount(labels[is_taught], minlength=labels.max(initial=0) + 1)
    kept = []
    for row in chosen:
        if not is_taught[row]:
            kept.append(row)
        elif left[labels[row]] > 1:
            left[labels[row]] -= 1
            kept.append(row)
    return np.array(kept, np.int64)


def _others(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Take each row's own class away from (M, K) and scale the rest to sum to 1."""
    others = weights.copy()
    np.put_along_axis(others, labels[:, None], 0, 1)
    total = others.sum(1, keepdims=True)
    even = np.full_like(others, 1 / max(1, others.shape[1] - 1))
    np.put_along_axis(even, labels[:, None], 0, 1)
    return np.where(total > 0, others / np.maximum(total, 1e-300), even)
