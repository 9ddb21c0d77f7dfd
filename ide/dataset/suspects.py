"""Rank examples by how probably their label is wrong, from one training run.

A wrong label is learnt late or never, and the examples around it in the network's features bear
other labels. Neither sign is worth much for the other's failures: a network learns wrong labels
by heart in the end, and near a class boundary neighbours differ for good reasons. So:

- *The blend.* Probabilities averaged over the epochs, times the share of the 10 nearest
  neighbours with each class (neighbours never include the example itself, so their votes are out
  of sample for everyone). Averages over epochs are what makes rows that were trained on comparable
  with rows that were not: final probabilities know the training labels by heart.
- *The doubt.* Two thirds one minus the blend's probability of the given label; one sixth EL2N
  (Paul et al. 2021, "Deep Learning on a Data Diet") over all epochs; one sixth the mean margin
  (Pleiss et al. 2020, "Area Under the Margin ranking", in probabilities). The final loss only
  breaks ties: for examples trained on it has forgotten what it doubted.
- *How many.* Confident learning (Northcutt et al. 2021), as cleanlab counts it, on the blend. On
  averaged probabilities alone it finds half of the errors planted in digits, on the blend 80 to
  95 %, and none or one in clean digits.
- *p_mislabeled.* A logistic curve over the doubt, moved so that it sums to that number.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ide.dataset.neighbors import nearest, votes
from ide.dataset.reasons import reasons
from ide.dataset.schema import SUSPECTS

N_NEIGHBORS = 10
VOTE_PRIOR = 0.5  # added to each class's votes: ten neighbours rule nothing out
WEIGHTS = (2 / 3, 1 / 6, 1 / 6)  # of the blend, EL2N, mean margin
SHARPNESS = 10.0  # of p_mislabeled: a tenth more doubt, e times the odds
N_ERRORS = "upwell.estimated_label_errors"  # in the table's metadata
MIN_AMBIGUOUS = 0.3  # both labels at least this probable
MIN_ERRORS = 0.5  # no estimate rules out an error


def rank(
    *,
    example_ids: Sequence[str],
    labels: np.ndarray,
    splits: Sequence[str],
    classes: Sequence[str],
    probs: np.ndarray,
    mean_probs: np.ndarray,
    margins: np.ndarray,
    el2n: np.ndarray,
    embeddings: np.ndarray,
    is_train: np.ndarray,
    is_excluded: np.ndarray,
    is_conflict: np.ndarray,
) -> pa.Table:
    """Give the suspects (see ``schema.SUSPECTS``): every labelled example, most suspect first.

    Everything of length N is in one order, that of ``example_ids``:
    labels (N,) int, −1 = none; splits (N,) str; probs (N, K) of the final network and mean_probs
    (N, K) over the epochs, rows sum to 1; margins (E, N), −1 … 1, and el2n (N,), 0 … √2, from the
    training record; embeddings (N, D); is_train (N,) bool, whose label was trained on. Excluded
    examples are left out, as neighbours too; those in conflict are ranked but no neighbours.
    The order of the rows given changes nothing but ties of neighbours. The table's metadata hold
    cleanlab's estimate of how many labels are wrong, under ``N_ERRORS``. The schema's metadata say
    how many labels are estimated to be wrong: ``upwell.estimated_label_errors``.
    """
    is_listed = (labels >= 0) & ~is_excluded
    neighbors, _ = nearest(embeddings, N_NEIGHBORS, is_candidate=is_listed & ~is_conflict)
    rows = np.flatnonzero(is_listed)
    given, neighbors, mean_probs = labels[rows], neighbors[rows], mean_probs[rows]
    margins, el2n, probs = margins[:, rows], el2n[rows], probs[rows]

    counts = votes(neighbors, labels, len(classes))
    n_neighbors = counts.sum(1)
    blended = blend(mean_probs, counts)
    mean_margin = margins.mean(0, dtype=np.float64)
    doubts = doubt(blended, given, el2n, mean_margin)
    n_errors = estimate_errors(given, blended)
    p_mislabeled = calibrate(doubts, n_errors)
    suggested = suggest(blended, given)
    of_suggested = np.take_along_axis(blended, suggested[:, None], 1)[:, 0]
    of_given = np.take_along_axis(blended, given[:, None], 1)[:, 0]
    p_suggested = p_mislabeled * of_suggested / np.maximum(1 - of_given, 1e-6)
    loss, margin = loss_and_margin(probs, given)
    why = reasons(
        classes=classes,
        labels=given,
        suggested=suggested,
        p_mislabeled=p_mislabeled,
        votes=counts,
        n_neighbors=n_neighbors,
        n_learnt=(margins > 0).sum(0),
        n_epochs=len(margins),
        is_train=is_train[rows],
    )
    ids = np.asarray(example_ids, object)
    order = np.lexsort((ids[rows].astype(str), -loss, -doubts))
    names = np.asarray(classes, object)
    columns = {
        "rank": np.arange(1, len(rows) + 1),
        "example_id": ids[rows][order],
        "label": names[given][order],
        "suggested_label": names[suggested][order],
        "p_suggested": p_suggested[order],
        "p_mislabeled": p_mislabeled[order],
        "is_ambiguous": (np.minimum(of_given, of_suggested) > MIN_AMBIGUOUS)[order],
        "loss": loss[order],
        "margin": margin[order],
        "mean_margin": mean_margin[order],
        "el2n": el2n[order],
        "neighbor_agreement": agreement(counts, given)[order],
        "reason": np.asarray(why, object)[order],
        "split": np.asarray(splits, object)[rows][order],
        "neighbors": _id_lists(neighbors[order], ids),
    }
    return pa.table(
        [pa.array(columns[field.name], field.type, from_pandas=True) for field in SUSPECTS],
        schema=SUSPECTS.with_metadata({"upwell.estimated_label_errors": str(n_errors)}),
    )


def blend(mean_probs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Multiply the network's (M, K) and the neighbours' (M, K) word; rows sum to 1, float32."""
    both = mean_probs * (counts + np.float32(VOTE_PRIOR)).astype(np.float32)
    return np.asarray(both / both.sum(1, keepdims=True))


