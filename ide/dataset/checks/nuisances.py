"""Properties that give the label away without being what the label is about."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.columns import Column, columns_of
from ide.dataset.checks.registry import CheckInput, Issue, check

N_FOLDS = 5
N_BINS = 24  # of a column of numbers, with as many examples each
MIN_POWER = 0.35  # over chance; what a real property of the thing shown seldom reaches alone
N_SPREADS = 5  # above what chance gives


@check("nuisances", severity="warning", needs=["media"])
def nuisances(dataset: CheckInput) -> Iterator[Issue]:
    """Find single properties that predict the label: brightness, size, file name, speaker.

    A network learns them instead of the thing (Geirhos et al., "Shortcut learning in deep neural
    networks", Nature Machine Intelligence 2020), and is as wrong as they are elsewhere. Each
    column alone predicts the labels of examples it was not fitted on, five-fold, by the most
    typical class of its bin or category, as in the predictive power score (Wetschoreck 2020).
    Score: balanced accuracy over chance, 0 = chance, 1 = the label itself; from 0.35 on it is an
    issue.
    """
    rows = np.flatnonzero(dataset.is_usable)
    labels = dataset.label_numbers[rows]
    n_classes = len(np.unique(labels))
    if n_classes < 2 or len(rows) < 10 * n_classes:
        return
    places = np.unique(labels, return_inverse=True)[1]
    for column in columns_of(dataset):
        codes = _codes(column, rows)
        power, accuracy = predictive_power(codes, places, n_classes)
        spread = math.sqrt((n_classes - 1) / len(rows)) / n_classes  # of chance's accuracy
        if power >= MIN_POWER and accuracy - 1 / n_classes > N_SPREADS * spread:
            yield Issue(
                None,
                None,
                power,
                f"{column.name} alone predicts the label: balanced accuracy {accuracy:.0%}, chance "
                f"{1 / n_classes:.0%}; balance it over the classes, or see that the network cannot "
                "use it",
                subject=column.name,
            )


def _codes(column: Column, rows: np.ndarray) -> np.ndarray:
    """Return small numbers ≥ 0 that say what bin or category each row is in; null is one."""
    values = column.values[rows]
    if not column.is_numeric:
        return np.asarray(values + 1)
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, N_BINS + 1)[1:-1]))
    return np.where(known, np.searchsorted(edges, values, side="right") + 1, 0)


def predictive_power(codes: np.ndarray, labels: np.ndarray, n_classes: int) -> tuple[float, float]:
    """Return how well codes predict labels: (power over chance, balanced accuracy), five-fold.

    codes: (N,) int ≥ 0. labels: (N,) int, each class present. The folds are the same each time.
    """
    n_codes = int(codes.max()) + 1
    folds = np.random.default_rng(0).permutation(len(codes)) % N_FOLDS
    cells = codes * n_classes + labels
    every = np.bincount(cells, minlength=n_codes * n_classes)
    right = np.zeros(len(codes), bool)
    for fold in range(N_FOLDS):
        out = folds == fold
        seen = every - np.bincount(cells[out], minlength=n_codes * n_classes)
        counts = seen.reshape(n_codes, n_classes).astype(np.float64)
        typical = (counts / np.maximum(counts.sum(0), 1)).argmax(1)
        right[out] = typical[codes[out]] == labels[out]
    by_class = np.bincount(labels, weights=right, minlength=n_classes) / np.bincount(labels)
    accuracy, chance = float(by_class.mean()), 1 / n_classes
    return (accuracy - chance) / (1 - chance), accuracy
