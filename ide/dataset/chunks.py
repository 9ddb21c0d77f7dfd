"""Rows in chunks that fit the processor's cache, two at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

N_THREADS = 2  # numpy and Arrow let go of the interpreter; more threads wait for memory
CHUNK_VALUES = 1 << 17  # half a megabyte of float32

Result = TypeVar("Result")


def map_chunks(work: Callable[[slice], Result], n: int, *, width: int) -> list[Result]:
    """Call ``work`` with slices of 0 … n, of so many rows that ``width`` values each fit the cache.

    Returns the results in the order of the rows, whichever chunk is done first: what ``work``
    gives for one chunk must not depend on another.
    """
    size = max(256, CHUNK_VALUES // max(1, width))
    chunks = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    if len(chunks) < 2:
        return [work(chunk) for chunk in chunks]
    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, chunks))


def spread(rows: np.ndarray, n: int) -> np.ndarray:
    """Take every so manieth of ``rows``, about ``n`` and fewer than 2 · n; all if they are few."""
    return rows[:: max(1, len(rows) // n)]
