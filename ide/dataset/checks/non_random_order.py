"""Examples that come one after another because they are alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.statistics import ks_test

MIN_D = 0.3  # Kolmogorov and Smirnov's; scikit-learn's digits, written 50 at a time, have 0.27
N_PERMUTATIONS = 20
MIN_ROWS = 50


@check("non_random_order", severity="note", needs=["order", "raw_features"])
def non_random_order(dataset: CheckInput) -> Iterator[Issue]:
    """Find out whether neighbours in content are neighbours in the import, within a class.

    Frames of one film, sentences of one page: a random split puts such on both sides. Distances
    in the order, of nearest neighbours and of random pairs, are compared as in Cummings,
    Snorrason & Mueller, "Detecting dataset drift and non-IID sampling via k-nearest neighbors"
    (2023), which is Datalab's ``non_iid``; here of examples of the same class, since an import by
    class is in the order of classes and means nothing by it. Score: Kolmogorov's D.
    """
    assert dataset.order is not None
    neighbors = dataset.raw_neighbors[0]
    labels = np.where(dataset.is_usable, dataset.label_numbers, -1)
    pairs = (neighbors >= 0) & (labels[:, None] >= 0)
    pairs &= labels[neighbors] == labels[:, None]
    if pairs.sum() < MIN_ROWS:
        return
    near = np.abs(_place(dataset.order, labels)[:, None] - _place(dataset.order, labels)[neighbors])
    generator = np.random.default_rng(0)
    by_chance = []
    for _ in range(N_PERMUTATIONS):
        shuffled = _place(generator.permutation(len(labels)), labels)
        by_chance.append(np.abs(shuffled[:, None] - shuffled[neighbors])[pairs])
    chance = np.concatenate(by_chance[::2])
    d, _ = ks_test(near[pairs], chance)
    highest = max(ks_test(sample, chance)[0] for sample in by_chance[1::2])
    if d >= MIN_D and d > 2 * highest and np.median(near[pairs]) < np.median(chance):
        yield Issue(
            None,
            None,
            d,
            "examples that follow one another in the import are alike, so a random split has some "
            "on both sides; if they come from few sources, name the column in [checks] source",
            subject="order",
        )


def _place(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each row's place among its class in the order, 0 … 1."""
    by_class = np.lexsort((order, labels))
    sizes = np.bincount(labels + 1)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.empty(len(labels))
    place[by_class] = np.arange(len(labels)) - starts[labels[by_class] + 1]
    return np.asarray(place / np.maximum(sizes[labels + 1], 1))
