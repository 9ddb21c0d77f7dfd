"""Which labels a drill makes wrong, and how: stratified by split, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ide.dataset.drill import KINDS, Drill, Planted
from ide.dataset.errors import DrillError
from ide.dataset.schema import TEST, TRAIN, VALIDATION

UNIFORM, NEIGHBOURING, MIXED = "uniform", "neighbouring", "mixed"
_SPLITS = (TRAIN, VALIDATION, TEST)
_SMALLEST = 1e-6  # of a confusion: a class that was never confused can still be drawn


def plant(
    *,
    dataset: str,
    home: str,
    example_ids: Sequence[str],
    labels: Sequence[str | None],
    splits: Sequence[str],
    is_free: Sequence[bool],
    classes: Sequence[str],
    n_errors: int,
    kind: str,
    seed: int,
    confusion: np.ndarray | None = None,
) -> Drill:
    """Choose ``n_errors`` labels and the wrong ones in their place.

    Everything of length N is in one order, which changes nothing: example_ids, labels (None =
    none), splits, is_free (nobody has judged or excluded the example). Each split with labels
    gets its share of the errors (largest remainder). A wrong label is one of the classes that
    examples bear, never the example's own: drawn evenly (``uniform``), by how the network
    confuses the classes (``neighbouring``), or half and half (``mixed``; without a confusion all
    uniform). confusion: (K, K), row = given class, as ``class_confusion`` returns it.
    Raises ``DrillError`` where it cannot be done.
    """
    if kind not in KINDS:
        raise DrillError(f"{kind[:40]!r} is no kind of errors; wanted one of {', '.join(KINDS)}")
    if kind == NEIGHBOURING and confusion is None:
        raise DrillError(
            f"{dataset!r} has no build that tells which classes the network confuses. "
            f"Make one with: upwell compile {dataset}, or plant with --kind {UNIFORM}"
        )
    borne = sorted({label for label in labels if label is not None and label in classes})
    if len(borne) < 2:
        raise DrillError(
            f"{dataset!r} has examples of {len(borne)} class{'' if len(borne) == 1 else 'es'}; "
            "a wrong label needs at least two. Label examples of another class first"
        )
    rows = sorted(
        (example_id, label, split)
        for example_id, label, split, free in zip(example_ids, labels, splits, is_free, strict=True)
        if free and label in borne and split in _SPLITS and label is not None
    )
    _refuse_number(dataset, n_errors, len(rows))
    generator = np.random.default_rng(seed)
    chosen = sorted(_stratified([split for _, _, split in rows], n_errors, generator))
    kinds = _kinds(kind, n_errors, generator, has_confusion=confusion is not None)
    planted = []
    for index, own_kind in zip(chosen, kinds, strict=True):
        example_id, label, split = rows[index]
        others = [c for c in borne if c != label]
        weights = np.ones(len(others))
        if own_kind == NEIGHBOURING and confusion is not None:
            of = [classes.index(c) for c in others]
            weights = np.maximum(confusion[classes.index(label)][of], _SMALLEST)
        wrong = str(generator.choice(others, p=weights / weights.sum()))
        planted.append(Planted(example_id, wrong, label, split, own_kind))
    return Drill(dataset, seed, kind, home, tuple(planted))


def class_confusion(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give (K, K) how much of a class's probability goes to each other class; rows sum to 1 or 0.

    probs: (N, K), rows sum to 1; labels: (N,) int, −1 = none. The diagonal is 0. Soft counts
    tell of classes that are near each other also where the network makes no mistake.
    """
    n_classes = probs.shape[1]
    found = np.zeros((n_classes, n_classes))
    is_labelled = labels >= 0
    np.add.at(found, labels[is_labelled], probs[is_labelled].astype(np.float64))
    np.fill_diagonal(found, 0.0)
    totals = found.sum(1, keepdims=True)
    return np.asarray(np.divide(found, totals, out=np.zeros_like(found), where=totals > 0))


def _refuse_number(dataset: str, n_errors: int, n_free: int) -> None:
    if n_errors < 1:
        raise DrillError(f"got {n_errors} errors to plant; wanted at least 1, such as --errors 60")
    if n_errors > n_free:
        raise DrillError(
            f"{dataset!r} has {n_free:,} labelled examples that nobody has judged, fewer than the "
            f"{n_errors:,} errors asked for. Ask for at most {n_free:,}"
            + ("" if n_free else ": there is nothing to plant in")
        )


def _stratified(splits: Sequence[str], n: int, generator: np.random.Generator) -> list[int]:
    """Draw n indices, each split its share by largest remainder; ties go to the earlier split."""
    members = {s: [i for i, own in enumerate(splits) if own == s] for s in _SPLITS}
    shares = {s: n * len(own) / len(splits) for s, own in members.items()}
    counts = {s: int(share) for s, share in shares.items()}
    by_remainder = sorted(_SPLITS, key=lambda s: (counts[s] - shares[s], _SPLITS.index(s)))
    for split in by_remainder[: n - sum(counts.values())]:
        counts[split] += 1
    return [
        int(index)
        for split in _SPLITS
        for index in generator.choice(members[split] or [0], counts[split], replace=False)
    ]


def _kinds(kind: str, n: int, generator: np.random.Generator, *, has_confusion: bool) -> list[str]:
    """Return the kind of each error; of mixed ones half are neighbouring, in a drawn order."""
    if kind != MIXED:
        return [kind] * n
    if not has_confusion:
        return [UNIFORM] * n
    n_neighbouring = n // 2
    both = [NEIGHBOURING] * n_neighbouring + [UNIFORM] * (n - n_neighbouring)
    return [both[i] for i in generator.permutation(n)]
