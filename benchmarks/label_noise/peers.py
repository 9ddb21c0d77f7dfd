"""What others rank by: cleanlab's scores on five folds' probabilities, and scores of one run.

A score is (N,) float64, higher = more probably wrong.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks.label_noise.training import Folds, Training

SELF_CONFIDENCE = "cleanlab self_confidence"
N_NEIGHBORS = 10
CLEANLAB = {  # name -> method, adjust_pred_probs
    SELF_CONFIDENCE: ("self_confidence", False),
    "cleanlab self_confidence, adjusted": ("self_confidence", True),
    "cleanlab normalized_margin": ("normalized_margin", False),
    "cleanlab normalized_margin, adjusted": ("normalized_margin", True),
    "cleanlab confidence_weighted_entropy": ("confidence_weighted_entropy", False),
}
FIND_LABEL_ISSUES = "cleanlab find_label_issues"
CLEANLAB_NAMES = (*CLEANLAB, FIND_LABEL_ISSUES)
ONE_RUN_NAMES = ("AUM", "EL2N", "neighbour voting")


def cleanlab_scores(labels: np.ndarray, folds: Folds) -> dict[str, np.ndarray]:
    """Give each of cleanlab's label quality scores, turned around, and ``find_label_issues``."""
    from cleanlab.rank import get_label_quality_scores

    scores = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (method, is_adjusted) in CLEANLAB.items():
            quality = get_label_quality_scores(
                labels, folds.probs, method=method, adjust_pred_probs=is_adjusted
            )
            scores[name] = 1 - np.asarray(quality, np.float64)
        scores[FIND_LABEL_ISSUES] = _flagged_first(labels, folds, scores[SELF_CONFIDENCE])
    return scores


def _flagged_first(labels: np.ndarray, folds: Folds, rest: np.ndarray) -> np.ndarray:
    """Those that ``find_label_issues`` lists in its order, then the others by ``rest`` (N,)."""
    from cleanlab.filter import find_label_issues

    flagged = find_label_issues(
        labels, folds.probs, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    scores = np.asarray(rest).argsort(kind="stable").argsort(kind="stable").astype(np.float64)
    scores[flagged] = len(labels) + np.arange(len(flagged), 0, -1)
    return scores


def aum(training: Training) -> np.ndarray:
    """Pleiss et al. 2020, "Area Under the Margin": minus the mean margin of logits over epochs.

    The logits' margin is the difference of the log probabilities, which the record holds: the
    loss is −ln p(given), the margin p(given) − p(best other). It saturates at 16, where float32
    has no more digits; such examples are the least suspect of all.
    """
    losses = training.record.losses.astype(np.float64)  # (E, N)
    p_other = np.exp(-losses) - training.record.margins
    logit_margins = -losses - np.log(np.maximum(p_other, 1e-7))
    return -logit_margins.mean(0)


def el2n(training: Training) -> np.ndarray:
    """Paul et al. 2021, "Deep Learning on a Data Diet": the error vector's mean length."""
    return training.record.el2n.astype(np.float64)


def neighbour_voting(embeddings: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Zhu et al. 2022, "Detecting Corrupted Labels Without Training a Model to Predict" (SimiFeat).

    One minus the cosine between the given label and the soft label of the 10 nearest by cosine,
    here in the features of the one network; votes weighed by similarity, so that few tie.
    """
    rows = embeddings.astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    k = min(N_NEIGHBORS, len(rows) - 1)
    distances, neighbors = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows).kneighbors()
    weights = 1 - distances.astype(np.float64) ** 2 / 2  # of unit rows: the cosine
    soft = np.zeros((len(rows), n_classes))
    np.add.at(soft, (np.arange(len(rows))[:, None], labels[neighbors]), np.maximum(weights, 1e-6))
    own = soft[np.arange(len(rows)), labels]
    return 1 - own / np.maximum(np.linalg.norm(soft, axis=1), 1e-12)


def one_run_scores(labels: np.ndarray, training: Training, n_classes: int) -> dict[str, np.ndarray]:
    """Give the scores that one training run allows."""
    voting = neighbour_voting(training.embeddings, labels, n_classes)
    return dict(zip(ONE_RUN_NAMES, (aum(training), el2n(training), voting), strict=True))
