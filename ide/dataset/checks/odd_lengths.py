"""Sounds, texts and drawings far longer or shorter than the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.statistics import far_out

TIMES = 4.0  # longer or shorter than the median, at least


@check("odd_lengths", severity="note", needs=["media"])
def odd_lengths(dataset: CheckInput) -> Iterator[Issue]:
    """Find sounds, texts and drawings that are far longer or shorter than the others.

    The length lies more than three interquartile ranges outside the quartiles of its logarithm
    (Tukey 1977), and is at least 4 times the median, or a quarter. Score: 1 at a thousandfold.
    """
    column = "seconds" if dataset.modality == "audio" else "n_chars"
    unit = {"audio": "s", "strokes": "points"}.get(dataset.modality, "characters")
    lengths = fact(dataset, column)
    lengths[~(lengths > 0)] = np.nan  # what is empty has a check of its own
    if not np.isfinite(lengths).any():
        return
    logs = np.log10(lengths)
    low, high = far_out(logs)
    distance = np.abs(logs - np.nanmedian(logs))
    is_odd = ((logs < low) | (logs > high)) & (distance >= np.log10(TIMES))
    usual = f"{np.nanmedian(lengths):.3g}"
    yield from each(
        dataset,
        is_odd,
        distance / 3,
        lambda row: f"is {lengths[row]:.3g} {unit} long; usual here is {usual}",
        n=int(np.isfinite(lengths).sum()),
        what="of an odd length",
    )
