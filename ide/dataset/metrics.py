"""How good a network is on labels that may be few: every share comes with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ide.dataset.schema import SPLITS

Z_95 = 1.959963984540054
SMALLEST_PROB = 1e-12  # a probability of 0 in float32 still costs a finite loss


def wilson(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Give Wilson's interval of the share k/n: (low, high), within 0 … 1, 95 % by default.

    It holds its level for small n and near 0 and 1, where k/n ± z·s does not (Wilson 1927; Brown,
    Cai & DasGupta 2001). No observation says nothing: (0, 1).
    """
    if n == 0:
        return 0.0, 1.0
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach))


def evaluate(
    labels: np.ndarray,
    predicted: np.ndarray,
    probs: np.ndarray,
    splits: np.ndarray,
    classes: Sequence[str],
    *,
    is_left_out: np.ndarray | None = None,
) -> dict[str, Any]:
    """Measure a build: what metrics.json holds, less the build's id and the estimated errors.

    labels, predicted: (N,) int, −1 = none. probs: (N, K), rows sum to 1. splits: (N,) str.
    is_left_out: (N,) bool, excluded examples and those in conflict; they count nowhere, nor does
    an example without a label. Plain Python numbers; what cannot be measured is None.
    Confusion: rows are given labels, columns predicted ones.
    """
    counted = (labels >= 0) & (predicted >= 0)
    if is_left_out is not None:
        counted &= ~is_left_out
    by_split: dict[str, Any] = {}
    by_class: list[dict[str, Any]] = []
    confusion: dict[str, Any] = {}
    for split in SPLITS:
        rows = np.flatnonzero(counted & (splits == split))
        if not len(rows):
            continue
        counts = confusion_matrix(labels[rows], predicted[rows], len(classes))
        per_class = _per_class(counts, classes, split)
        p_given = probs[rows, labels[rows]].astype(np.float64)
        by_split[split] = {
            "n": len(rows),
            "accuracy": _share(int(np.trace(counts)), len(rows)),
            "macro_f1": _mean([c["f1"] for c in per_class]),
            "loss": float(-np.log(np.maximum(p_given, SMALLEST_PROB)).mean()),
        }
        by_class += per_class
        confusion[split] = {"classes": list(classes), "counts": counts.tolist()}
    return {
        "n_examples": int(counted.sum()),
        "splits": by_split,
        "classes": by_class,
        "confusion": confusion,
    }


def measure_pairs(
    labels: np.ndarray, predicted: np.ndarray, splits: np.ndarray, classes: Sequence[str]
) -> dict[str, Any]:
    """Measure predictions of a network that may know other classes: ``splits`` and ``classes``.

    labels: (N,) int, each a class. predicted: (N,) int, −1 = a class that is none of ``classes``,
    which is wrong. splits: (N,) str. The same entries as ``evaluate`` gives, less the loss.
    """
    by_split: dict[str, Any] = {}
    by_class: list[dict[str, Any]] = []
    for split in SPLITS:
        rows = np.flatnonzero(splits == split)
        if not len(rows):
            continue
        told = np.where(predicted[rows] < 0, len(classes), predicted[rows])
        counts = confusion_matrix(labels[rows], told, len(classes) + 1)
        per_class = _per_class(counts, classes, split)
        by_split[split] = {
            "n": len(rows),
            "accuracy": _share(int(np.trace(counts)), len(rows)),
            "macro_f1": _mean([c["f1"] for c in per_class]),
        }
        by_class += per_class
    return {"splits": by_split, "classes": by_class}


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count (K, K) int64: row = given label, column = predicted one."""
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def _per_class(counts: np.ndarray, classes: Sequence[str], split: str) -> list[dict[str, Any]]:
    rows = []
    for index, label in enumerate(classes):
        n_correct = int(counts[index, index])
        n, n_predicted = int(counts[index].sum()), int(counts[:, index].sum())
        rows.append(
            {
                "label": label,
                "split": split,
                "n": n,
                "n_predicted": n_predicted,
                "precision": _share(n_correct, n_predicted),
                "recall": _share(n_correct, n),
                "f1": 2 * n_correct / (n + n_predicted) if n + n_predicted else None,
            }
        )
    return rows


def _share(k: int, n: int) -> dict[str, float | None]:
    if n == 0:
        return {"value": None, "low": None, "high": None}
    low, high = wilson(k, n)
    return {"value": k / n, "low": low, "high": high}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
