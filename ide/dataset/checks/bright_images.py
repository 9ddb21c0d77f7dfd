"""Images too bright to see."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.blank_images import MIN_CONTRAST
from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

LIGHTEST = 0.8  # of 0 … 1; the dark parts of a picture that is to be seen are below it


@check("bright_images", severity="note", needs=["media"])
def bright_images(dataset: CheckInput) -> Iterator[Issue]:
    """Find images in which even the dark parts are bright.

    All but 0.5 % of the pixels are above four fifths of white: ink on white paper is not bright.
    Score: how far above, 1 = white.
    """
    black = fact(dataset, "black_point")
    yield from each(
        dataset,
        (black > LIGHTEST) & ~(fact(dataset, "contrast") < MIN_CONTRAST),
        (black - LIGHTEST) / (1 - LIGHTEST),
        lambda row: f"is bright: nothing in it is darker than {black[row]:.0%} of white",
        n=int(np.isfinite(black).sum()),
        what="bright",
    )
