"""What the checks of payloads share: a column of the facts, and findings that do not flood."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ide.dataset.checks.check_input import CheckInput
from ide.dataset.checks.registry import Issue

MANY_SHARE = 0.25  # of the examples: what so many are is the dataset's nature
FEW = 20  # findings that are listed whatever their share


def fact(dataset: CheckInput, name: str) -> np.ndarray:
    """Return a measured column, (N,) float; NaN where not measured, or the row is excluded."""
    assert dataset.media is not None, "a check of payloads needs media"
    values: np.ndarray = dataset.media[name].to_numpy().astype(np.float64)
    values[dataset.labels["is_excluded"].to_numpy()] = np.nan
    return values


def each(
    dataset: CheckInput,
    is_found: np.ndarray,
    score: np.ndarray | float,
    message: Callable[[int], str],
    *,
    n: int,
    what: str,
) -> Iterator[Issue]:
    """Yield an issue an example; one for all where more than a quarter of ``n`` are found.

    is_found: (N,) bool. score: (N,) or one for all, 0 … 1. message: of a row's number. what: what
    they all are, such as "dark".
    """
    rows = np.flatnonzero(is_found)
    if len(rows) > FEW and len(rows) > MANY_SHARE * n:
        first = dataset.ids[rows[0]]
        yield Issue(
            None,
            None,
            min(1.0, len(rows) / n),
            f"{len(rows):,} of {n:,} examples are {what}, such as {first}; if that is their "
            "nature, turn this check off in dataset.toml",
            subject=what,
        )
        return
    scores = np.broadcast_to(np.asarray(score, np.float64), is_found.shape)
    for row in rows:
        yield Issue(dataset.ids[row], None, float(np.clip(scores[row], 0, 1)), message(int(row)))
