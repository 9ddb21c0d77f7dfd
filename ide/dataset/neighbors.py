"""The nearest examples in the network's own features, exactly."""

from __future__ import annotations

import numpy as np

CHUNK = 1024  # rows compared at once: 1024 × N similarities are in memory


def nearest(
    embeddings: np.ndarray, k: int, *, is_candidate: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the ``k`` candidates most similar to each example, never the example itself.

    embeddings: (N, D), any float type; compared by cosine, so their lengths do not matter.
    is_candidate: (N,) bool, who may be a neighbour (all, if left out); everyone gets neighbours.
    Returns indices (N, k) int64, nearest first, ties by the smaller index, and similarities
    (N, k) float32 of −1 … 1, higher = nearer. Where there are fewer than k candidates, the rest
    is −1 and NaN.
    """
    units = _unit_rows(embeddings)
    n = len(units)
    candidates = np.arange(n) if is_candidate is None else np.flatnonzero(is_candidate)
    indices = np.full((n, k), -1, np.int64)
    similarities = np.full((n, k), np.nan, np.float32)
    if not len(candidates) or not k:
        return indices, similarities
    column_of = np.full(n, -1)
    column_of[candidates] = np.arange(len(candidates))
    of_candidates = units[candidates].T
    for start in range(0, n, CHUNK):
        rows = slice(start, min(start + CHUNK, n))
        found = units[rows] @ of_candidates  # (B, M)
        own = column_of[rows]
        found[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
        columns, values = _best(found, k)
        is_real = np.isfinite(values)
        width = columns.shape[1]
        indices[rows, :width] = np.where(is_real, candidates[columns], -1)
        similarities[rows, :width] = np.where(is_real, values, np.nan)
    return indices, similarities


def votes(neighbors: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Count how many of each example's neighbours have each class as their label.

    neighbors: (N, k) int, −1 = none. labels: (N,) int, −1 = none. Returns (N, K) int32.
    """
    n, k = neighbors.shape
    theirs = np.where(neighbors >= 0, labels[neighbors], -1)  # (N, k)
    rows = np.repeat(np.arange(n), k)[theirs.ravel() >= 0]
    cells = rows * n_classes + theirs.ravel()[theirs.ravel() >= 0]
    counts = np.bincount(cells, minlength=n * n_classes)
    return counts.reshape(n, n_classes).astype(np.int32)


def _unit_rows(embeddings: np.ndarray) -> np.ndarray:
    """(N, D) -> float32 rows of length 1; a row of zeros stays zero, similar to nothing."""
    rows = np.nan_to_num(np.asarray(embeddings, np.float32))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _best(found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` greatest of each row (B, M), greatest first, ties by the smaller column."""
    k = min(k, found.shape[1])
    top = np.argpartition(-found, k - 1, axis=1)[:, :k]
    top.sort(axis=1)
    values = np.take_along_axis(found, top, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(top, order, 1), np.take_along_axis(values, order, 1)
