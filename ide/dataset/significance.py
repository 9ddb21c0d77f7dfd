"""Whether what changed between two builds is more than chance would do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ide.dataset.binomial import CHANCE, sign_test
from ide.dataset.flips import BROKEN, FIXED
from ide.dataset.metrics import wilson
from ide.dataset.schema import SPLIT
from ide.dataset.statistics import holm

ALPHA = CHANCE  # a difference whose p is below this is called one


@dataclass(frozen=True, slots=True)
class Moved:
    """One slice of one split, in two builds; ``p``: corrected for how many were looked at."""

    slice: str
    split: str
    n: int
    n_fixed: int
    n_broken: int
    before: float  # accuracy, 0 … 1
    after: float
    low: float  # 95 % interval of ``after``
    high: float
    p: float


def mcnemar(n_fixed: int, n_broken: int) -> float:
    """Return the two-sided p that as uneven a split of flips comes about by chance, 0 … 1.

    McNemar's exact test: the ``sign_test`` of whichever side is ahead, doubled.
    """
    return min(1.0, 2 * sign_test(max(n_fixed, n_broken), min(n_fixed, n_broken)))


def two_proportions(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return the two-sided p of the pooled two-proportion z test for k1/n1 and k2/n2, 0 … 1.

    For when the two builds' examples cannot be paired; it sees less than ``mcnemar``.
    """
    if not n1 or not n2:
        return 1.0
    pooled = (k1 + k2) / (n1 + n2)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    if spread == 0:
        return 1.0
    return math.erfc(abs(k1 / n1 - k2 / n2) / spread / math.sqrt(2))


def moved_slices(
    flips: pa.Table,
    members: Mapping[str, np.ndarray],
    before: pa.Table,
    after: pa.Table,
    splits: Sequence[str],
) -> tuple[list[Moved], int]:
    """Return the slices whose accuracy moved more than chance would, and how many were looked at.

    flips: ``schema.FLIPS``, (F,). members: a slice's condition and which flips are in it, (F,)
    bool. before, after: ``schema.SLICES`` of either build, on the same labels. A slice is tested
    by McNemar on what the network fixed and broke of it, and the p values are Holm's for all
    slices of these splits together; the largest move comes first. The slice of everything is
    not among them.
    """
    in_split = np.asarray(flips[SPLIT].to_pylist(), dtype=object)
    flip = np.asarray(flips["flip"].to_pylist(), dtype=object)
    was, now = _by_slice(before), _by_slice(after)
    keys = [key for key in now if key in was and key[0] != "true" and key[1] in splits]
    nobody = np.zeros(len(flips), bool)
    counts = []
    for condition, split in keys:
        own = members.get(condition, nobody) & (in_split == split)
        counts.append((int((own & (flip == FIXED)).sum()), int((own & (flip == BROKEN)).sum())))
    adjusted = holm([mcnemar(*count) for count in counts])
    moved = [
        _moved(key, was[key], now[key], count, p)
        for key, count, p in zip(keys, counts, adjusted, strict=True)
        if p < ALPHA
    ]
    return sorted(moved, key=lambda m: (-abs(m.after - m.before), m.slice, m.split)), len(keys)


def _by_slice(table: pa.Table) -> dict[tuple[str, str], dict[str, float]]:
    return {(row["slice"], row["split"]): row for row in table.to_pylist()}


def _moved(
    key: tuple[str, str],
    was: dict[str, float],
    now: dict[str, float],
    count: tuple[int, int],
    p: float,
) -> Moved:
    n = int(now["n"])
    low, high = wilson(int(now["n_correct"]), n)
    return Moved(*key, n, *count, was["accuracy"], now["accuracy"], low, high, p)
