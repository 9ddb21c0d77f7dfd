"""Two builds compared on one set of labels, and apart from it what the answer key moved.

A difference of two accuracies, each of its own build's labels, mixes two things: another network,
and other labels to hold it against. Here both builds are measured on the newer one's labels. What
that leaves of the difference is the answer key's: labels corrected, examples moved, excluded,
added. Every view and report draws from ``compare_builds``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.flips import BROKEN, FIXED, RELABELLED, flips_of, paired, predicted_of
from ide.dataset.metrics import measure_pairs
from ide.dataset.schema import LABEL, POOL, SPLIT, TEST, TRAIN, VALIDATION

TEST_FIRST = (TEST, VALIDATION, TRAIN, POOL)  # what counts most comes first


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two builds: its ``labels.parquet``, ``predictions.parquet`` and classes."""

    labels: pa.Table
    predictions: pa.Table
    classes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Shift:
    """What happened to the accuracy on one split; shares 0 … 1, differences −1 … 1.

    n: how many examples both builds are compared on. before, after: the accuracy of the base and
    of the newer build on them, both on the newer build's labels. answer_key: what is left of the
    difference between the accuracies that each build has on its own labels and examples; None
    where the base has none of this split.
    """

    split: str
    n: int
    before: float
    after: float
    answer_key: float | None
    n_fixed: int
    n_broken: int
    n_relabelled: int

    @property
    def network(self) -> float:
        """By how much the newer network is better, on the same labels."""
        return self.after - self.before

    @property
    def total(self) -> float | None:
        """The difference between the two accuracies that each build has on its own labels."""
        return None if self.answer_key is None else self.network + self.answer_key


@dataclass(frozen=True, slots=True)
class TwoBuilds:
    """A build beside its base, on the newer one's labels.

    shifts: by split, of the splits that have examples to compare. base, now: ``splits`` and
    ``classes`` as in metrics.json, less the loss, of either network on those examples and labels.
    pairs: ``flips.paired``. flips: ``schema.FLIPS``.
    """

    shifts: Mapping[str, Shift]
    base: Mapping[str, Any]
    now: Mapping[str, Any]
    pairs: pa.Table
    flips: pa.Table

    def f1_changes(self, split: str) -> dict[str, float | None]:
        """Return class → by how much F1 is better on a split; None where either has none."""
        was, now = (
            {row["label"]: row["f1"] for row in side["classes"] if row["split"] == split}
            for side in (self.base, self.now)
        )
        both = {label: (was.get(label), f1) for label, f1 in now.items()}
        return {k: None if a is None or b is None else b - a for k, (a, b) in both.items()}


def compare_builds(base: Side, now: Side) -> TwoBuilds:
    """Compare two builds on the newer one's labels; see ``flips.paired`` for which examples."""
    is_class = pc.is_in(now.labels[LABEL], value_set=pa.array(now.classes, pa.string()))
    pairs = paired(base.labels, base.predictions, now.labels.filter(is_class), now.predictions)
    found = flips_of(pairs)
    splits = pairs[SPLIT].to_numpy()
    numbers = {c: _numbers(pairs[c], now.classes) for c in (LABEL, "base_predicted", "predicted")}
    was, is_ = (
        measure_pairs(numbers[LABEL], numbers[c], splits, now.classes)
        for c in ("base_predicted", "predicted")
    )
    n_flips = Counter(zip(*(found[c].to_pylist() for c in (SPLIT, "flip")), strict=True))
    reported = [_accuracies(side) for side in (base, now)]
    shifts = {}
    for split, entry in is_["splits"].items():
        before, after = (m["splits"][split]["accuracy"]["value"] for m in (was, is_))
        then = reported[0].get(split)
        moved = None if then is None else reported[1][split] - then - (after - before)
        n = (n_flips[split, flip] for flip in (FIXED, BROKEN, RELABELLED))
        shifts[split] = Shift(split, entry["n"], before, after, _settled(moved), *n)
    return TwoBuilds(shifts, was, is_, pairs, found)


def headline_split(splits: Collection[str]) -> str | None:
    """Return the split that a number without a split is of: test, else validation, train, pool."""
    return next((split for split in TEST_FIRST if split in splits), None)


def _settled(difference: float | None) -> float | None:
    """Return 0 for what only rounding left; one example of many billions is more than that."""
    return 0.0 if difference is not None and abs(difference) < 1e-12 else difference


def _accuracies(side: Side) -> dict[str, float]:
    """Return split → accuracy of a build on its own labels, as metrics.json has it."""
    told = predicted_of(side.labels, side.predictions)
    is_class = pc.is_in(told[LABEL], value_set=pa.array(side.classes, pa.string()))
    both = told.filter(pc.and_(told["counts"], is_class))
    n, n_right = (
        {row["values"]: row["counts"] for row in pc.value_counts(rows[SPLIT]).to_pylist()}
        for rows in (both, both.filter(pc.equal(both[LABEL], both["predicted"])))
    )
    return {split: n_right.get(split, 0) / n[split] for split in n}


def _numbers(labels: pa.ChunkedArray, classes: Sequence[str]) -> np.ndarray:
    """Return the place of each label in ``classes``, −1 for another: (N,) int64."""
    places = pc.index_in(labels, value_set=pa.array(classes, pa.string()))
    return np.asarray(pc.fill_null(places, -1), dtype=np.int64)
