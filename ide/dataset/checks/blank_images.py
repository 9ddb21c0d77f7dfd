"""Images of one colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

MIN_CONTRAST = 0.008  # two steps of 255: what compressing one colour leaves


@check("blank_images", severity="warning", needs=["media"])
def blank_images(dataset: CheckInput) -> Iterator[Issue]:
    """Find images that are one colour all over.

    Their luminance has a standard deviation below 0.008 of 0 … 1. Score 1.
    """
    contrast = fact(dataset, "contrast")
    yield from each(
        dataset,
        contrast < MIN_CONTRAST,
        1.0,
        lambda _: "is one colour all over",
        n=int(np.isfinite(contrast).sum()),
        what="one colour all over",
    )
