"""Splits that differ from the one that trains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.drift import shifts
from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import TEST, TRAIN, VALIDATION


@check("drift_splits", severity="note", needs=["media"])
def drift_splits(dataset: CheckInput) -> Iterator[Issue]:
    """Find columns whose values differ between train and a split that measures.

    Univariate tests with a correction, after Rabanser, Günnemann & Lipton ("Failing loudly",
    NeurIPS 2019); see ``checks/drift.py``. The source's column is left out, since splits by
    source differ in it on purpose. Score: the effect, Kolmogorov's D or Cramér's V.
    """
    kept = np.zeros(len(dataset.ids), bool)
    kept[dataset.kept] = True
    rows = {s: np.flatnonzero(kept & (dataset.splits == s)) for s in (TRAIN, VALIDATION, TEST)}
    parts = {split: (rows[split], rows[TRAIN]) for split in (VALIDATION, TEST)}
    for shift in shifts(dataset, parts, without={dataset.settings.source}):
        yield Issue(
            None,
            None,
            shift.effect,
            f"{shift.part} is not like train: {shift.sentence} (effect {shift.effect:.2f}, "
            f"p {shift.p:.1g})",
            subject=f"{shift.part}:{shift.column}",
        )
