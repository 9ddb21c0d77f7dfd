"""Columns as arrays: what the pure functions take."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def label_numbers(labels: pa.ChunkedArray, classes: tuple[str, ...]) -> np.ndarray:
    """Return (N,) int64: the place of each label in ``classes``, −1 for none and for no class."""
    places = pc.index_in(labels, value_set=pa.array(classes, pa.string()))
    return np.asarray(pc.fill_null(places, -1), dtype=np.int64)


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """Return (N, K) from N lists of K."""
    values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(column), -1)


def lists(values: np.ndarray) -> pa.ListArray:
    """(N, K) -> N lists of K."""
    n, k = values.shape
    return pa.ListArray.from_arrays(pa.array(np.arange(0, n * k + 1, k, np.int32)), values.ravel())