def doubt(
    blended: np.ndarray, labels: np.ndarray, el2n: np.ndarray, mean_margin: np.ndarray
) -> np.ndarray:
    """Give 0 … 1, higher = more probably wrong, of (M,) given labels; see the module's page."""
    own = np.take_along_axis(blended, labels[:, None], 1)[:, 0]
    of_blend, of_el2n, of_margin = WEIGHTS
    doubts = of_blend * (1 - own.astype(np.float64))
    doubts += of_el2n * el2n.astype(np.float64) / np.sqrt(2)
    doubts += of_margin * (1 - mean_margin) / 2
    return np.asarray(doubts)


def estimate_errors(labels: np.ndarray, probs: np.ndarray) -> int:
    """Estimate how many of (M,) labels are wrong, from (M, K) probabilities, by cleanlab's count.

    Confident learning: an example counts as wrong if another class is more probable than that
    class is among its own. Classes that nobody bears are left aside, as it can't judge them.
    """
    present = np.unique(labels)
    if len(present) < 2:
        return 0
    from cleanlab.count import num_label_issues

    of_present = probs[:, present]
    of_present = of_present / of_present.sum(1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what a small data set makes it guess
        return int(num_label_issues(np.searchsorted(present, labels), of_present))


def calibrate(doubts: np.ndarray, n_errors: float) -> np.ndarray:
    """Turn (M,) doubts into probabilities of 0 … 1 in the same order, which sum to ``n_errors``.

    At least half an error is assumed, and at most all but half of one.
    """
    if not len(doubts):
        return doubts
    target = np.clip(n_errors, min(MIN_ERRORS, len(doubts) / 2), len(doubts) - MIN_ERRORS)
    low, high = -5.0, 5.0  # of the doubt at which p is one half
    for _ in range(50):
        middle = (low + high) / 2
        if _logistic(doubts, middle).sum() > target:
            low = middle
        else:
            high = middle
    return _logistic(doubts, (low + high) / 2)


def suggest(blended: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the most probable class other than the given one, (M,) int; the lower index if tied."""
    others = blended.copy()
    np.put_along_axis(others, labels[:, None], -1, 1)
    return np.asarray(others.argmax(1))


def loss_and_margin(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give −ln p(given), ≥ 0, and p(given) − p(best other), −1 … 1, of (M, K) probabilities."""
    own = np.take_along_axis(probs, labels[:, None], 1)[:, 0].astype(np.float64)
    others = probs.copy()
    np.put_along_axis(others, labels[:, None], -1, 1)
    return np.abs(np.log(np.maximum(own, 1e-12))), own - others.max(1)


def agreement(counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the share 0 … 1 of the neighbours that bear the given label, (M,); NaN without any."""
    own = np.take_along_axis(counts, labels[:, None], 1)[:, 0]
    n = counts.sum(1)
    return np.asarray(np.where(n > 0, own / np.maximum(n, 1), np.nan))


def _logistic(doubts: np.ndarray, middle: float) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-SHARPNESS * (doubts - middle))))


def _id_lists(neighbors: np.ndarray, ids: np.ndarray) -> pa.Array:
    """(M, k) indices, −1 = none -> lists of example ids."""
    is_real = neighbors >= 0
    offsets = np.concatenate([[0], np.cumsum(is_real.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(ids[neighbors[is_real]], pa.string()))
