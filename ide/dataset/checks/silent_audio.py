"""Sounds in which nothing is heard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

SILENT = 0.98  # share of the frames


@check("silent_audio", severity="warning", needs=["media"])
def silent_audio(dataset: CheckInput) -> Iterator[Issue]:
    """Find sounds that are silent from end to end.

    At least 98 % of the frames of 20 ms are below −60 dB of full scale. Score: that share.
    """
    silent = fact(dataset, "silent")
    yield from each(
        dataset,
        silent >= SILENT,
        silent,
        lambda row: f"is silent: {silent[row]:.0%} of it is below -60 dB",
        n=int(np.isfinite(silent).sum()),
        what="silent",
    )
