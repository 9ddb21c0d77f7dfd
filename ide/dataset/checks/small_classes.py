"""Classes too small to learn or to measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import LABEL, SPLIT, TEST, TRAIN, VALIDATION


@check("small_classes", severity="warning")
def small_classes(dataset: CheckInput) -> Iterator[Issue]:
    """Find classes with few training examples, or with none to measure them by.

    Score: the share of ``min_class_size`` that is missing, 1 = all; 0.5 where only validation or
    test has none. A split that is empty as a whole is nobody's class's fault.
    """
    kept = dataset.kept
    labels, splits = dataset.column(LABEL)[kept], dataset.column(SPLIT)[kept]
    counts = Counter(zip(labels, splits, strict=True))
    used = {split for (label, split) in counts if label is not None}
    for label in dataset.classes:
        n, wanted = counts[label, TRAIN], dataset.settings.min_class_size
        if n < wanted:
            yield Issue(
                None,
                None,
                1 - n / wanted,
                f"class {label} has {n or 'no'} training example{'' if n == 1 else 's'}; "
                f"fewer than {wanted} are hardly learnt",
            )
        for split in (VALIDATION, TEST):
            if split in used and not counts[label, split]:
                yield Issue(
                    None,
                    None,
                    0.5,
                    f"class {label} has no {split} example, so nothing measures it there",
                )
