"""Dividing examples into train, validation and test: seeded, stratified, never moved again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from ide.dataset.schema import POOL, TEST, TRAIN, VALIDATION


def assign_splits(
    example_ids: Sequence[str],
    labels: Sequence[str | None],
    *,
    seed: int,
    validation: float,
    test: float,
    counts: Mapping[tuple[str, str], int] | None = None,
) -> list[str]:
    """Return a split for each example, in the order given; without a label it is the pool.

    Within a class the examples are ordered by a hash of (seed, id), so neither their order nor
    their number of classes matters, and the first ``test`` of them are for testing, the next
    ``validation`` for validating, the rest for training. Each class's shares are within 1 of
    what was asked; a class keeps at least one example to train on.

    validation, test: shares of each class, 0 … 1.
    counts: how many examples by (label, split) the dataset holds already. They stay where they
    are; the new ones are dealt so that old and new together have the shares.
    """
    held = counts or {}
    members: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        if label is not None:
            members.setdefault(label, []).append(index)
    result = [POOL] * len(example_ids)
    for label, indices in members.items():
        indices.sort(key=lambda i: (_hash(seed, example_ids[i]), example_ids[i]))
        n_held = {s: held.get((label, s), 0) for s in (TRAIN, VALIDATION, TEST)}
        n_test, n_validation = _deal(len(indices), n_held, validation=validation, test=test)
        for rank, index in enumerate(indices):
            if rank < n_test:
                result[index] = TEST
            elif rank < n_test + n_validation:
                result[index] = VALIDATION
            else:
                result[index] = TRAIN
    return result


def _deal(
    n_new: int, n_held: Mapping[str, int], *, validation: float, test: float
) -> tuple[int, int]:
    """Return how many of a class's new examples go to test and to validation."""
    n = n_new + sum(n_held.values())
    n_test, n_validation = class_sizes(n, validation=validation, test=test)
    new_test = min(max(n_test - n_held[TEST], 0), n_new)
    new_validation = min(max(n_validation - n_held[VALIDATION], 0), n_new - new_test)
    return new_test, new_validation


def class_sizes(n: int, *, validation: float, test: float) -> tuple[int, int]:
    """Return the numbers of test and validation examples of a class of ``n``."""
    n_test = _round(n * test)
    n_validation = max(_round(n * (test + validation)) - n_test, 0)
    if n and n_test + n_validation >= n:
        if n_test - n * test > n_validation - n * validation:
            n_test -= 1
        else:
            n_validation -= 1
    return n_test, n_validation


def _round(value: float) -> int:
    """Round half up: the same on every machine, and growing with the value."""
    return math.floor(value + 0.5)


def _hash(seed: int, example_id: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{example_id}".encode(), digest_size=8).digest()
