"""How many labels are thought wrong: of all, by class and by split, with an interval."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ide.dataset.schema import LABEL, LABEL_ERRORS, SPLIT

N_ERRORS = "upwell.estimated_label_errors"  # in the metadata of the suspects
N_ERRORS_RANGE = "upwell.estimated_label_errors_range"  # the bounds, "low high"
MODEL_ERROR = 0.4  # share of a count by which its bounds themselves may be off
_NORMAL = 1.96  # of 95 %


def label_errors(suspects: pa.Table) -> pa.Table:
    """Give ``schema.LABEL_ERRORS`` of ``suspects``: all, each split, each label, each pair.

    The expected number is the sum of ``p_mislabeled``. Two things make it uncertain: which labels
    are wrong, if the odds are right (a sum of independent draws: its variance is Σ p (1 − p)), and
    whether they are. For the second the count is taken from one bound of ``error_count`` to the
    other, each given ``MODEL_ERROR`` more room: errors that look like no planted one are missed.
    """
    p = suspects["p_mislabeled"].to_numpy().astype(np.float64)
    total = max(float(p.sum()), 1e-9)
    least, most = _range(suspects, total)
    rows = []
    for split, label, chosen in _groups(suspects):
        of_group = p[chosen]
        expected, spread = of_group.sum(), _NORMAL * np.sqrt((of_group * (1 - of_group)).sum())
        low = expected * least / total * (1 - MODEL_ERROR) - spread
        high = expected * most / total * (1 + MODEL_ERROR) + spread
        rows.append(
            {
                SPLIT: split,
                LABEL: label,
                "n": len(of_group),
                "n_errors": expected,
                "low": max(0.0, low),
                "high": min(float(len(of_group)), high),
            }
        )
    return pa.Table.from_pylist(rows, schema=LABEL_ERRORS)


def _range(suspects: pa.Table, total: float) -> tuple[float, float]:
    metadata = suspects.schema.metadata or {}
    found = metadata.get(N_ERRORS_RANGE.encode())
    counts = [float(value) for value in found.decode().split()] if found else []
    return min([total, *counts]), max([total, *counts])


def _groups(suspects: pa.Table) -> Iterator[tuple[str | None, str | None, np.ndarray]]:
    """Yield split, label and the rows of each group: all first, then by split, label, both."""
    splits = np.array(suspects[SPLIT].to_pylist(), object)
    labels = np.array(suspects[LABEL].to_pylist(), object)
    everyone = np.ones(len(splits), bool)
    names = {
        "split": sorted({s for s in splits if s is not None}),
        "label": sorted({label for label in labels if label is not None}),
    }
    yield None, None, np.flatnonzero(everyone)
    for split in names["split"]:
        yield split, None, np.flatnonzero(splits == split)
    for label in names["label"]:
        yield None, label, np.flatnonzero(labels == label)
    for split in names["split"]:
        for label in names["label"]:
            yield split, label, np.flatnonzero((splits == split) & (labels == label))
