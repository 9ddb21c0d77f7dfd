"""Images of an odd size or shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.media_tools import each, fact
from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.statistics import far_out

TIMES_LARGER = 4.0  # in area, at least, to be odd
TIMES_LONGER = 1.5  # in aspect ratio


@check("odd_sizes", severity="note", needs=["media"])
def odd_sizes(dataset: CheckInput) -> Iterator[Issue]:
    """Find images far larger, smaller, wider or taller than the others.

    Area or aspect ratio lies more than three interquartile ranges outside the quartiles of its
    logarithm (Tukey 1977), and is at least 4 times, or 1.5 times for the ratio, the median's.
    Score: how many times, 1 at a hundredfold area or a tenfold ratio.
    """
    width, height = fact(dataset, "width"), fact(dataset, "height")
    if not np.isfinite(width).any():
        return
    area, ratio = np.log10(width * height), np.log10(width / height)
    odd_area, odd_ratio = _odd(area, np.log10(TIMES_LARGER)), _odd(ratio, np.log10(TIMES_LONGER))
    usual = f"{np.nanmedian(width):g} × {np.nanmedian(height):g}"
    score = np.fmax(
        np.where(odd_area, np.abs(area - np.nanmedian(area)) / 2, 0),
        np.where(odd_ratio, np.abs(ratio - np.nanmedian(ratio)), 0),
    )
    yield from each(
        dataset,
        odd_area | odd_ratio,
        score,
        lambda row: f"is {width[row]:g} × {height[row]:g} pixels; usual here is {usual}",
        n=int(np.isfinite(width).sum()),
        what="of an odd size",
    )


def _odd(values: np.ndarray, least: float) -> np.ndarray:
    low, high = far_out(values)
    is_far = np.abs(values - np.nanmedian(values)) >= least
    odd: np.ndarray = ((values < low) | (values > high)) & is_far
    return odd
