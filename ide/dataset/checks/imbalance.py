"""Classes of very different size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import TRAIN


@check("imbalance", severity="note")
def imbalance(dataset: CheckInput) -> Iterator[Issue]:
    """Find out whether the largest class has many times the training examples of the smallest.

    More than [checks] max_imbalance (20) times; a class without any is one of ``small_classes``.
    Score: 1 − smallest / largest.
    """
    is_train = dataset.is_usable & (dataset.splits == TRAIN)
    counts = np.bincount(dataset.label_numbers[is_train], minlength=len(dataset.classes))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return
    small = int(present[counts[present].argmin()])
    large = int(present[counts[present].argmax()])
    if counts[large] > dataset.settings.max_imbalance * counts[small]:
        yield Issue(
            None,
            None,
            float(1 - counts[small] / counts[large]),
            f"class {dataset.classes[large]} has {counts[large]:,} training examples and "
            f"{dataset.classes[small]} has {counts[small]:,}: "
            f"{counts[large] / counts[small]:.0f} times as many",
            subject="classes",
        )
