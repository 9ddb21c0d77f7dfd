"""Sounds that were recorded too loud."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

CLIPPED = 0.001  # share of the samples; one click is no clipping


@check("clipped_audio", severity="note", needs=["media"])
def clipped_audio(dataset: CheckInput) -> Iterator[Issue]:
    """Find sounds whose wave is cut off at the top.

    More than 0.1 % of the samples stand, three or more in a row, at the sound's peak. Score: ten
    times that share.
    """
    clipped = fact(dataset, "clipped")
    yield from each(
        dataset,
        clipped > CLIPPED,
        10 * clipped,
        lambda row: f"is clipped: {clipped[row]:.1%} of its samples stand at the peak",
        n=int(np.isfinite(clipped).sum()),
        what="clipped",
    )
