"""The nearest examples by cosine: all pairs compared while that is quick, an index beyond.

FAISS does the work (Douze et al. 2024, https://arxiv.org/abs/2401.08281). Up to ``EXACT_UP_TO``
candidates the search is exact. Beyond, an inverted file (Sivic & Zisserman 2003) parts the
candidates into about 4·√M lists by k-means, and each example is compared with the ``N_PROBES``
lists nearest to it only, so that time grows as N·√M instead of N·M. What is found is compared
anew, pair by pair, so that equal features have equal similarities and ties have one order.

The same input gives the same bytes on the same machine, with any number of threads.
docs/decisions/030-neighbour-index.md has the figures, of other libraries too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

EXACT_UP_TO = 16_384  # candidates; comparing all pairs takes a few seconds then
N_PROBES = 16  # lists that an example is compared with: recall 0.99 or more where measured
SPARE = 4  # found beyond k, so that ties at the end are cut by their index
CHUNK_VALUES = 1 << 24  # of neighbours that are compared anew at once: 64 MB
_SEARCHED_AT_ONCE = 65_536  # rows


def nearest(
    embeddings: np.ndarray, k: int, *, is_candidate: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the ``k`` candidates most similar to each example, never the example itself.

    embeddings: (N, D), any float type; compared by cosine, so their lengths do not matter.
    is_candidate: (N,) bool, who may be a neighbour (all, if left out); everyone gets neighbours.
    Returns indices (N, k) int64, nearest first, ties by the smaller index, and similarities
    (N, k) float32 of −1 … 1, higher = nearer. Where there are fewer than k candidates, the rest
    is −1 and NaN. Memory: a copy of the embeddings as float32, one as
    float16 beyond ``EXACT_UP_TO``, and N·k.
    """
    units = unit_rows(embeddings)
    n = len(units)
    indices = np.full((n, k), -1, np.int64)
    similarities = np.full((n, k), np.nan, np.float32)
    candidates = np.arange(n) if is_candidate is None else np.flatnonzero(is_candidate)
    if not len(candidates) or not k:
        return indices, similarities
    theirs = units if len(candidates) == n else units[candidates]
    wanted = min(len(candidates), k + 1 + SPARE)
    search = _search_all if len(candidates) <= EXACT_UP_TO else _search_lists
    found = search(units, theirs, wanted)  # (N, k + 1 + SPARE) places in candidates, −1 = none
    step = max(1, CHUNK_VALUES // (wanted * max(1, units.shape[1])))
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        columns = np.where(found[rows] >= 0, candidates[found[rows]], -1)
        best, values = _compare_anew(units, rows, columns, k)
        indices[rows, : best.shape[1]] = best
        similarities[rows, : best.shape[1]] = values
    return indices, similarities


def nearest_to(
    embeddings: np.ndarray, rows: np.ndarray, k: int, *, is_candidate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the ``k`` candidates most similar to each of some rows (R,); else as ``nearest``.

    All pairs are compared, whatever their number: R is small beside N.
    """
    units = unit_rows(embeddings)
    candidates = np.flatnonzero(is_candidate)
    if not len(candidates) or not len(rows) or not k:
        return np.full((len(rows), k), -1, np.int64), np.full((len(rows), k), np.nan, np.float32)
    wanted = min(len(candidates), k + 1 + SPARE)
    columns = candidates[_search_all(units[rows], units[candidates], wanted)]
    best, values = _compare_anew(units, np.asarray(rows, np.int64), columns, k)
    more = ((0, 0), (0, k - best.shape[1]))
    return (
        np.pad(best, more, constant_values=-1),
        np.pad(values, more, constant_values=np.nan),
    )


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


def unit_rows(embeddings: np.ndarray) -> np.ndarray:
    """(N, D) -> float32 rows of length 1; a row of zeros stays zero, similar to nothing."""
    rows = np.array(embeddings, np.float32, order="C")
    np.nan_to_num(rows, copy=False)
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    rows /= np.where(lengths > 0, lengths, 1)
    return rows


def _search_all(units: np.ndarray, theirs: np.ndarray, k: int) -> np.ndarray:
    """Compare each of (N, D) with each of (M, D); return (N, k) places of the most similar."""
    import faiss  # takes a tenth of a second, so not with `import ide`

    found: np.ndarray = faiss.knn(units, theirs, k, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return found


def _search_lists(units: np.ndarray, theirs: np.ndarray, k: int) -> np.ndarray:
    """Compare each of (N, D) with the lists of (M, D) nearest to it; return (N, k) places.

    Rows of one list are searched one after another: the list is in the cache then, which halves
    the time. Rows whose lists hold fewer than k are compared with all.
    """
    index = _build_index(theirs)
    found = np.empty((len(units), k), np.int64)
    closeness, lists = index.quantizer.search(units, min(N_PROBES, index.nlist))
    order = np.argsort(lists[:, 0], kind="stable")
    for start in range(0, len(order), _SEARCHED_AT_ONCE):
        rows = order[start : start + _SEARCHED_AT_ONCE]
        found[rows] = index.search_preassigned(units[rows], k, lists[rows], closeness[rows])[1]
    short = np.flatnonzero(found[:, -1] < 0)
    if len(short):
        found[short] = _search_all(units[short], theirs, k)
    return found


def _build_index(theirs: np.ndarray) -> Any:
    """Return FAISS's inverted file over (M, D) unit rows, ready to be searched."""
    import faiss

    n_lists = round(4 * math.sqrt(len(theirs)))
    width = theirs.shape[1]
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width),
        width,
        n_lists,
        faiss.ScalarQuantizer.QT_fp16,  # half the memory and less time; compared anew afterwards
        faiss.METRIC_INNER_PRODUCT,
        False,  # rows as they are, not their differences from the centres
    )
    index.cp.seed = 0
    index.cp.niter = 4  # the lists need not be the best ones
    index.cp.max_points_per_centroid = 20  # k-means sees a sample of this times n_lists
    index.cp.min_points_per_centroid = 1  # says nothing on the console
    index.cp.spherical = True
    index.nprobe = min(N_PROBES, n_lists)
    index.train(theirs)
    index.add(theirs)
    return index


def _compare_anew(
    units: np.ndarray, rows: np.ndarray, columns: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``k`` best of ``columns`` (B, W) for ``rows`` (B,), ties by the smaller index.

    −1 and NaN stand for none; the row itself is none. The product of one pair does not depend on
    its place among the others, as that of a matrix product may.
    """
    columns = np.sort(np.where(columns == rows[:, None], -1, columns), axis=1)
    values = np.einsum("bd,bkd->bk", units[rows], units[columns])  # (B, W)
    values = np.where(columns >= 0, values, -np.inf).clip(None, 1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(columns, order, 1)
    values = np.take_along_axis(values, order, 1)
    return best, np.where(best >= 0, values, np.nan).astype(np.float32)
