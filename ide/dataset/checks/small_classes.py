"""Classes too small to learn or to measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import LABEL, TEST, TRAIN, VALIDATION

MAX_LINES = 5  # classes that have a line each; more of them share one


@check("small_classes", severity="warning")
def small_classes(dataset: CheckInput) -> Iterator[Issue]:
    """Find classes with few training examples, or with none to measure them by.

    Score: the share of [checks] min_class_size that is missing, 1 = all; 0.5 where only
    validation or test has none. A split that is empty as a whole is nobody's class's fault. More
    than five such classes share one line, which names the smallest.
    """
    kept = dataset.kept
    labels, splits = dataset.column(LABEL)[kept], dataset.splits[kept]
    counts = Counter(zip(labels, splits, strict=True))
    used = {split for (label, split) in counts if label is not None}
    wanted = dataset.settings.min_class_size
    small = [c for c in dataset.classes if counts[c, TRAIN] < wanted]
    small.sort(key=lambda label: counts[label, TRAIN])
    yield from _small(small, {c: counts[c, TRAIN] for c in small}, wanted)
    for split in (VALIDATION, TEST):
        if split in used:
            yield from _unmeasured([c for c in dataset.classes if not counts[c, split]], split)


def _small(classes: list[str], n_by_class: dict[str, int], wanted: int) -> Iterator[Issue]:
    """Yield what to say of classes with too few training examples, the smallest first."""
    if len(classes) > MAX_LINES:
        first = ", ".join(f"{c} ({n_by_class[c]})" for c in classes[:3])
        message = (
            f"{len(classes):,} classes have fewer than {wanted} training examples and are hardly "
            f"learnt: {first} …"
        )
        score = 1 - n_by_class[classes[0]] / wanted
        yield Issue(None, None, score, message, subject=TRAIN)
        return
    for label in classes:
        n = n_by_class[label]
        message = (
            f"class {label} has {n or 'no'} training example{'' if n == 1 else 's'}; fewer than "
            f"{wanted} are hardly learnt"
        )
        yield Issue(None, None, 1 - n / wanted, message, subject=label)


def _unmeasured(classes: list[str], split: str) -> Iterator[Issue]:
    """Yield what to say of classes that a measuring split has no example of."""
    if len(classes) > MAX_LINES:
        message = f"{len(classes):,} classes have no {split} example: {', '.join(classes[:3])} …"
        yield Issue(None, None, 0.5, message, subject=split)
        return
    for label in classes:
        message = f"class {label} has no {split} example, so nothing measures it there"
        yield Issue(None, None, 0.5, message, subject=f"{label}:{split}")
