"""Groups of rows that are nearly the same: what the checks of near duplicates compare."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ide.dataset.checks.check_input import CheckInput
from ide.dataset.neighbors import unit_rows
from ide.dataset.schema import LABEL

# The least cosine of near duplicates in raw features, by modality: below it lie pairs that only
# stand out because they are rare (two planes in a clear sky; two questions of one pattern).
MIN_SIMILARITY = {"image": 0.9, "text": 0.93, "audio": 0.9, "strokes": 0.995}
SAME = 0.045  # distance of what is the same but for rounding, whatever the neighbourhood …
SAME_RATIO = 0.1  # … at most so much of the usual distance to the k-th neighbour
MAX_RATIO = 0.6  # of distances, however many dimensions there are
EXPECTED_BY_CHANCE = 0.5  # pairs in a whole dataset
MIN_ROWS = 50  # fewer have no neighbourhood to stand out from


@dataclass(frozen=True, slots=True)
class NearGroup:
    """Two or more rows that are nearly the same, by id; not all of equal content."""

    rows: np.ndarray  # (M,) indices of the dataset's rows
    ids: list[str]
    labels: list[str | None]
    splits: list[str]
    contents: list[str | None]  # hashes
    similarity: np.ndarray  # (M, M) cosine


def near_groups(dataset: CheckInput) -> Iterator[NearGroup]:
    """Yield the groups of near duplicates among the kept rows, by smallest id.

    dataset: with raw_features and rows by id, as ``run_checks`` gives it.
    """
    assert dataset.raw_features is not None
    indices, similarities = dataset.raw_neighbors
    is_kept = ~dataset.labels["is_excluded"].to_numpy()
    masked = np.where(is_kept[:, None], similarities, np.nan)
    pairs, values, same = near_pairs(indices, masked, floor=MIN_SIMILARITY[dataset.modality])
    labels = dataset.column(LABEL)
    contents = dataset.content_hashes
    for rows in group_pairs(pairs, values, same=same):
        hashes = [contents[int(row)].as_py() for row in rows]
        if len(set(hashes)) > 1:
            units = unit_rows(dataset.raw_features[rows])
            yield NearGroup(
                rows,
                list(dataset.ids[rows]),
                list(labels[rows]),
                list(dataset.splits[rows]),
                hashes,
                (units @ units.T).clip(-1, 1),
            )


def near_pairs(
    neighbors: np.ndarray, similarities: np.ndarray, *, floor: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Find pairs that are much nearer than chance would bring them.

    neighbors, similarities: (N, k) as ``neighbors.nearest`` gives them, k ≥ 2; NaN = no pair.
    floor: no pair is less similar. Returns pairs (P, 2) int, the smaller first, ordered, their
    similarities (P,), and the similarity from which rows count as the same.

    Where points lie evenly in m dimensions around one of them, the number within a distance d
    grows as dᵐ, so the nearest of k is within r times the distance of the k-th with a chance of
    about (k − 1)·rᵐ, and (d at k/2 ÷ d at k)ᵐ is ½ in the middle: this gives m from the data (as
    Facco et al., "Estimating the intrinsic dimension of datasets by a minimal neighborhood
    information", Scientific Reports 2017, do from two neighbours) and then the r at which half a
    pair is expected by chance in the whole dataset. The scale of a pair is the k-th distance of
    whichever of the two has its neighbours nearer.
    """
    distances = np.sqrt(np.maximum(0, 2 - 2 * similarities.astype(np.float64)))
    scale, ratio = _scales(distances), chance_ratio(distances)
    same = same_similarity(distances, min(SAME_RATIO, ratio or SAME_RATIO))
    real = np.maximum(neighbors, 0)
    scales = np.minimum(scale[:, None], scale[real])
    with np.errstate(invalid="ignore"):
        stands_out = (similarities >= floor) & (distances <= ratio * scales)
        is_pair = (neighbors >= 0) & (stands_out | (similarities >= same))
    rows, columns = np.nonzero(is_pair)
    ends = np.sort(np.stack([rows, neighbors[rows, columns]], axis=1), axis=1)
    pairs, first = np.unique(ends, axis=0, return_index=True)
    return pairs, similarities[rows, columns][first], same


