"""Images too dark to see."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.blank_images import MIN_CONTRAST
from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

DARKEST = 0.2  # of 0 … 1; the light parts of a picture that is to be seen are above it


@check("dark_images", severity="note", needs=["media"])
def dark_images(dataset: CheckInput) -> Iterator[Issue]:
    """Find images in which even the light parts are dark.

    All but 0.5 % of the pixels are below a fifth of white: a black ground with a light subject is
    not dark. Score: how far below, 1 = black.
    """
    white = fact(dataset, "white_point")
    yield from each(
        dataset,
        (white < DARKEST) & ~(fact(dataset, "contrast") < MIN_CONTRAST),
        1 - white / DARKEST,
        lambda row: f"is dark: nothing in it is lighter than {white[row]:.0%} of white",
        n=int(np.isfinite(white).sum()),
        what="dark",
    )
