"""Images without a sharp edge, among others that have them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check

SMALLEST = 32  # pixels; of a smaller image nobody can say
BLURRED = -2.0  # log10 of the Laplacian's variance over the luminance's
BELOW = 0.7  # log10: five times less sharp than the dataset's median


@check("blurred_images", severity="note", needs=["media"])
def blurred_images(dataset: CheckInput) -> Iterator[Issue]:
    """Find images that are blurred, by themselves and beside the others of the dataset.

    The variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) over that of the luminance is
    below 0.01, and a fifth of the dataset's median or less: a dataset of soft pictures is not
    blurred throughout. Images of less than 32 pixels are not judged. Score: how far below, 1 at a
    ten-thousandth.
    """
    sharpness = fact(dataset, "sharpness")
    side = np.fmin(fact(dataset, "width"), fact(dataset, "height"))
    sharpness[~(side >= SMALLEST)] = np.nan
    if not np.isfinite(sharpness).any():
        return
    centre = float(np.nanmedian(sharpness))
    is_blurred = (sharpness < BLURRED) & (sharpness < centre - BELOW)
    yield from each(
        dataset,
        is_blurred,
        (BLURRED - sharpness) / (BLURRED + 4),
        lambda row: f"is blurred: {10 ** (centre - sharpness[row]):.0f} times less sharp than most",
        n=int(np.isfinite(sharpness).sum()),
        what="blurred",
    )
