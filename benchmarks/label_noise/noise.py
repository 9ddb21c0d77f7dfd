"""Wrong labels to plant: each kind a pure function of features, true labels and a generator.

Each gives labels (N,) int64 of which exactly ``round(share · N)`` differ from the truth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neighbors import NearestNeighbors

Noise = Callable[[np.ndarray, np.ndarray, int, float, np.random.Generator], np.ndarray]

N_NEIGHBORS = 10


def uniform(
    _features: np.ndarray,
    truth: np.ndarray,
    n_classes: int,
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Any other class, whatever the example is like."""
    rows = _draw(truth, share, rng)
    labels = truth.copy()
    labels[rows] = (truth[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
    return labels


def neighbouring_class(
    features: np.ndarray, truth: np.ndarray, n_classes: int, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Each class only ever taken for the one whose centroid in features (N, D) is nearest."""
    present = np.unique(truth)
    centroids = np.stack([features[truth == k].mean(0) for k in present]).astype(np.float64)
    distances = np.linalg.norm(centroids[:, None] - centroids[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    partner = np.arange(n_classes)
    partner[present] = present[distances.argmin(1)]
    rows = _draw(truth, share, rng)
    labels = truth.copy()
    labels[rows] = partner[truth[rows]]
    return labels


def instance_dependent(
    features: np.ndarray, truth: np.ndarray, n_classes: int, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Flip rate and target differ from example to example.

    After Xia et al. 2020, "Part-dependent Label Noise", algorithm 2: a rate drawn around ``share``
    (deviation 0.1), the target from a random projection of the features by the example's class.
    Here the rates weigh a draw of a fixed number, so that seeds differ in nothing else.
    """
    scaled = (features - features.mean(0)) / np.maximum(features.std(0), 1e-6)
    rates = np.clip(rng.normal(share, 0.1, len(truth)), 1e-3, 1)
    rows = _draw(truth, share, rng, weights=rates)
    labels = truth.copy()
    for k in np.unique(truth[rows]):
        own = rows[truth[rows] == k]
        projection = rng.normal(size=(features.shape[1], n_classes))
        logits = scaled[own] @ projection
        logits[:, k] = -np.inf
        # the greatest of logits + Gumbel noise is a draw from their softmax
        labels[own] = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    return labels


def near_boundary(
    features: np.ndarray,
    truth: np.ndarray,
    _n_classes: int,
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Examples whose neighbours in features (N, D) are of another class take that class.

    Half of the ``2 · share`` that lie nearest to another class: by how many of 10 neighbours are
    of another, then by how much nearer the nearest of these is than the nearest of its own.
    """
    n_found = min(len(truth), N_NEIGHBORS * 10)  # far enough to meet another class, mostly
    model = NearestNeighbors(n_neighbors=n_found).fit(features)
    distances, neighbors = model.kneighbors()
    is_other = truth[neighbors] != truth[:, None]  # (N, n_found), the example itself left out
    closeness = is_other[:, :N_NEIGHBORS].sum(1) + _closeness(distances, is_other)
    n_near = min(round(2 * share * len(truth)), int(is_other.any(1).sum()))
    near = np.argsort(-closeness, kind="stable")[:n_near]
    rows = rng.choice(near, round(share * len(truth)), replace=False)
    labels = truth.copy()
    labels[rows] = truth[neighbors[rows, is_other[rows].argmax(1)]]
    return labels


NOISES: dict[str, tuple[Noise, float]] = {
    "uniform": (uniform, 0.10),
    "neighbouring": (neighbouring_class, 0.20),
    "instance": (instance_dependent, 0.20),
    "boundary": (near_boundary, 0.10),
}


def plant(
    name: str,
    features: np.ndarray,
    truth: np.ndarray,
    n_classes: int,
    *,
    seed: int,
    share: float | None = None,
) -> np.ndarray:
    """Plant the errors called ``name``, at its usual share if none is given; (N,) int64."""
    noise, usual = NOISES[name]
    rng = np.random.default_rng([seed, list(NOISES).index(name)])
    return noise(features, truth, n_classes, usual if share is None else share, rng)


def _draw(
    truth: np.ndarray, share: float, rng: np.random.Generator, *, weights: np.ndarray | None = None
) -> np.ndarray:
    p = None if weights is None else weights / weights.sum()
    return rng.choice(len(truth), round(share * len(truth)), replace=False, p=p)


def _closeness(distances: np.ndarray, is_other: np.ndarray) -> np.ndarray:
    """(N, k) -> (N,) of 0 … 1, higher = another class is nearer than the example's own."""
    to_other = np.where(is_other, distances, np.inf).min(1)
    to_own = np.where(is_other, np.inf, distances).min(1)
    is_met = np.isfinite(to_other) & np.isfinite(to_own)
    both = np.where(is_met, to_own + to_other, 1)
    nearer = np.divide(to_own, both, out=np.full(len(both), 0.5), where=is_met & (both > 0))
    return np.where(np.isfinite(to_other), np.where(np.isfinite(to_own), nearer, 1.0), 0.0)
