"""Pairs of classes that the network cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.metrics import wilson
from ide.dataset.statistics import z_of

MIN_SHARE = 0.08  # of a pair's examples, at least, are confidently of the other class
ALPHA = 0.05
MAX_PAIRS = 20


@check("overlapping_classes", severity="note", needs=["probs", "is_out_of_sample"])
def overlapping_classes(dataset: CheckInput) -> Iterator[Issue]:
    """Find pairs of classes whose examples are taken for the other: merge, or define better.

    Off-diagonal counts of the confident joint (Northcutt, Jiang & Chuang, "Confident learning",
    JAIR 2021) over the examples that the build was not trained on, as cleanlab's
    ``find_overlapping_classes`` has them; only pairs whose share is above 8 % at the lower end of
    an interval that allows for the number of pairs (Bonferroni). Score: that share of the two
    classes' examples.
    """
    assert dataset.probs is not None and dataset.is_out_of_sample is not None
    rows = np.flatnonzero(dataset.is_usable & dataset.is_out_of_sample)
    k = len(dataset.classes)
    if not len(rows) or k < 2:
        return
    joint = confident_joint(dataset.probs[rows], dataset.label_numbers[rows], k)
    n_by_class = np.bincount(dataset.label_numbers[rows], minlength=k)
    z = z_of(ALPHA / (k * (k - 1)))
    found = []
    for a, b in zip(*np.nonzero(np.triu(joint + joint.T, 1)), strict=True):
        n, n_mixed = int(n_by_class[a] + n_by_class[b]), int(joint[a, b] + joint[b, a])
        if wilson(n_mixed, n, z)[0] > MIN_SHARE:
            found.append((n_mixed / n, n_mixed, n, int(a), int(b)))
    for share, n_mixed, n, a, b in sorted(found, reverse=True)[:MAX_PAIRS]:
        low, high = wilson(n_mixed, n)
        yield Issue(
            None,
            None,
            share,
            f"{dataset.classes[a]} and {dataset.classes[b]} overlap: {n_mixed:,} of their {n:,} "
            f"held-out examples look like the other ({share:.0%}, 95 % {low:.0%} … {high:.0%}); "
            "merge the classes, or define them better",
            subject=f"{dataset.classes[a]} | {dataset.classes[b]}",
        )


def confident_joint(probs: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Count (K, K): row = given label, column = the class that a row confidently belongs to.

    Confident of a class is a probability of at least the mean that its own examples have of it;
    of several classes the most probable counts.
    """
    n = np.bincount(labels, minlength=n_classes)
    own = np.bincount(labels, weights=probs[np.arange(len(labels)), labels], minlength=n_classes)
    thresholds = np.where(n > 0, own / np.maximum(n, 1), np.inf)
    confident = np.where(probs >= thresholds, probs, -1.0)
    best = confident.argmax(1)
    is_any = confident[np.arange(len(labels)), best] >= 0
    cells = labels[is_any] * n_classes + best[is_any]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