def same_similarity(distances: np.ndarray, ratio: float) -> float:
    """Return the cosine from which two rows are the same but for rounding.

    distances: (N, k), nearest first; ratio: of the usual distance to the k-th neighbour. Where all
    rows lie close together it is closer to 1.
    """
    known = distances[:, -1][np.isfinite(distances[:, -1])]
    usual = float(np.median(known)) if len(known) else 1.0
    return 1 - min(SAME, max(ratio * usual, 1e-3)) ** 2 / 2


def chance_ratio(distances: np.ndarray) -> float:
    """Return the ratio to the k-th distance below which half a pair is expected by chance.

    distances: (N, k), nearest first. 0 where there is too little to judge by.
    """
    k = distances.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        halfway = np.log(distances[:, (k - 1) // 2] / distances[:, -1])
    halfway = halfway[np.isfinite(halfway)]
    if len(halfway) < MIN_ROWS:
        return 0.0
    middle = -float(np.median(halfway))
    n_dimensions = math.log(2) / middle if middle > 0 else math.inf
    chance = EXPECTED_BY_CHANCE / ((k - 1) * len(distances))
    return min(MAX_RATIO, float(chance ** (1 / n_dimensions)))


def _scales(distances: np.ndarray) -> np.ndarray:
    """(N, k) -> (N,): the k-th distance; in a group of more than k copies that of dense places."""
    last = distances[:, -1]
    known = last[np.isfinite(last)]
    least = float(np.quantile(known, 0.05)) if len(known) else 0.0
    scales: np.ndarray = np.maximum(np.nan_to_num(last, nan=0.0), least)
    return np.where(np.isfinite(last), scales, 0.0)


def group_pairs(pairs: np.ndarray, similarities: np.ndarray, *, same: float) -> list[np.ndarray]:
    """Part pairs into groups, so that a chain of look-alikes does not melt into one.

    pairs: (P, 2) int; similarities: (P,). Rows as similar as ``same`` count as one; then the one
    with the most partners takes them all (stars: Aslam, Pelekhov & Rus, "The star clustering
    algorithm", 2004), and who is left over joins its most similar partner's group. So nobody is
    more than two steps from a group's centre. Returns rows, ascending, by their first.
    """
    node_of = _merged(pairs[similarities >= same])
    partners: dict[int, dict[int, float]] = {}
    for (a, b), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        a, b = _find(node_of, a), _find(node_of, b)  # noqa: PLW2901
        for one, other in ((a, b), (b, a)):
            known = partners.setdefault(one, {})
            if one != other:
                known[other] = max(similarity, known.get(other, -1.0))
    centre_of: dict[int, int] = {}
    for node in sorted(partners, key=lambda node: (-len(partners[node]), node)):
        free = [other for other in partners[node] if other not in centre_of]
        if node not in centre_of and (free or not partners[node]):
            centre_of.update(dict.fromkeys([node, *free], node))
    taken = dict(centre_of)
    for node in sorted(set(partners) - set(taken)):
        nearest = max(partners[node], key=lambda other: (partners[node][other], -other))
        centre_of[node] = taken[nearest]
    groups: dict[int, list[int]] = {}
    for row in sorted({*pairs.ravel().tolist()}):
        groups.setdefault(centre_of[_find(node_of, row)], []).append(row)
    return sorted((np.array(rows) for rows in groups.values()), key=lambda rows: int(rows[0]))


def _merged(pairs: np.ndarray) -> dict[int, int]:
    """Return parents of a forest in which the two of each pair have one root."""
    parents: dict[int, int] = {}
    for a, b in pairs.tolist():
        one, other = sorted((_find(parents, a), _find(parents, b)))
        parents[other] = one
    return parents


def _find(parents: dict[int, int], row: int) -> int:
    while (parent := parents.get(row, row)) != row:
        parents[row] = parents.get(parent, parent)
        row = parent
    return row
