"""Sorting a million numbers: as stable as merge sort, as fast as what the processor has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def in_order(values: np.ndarray, ids: pa.Array | None = None) -> np.ndarray:
    """Return the indices that sort (N,) values, ties by ``ids``, or by index if left out.

    numpy's unstable sort is several times as fast as its stable one; ties are put right after.
    """
    order = np.argsort(values)
    placed = values[order]
    is_tied = placed[1:] == placed[:-1]
    if is_tied.any():
        is_member = np.zeros(len(order), bool)
        is_member[1:] = is_tied
        is_member[:-1] |= is_tied
        run = np.concatenate([[0], np.cumsum(~is_tied)])[is_member]
        tied = order[is_member]
        keys = tied if ids is None else np.array(ids.take(pa.array(tied)).to_pylist())
        order[is_member] = tied[np.lexsort((keys, run))]
    return order


def rank_of(values: np.ndarray) -> np.ndarray:
    """Return each one's place, 0 … N−1, when (N,) values are sorted, ties by index."""
    places = np.empty(len(values), np.int64)
    places[in_order(values)] = np.arange(len(values))
    return places
