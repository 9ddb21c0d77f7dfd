"""Rank examples by how probably their label is wrong, from a compile and a short second look.

- *Signals* (``signals``): what the compile's own training run says of each label.
- *The blend* (``label_blend``): what to make of them, learnt on this dataset from labels that a
  second, shorter training was given wrong on purpose (``second_look``).
- *The second opinion*: that training left out the labels that the first one doubted most, so its
  doubt of them is not learnt from them. It counts a third in the order.
- *How many* (``error_count``): confident learning's count, corrected for what it is seen to miss
  and to take for wrong in the second look.
- *p_mislabeled*: the blend's log odds, moved so that they sum to that number (Saerens et al. 2002,
  "Adjusting the Outputs of a Classifier to New a Priori Probabilities", move them likewise), and
  given out in the order above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ide.dataset.error_count import ErrorCount, confident_flags, count_errors
from ide.dataset.label_blend import LabelBlend, learn_blend
from ide.dataset.label_errors import N_ERRORS, N_ERRORS_RANGE
from ide.dataset.neighbors import nearest
from ide.dataset.noise_channel import learn_channel
from ide.dataset.reasons import reasons
from ide.dataset.schema import SUSPECTS
from ide.dataset.second_look import SecondLook, robust
from ide.dataset.signals import (
    N_NEIGHBORS,
    Run,
    Training,
    best_other,
    blend,
    of_label,
    signals,
)

OWN_WEIGHT = 2 / 3  # of the first run's blend in the order; the second opinion has the rest
MIN_AMBIGUOUS = 0.25  # both labels at least this probable
MIN_ERRORS = 0.5  # no estimate rules out an error
SURE = 12.0  # log odds beyond this are this


@dataclass(frozen=True, slots=True)
class Labelled:
    """Who is ranked: N examples in one order."""

    example_ids: Sequence[str]
    labels: np.ndarray  # (N,) int, −1 = none
    splits: Sequence[str]
    classes: Sequence[str]
    is_train: np.ndarray  # (N,) bool: its label was trained on
    is_excluded: np.ndarray  # (N,) bool: left out, as neighbours too
    is_conflict: np.ndarray  # (N,) bool: ranked, but no neighbours

    @property
    def rows(self) -> np.ndarray:
        """Indices of those that are ranked, (M,): labelled and not excluded."""
        return np.flatnonzero((self.labels >= 0) & ~self.is_excluded)

    @property
    def is_candidate(self) -> np.ndarray:
        """(N,) bool: whose label may vote as a neighbour's."""
        return np.asarray((self.labels >= 0) & ~self.is_excluded & ~self.is_conflict)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is thought of M labels."""

    doubts: np.ndarray  # (M,) float64 to sort by, higher = more probably wrong
    curve: np.ndarray  # (M,) log odds in any order: how sure the surest are, and the rest
    probs: np.ndarray  # (M, K) of the true label
    errors: ErrorCount


def rank(
    examples: Labelled,
    first: Training,
    *,
    second: Training | None = None,
    look: SecondLook | None = None,
    raw_features: np.ndarray | None = None,
) -> pa.Table:
    """Give the suspects (see ``schema.SUSPECTS``): every labelled example, most suspect first.

    second, look: the second training and what it was given; without them the order is the mean
    of all signals, less precise. raw_features: (N, D), see ``ide.dataset.raw_features``. The
    order of the rows given changes nothing but ties of neighbours. The table's metadata hold the
    estimated number of wrong labels and its range: ``label_errors.N_ERRORS``, ``N_ERRORS_RANGE``.
    """
    rows = examples.rows
    raw = _raw_neighbors(raw_features, examples)
    neighbors, _ = nearest(first.embeddings, N_NEIGHBORS, is_candidate=examples.is_candidate)
    run = first.of(rows, examples.labels, is_candidate=examples.is_candidate, raw_neighbors=raw)
    if second is None or look is None:
        opinion = _first_opinion(run)
    else:
        again = second.of(rows, look.labels, is_candidate=examples.is_candidate, raw_neighbors=raw)
        opinion = _second_opinion(run, again, look, rows=rows, is_train=examples.is_train[rows])
    order_of = np.argsort(np.argsort(-opinion.doubts, kind="stable"), kind="stable")
    sure = np.sort(probabilities(opinion.curve, opinion.errors.expected))[::-1]
    p_mislabeled = sure[order_of] if len(rows) else np.zeros(0)
    return _table(examples, run, neighbors[rows], opinion, p_mislabeled)


def _first_opinion(run: Run) -> Opinion:
    blended = blend(run.mean_probs, run.votes)
    if not len(run.labels):
        return Opinion(np.zeros(0), np.zeros(0), blended, ErrorCount(0, 0))
    n_errors = float(confident_flags(blended, run.labels).sum())
    doubts = robust(signals(run)).mean(1)
    return Opinion(doubts, 10 * doubts, blended, ErrorCount(n_errors, n_errors))


def _second_opinion(
    run: Run, again: Run, look: SecondLook, *, rows: np.ndarray, is_train: np.ndarray
) -> Opinion:
    """Learn the blend where the second look planted errors, and ask both runs about each label."""
    is_planted = look.is_planted[rows]
    doubts, curve = _learnt(signals(run), signals(again), is_planted, look.is_train[rows], is_train)
    if doubts is None or curve is None:
        return _first_opinion(run)
    blended = blend(run.mean_probs, run.votes)
    channel = learn_channel(again.probs[~is_planted], run.labels[~is_planted])
    both = blended * again.mean_probs * channel.T[run.labels]
    both /= np.maximum(both.sum(1, keepdims=True), 1e-30)
    own = _quantiles(doubts)
    return Opinion(
        doubts=OWN_WEIGHT * own
        + (1 - OWN_WEIGHT) * _second_doubts(own, again.mean_log_margin, is_planted, is_train),
        curve=curve,
        probs=both,
        errors=count_errors(
            confident_flags(blended, run.labels),
            confident_flags(blend(again.mean_probs, again.votes), again.labels),
            is_planted=is_planted,
            is_trusted=(look.is_train[rows] | ~is_train) & ~is_planted,
        ),
    )


def _learnt(
    values: np.ndarray,
    again: np.ndarray,
    is_planted: np.ndarray,
    is_taught: np.ndarray,
    is_train: np.ndarray,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Give (M,) doubts and log odds by a blend for the trained on and one for the held out."""
    doubts, curve = np.zeros(len(values)), np.zeros(len(values))
    groups = [(is_train, is_taught), (~is_train, ~is_train)]
    blends = [learn_blend(again[teaches], is_planted[teaches]) for _, teaches in groups]
    for (is_group, _), learnt in zip(groups, blends, strict=True):
        chosen: LabelBlend | None = learnt or blends[0] or blends[1]
        if chosen is None:
            return None, None
        if is_group.any():
            doubts[is_group] = chosen.doubts(values[is_group])
            curve[is_group] = chosen.log_odds(values[is_group])
    return doubts, curve


def _second_doubts(
    own: np.ndarray, margins: np.ndarray, is_planted: np.ndarray, is_train: np.ndarray
) -> np.ndarray:
    """Put the second network's doubt (M,) on the scale of the first's, trained and held out apart.

    Of a label that it was given wrong it knows nothing; there the first's stands for it.
    """
    doubts = own.copy()
    for is_group in (is_train & ~is_planted, ~is_train & ~is_planted):
        order = np.argsort(margins[is_group], kind="stable")
        placed = np.empty(len(order))
        placed[order] = np.sort(own[is_group])
        doubts[is_group] = placed
    return doubts


def _quantiles(values: np.ndarray) -> np.ndarray:
    """Turn (M,) values into the logits of their ranks, so that no outlier outweighs the rest."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) + 0.5
    share = ranks / max(1, len(values))
    return np.asarray(np.log(share) - np.log(1 - share))


def probabilities(log_odds: np.ndarray, n_errors: float) -> np.ndarray:
    """Move (M,) log odds so that their probabilities of 0 … 1 sum to ``n_errors``.

    At least half an error is assumed, and at most all but half of one.
    """
    if not len(log_odds):
        return log_odds
    n = len(log_odds)
    target = np.clip(n_errors, min(MIN_ERRORS, n / 2), n - MIN_ERRORS)
    middle = np.median(log_odds)
    low, high = middle - 200.0, middle + 200.0
    for _ in range(60):
        shift = (low + high) / 2
        if _logistic(log_odds - shift).sum() > target:
            low = shift
        else:
            high = shift
    return _logistic(log_odds - (low + high) / 2)


def _logistic(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -SURE, SURE))))


def loss_and_margin(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give −ln p(given), ≥ 0, and p(given) − p(best other), −1 … 1, of (M, K) probabilities."""
    own = of_label(probs, labels).astype(np.float64)
    other = of_label(probs, best_other(probs, labels))
    return np.abs(np.log(np.maximum(own, 1e-12))), own - other


def _raw_neighbors(features: np.ndarray | None, examples: Labelled) -> np.ndarray | None:
    if features is None:
        return None
    return nearest(features, N_NEIGHBORS, is_candidate=examples.is_candidate)[0]


def _table(
    examples: Labelled,
    run: Run,
    neighbors: np.ndarray,
    opinion: Opinion,
    p_mislabeled: np.ndarray,
) -> pa.Table:
    rows, given = examples.rows, run.labels
    suggested = best_other(opinion.probs, given)
    left = np.maximum(1 - of_label(opinion.probs, given), 1e-6)
    p_suggested = p_mislabeled * np.minimum(of_label(opinion.probs, suggested) / left, 1)
    loss, margin = loss_and_margin(run.probs, given)
    why = reasons(
        classes=examples.classes,
        labels=given,
        suggested=suggested,
        p_mislabeled=p_mislabeled,
        votes=run.votes,
        n_neighbors=run.votes.sum(1),
        n_learnt=(run.margins > 0).sum(0),
        n_epochs=len(run.margins),
        is_train=examples.is_train[rows],
    )
    ids, names = np.asarray(examples.example_ids, object), np.asarray(examples.classes, object)
    order = np.lexsort((ids[rows].astype(str), -opinion.doubts))
    columns = {
        "rank": np.arange(1, len(rows) + 1),
        "example_id": ids[rows],
        "label": names[given],
        "suggested_label": names[suggested],
        "p_suggested": p_suggested,
        "p_mislabeled": p_mislabeled,
        "is_ambiguous": np.minimum(1 - p_mislabeled, p_suggested) >= MIN_AMBIGUOUS,
        "loss": loss,
        "margin": margin,
        "mean_margin": run.margins.mean(0, dtype=np.float64),
        "el2n": run.el2n,
        "neighbor_agreement": _agreement(run.votes, given),
        "reason": np.asarray(why, object),
        "split": np.asarray(examples.splits, object)[rows],
    }
    arrays = [
        _id_lists(neighbors[order], ids)
        if field.name == "neighbors"
        else pa.array(
            columns[field.name] if field.name == "rank" else columns[field.name][order],
            field.type,
            from_pandas=True,
        )
        for field in SUSPECTS
    ]
    errors = opinion.errors
    facts = {
        N_ERRORS: f"{errors.expected:.2f}",
        N_ERRORS_RANGE: f"{errors.low:.2f} {errors.high:.2f}",
    }
    return pa.table(arrays, schema=SUSPECTS.with_metadata(facts))


def _agreement(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the share 0 … 1 of the neighbours that bear the given label, (M,); NaN without any."""
    n = votes.sum(1)
    return np.where(n > 0, of_label(votes, labels) / np.maximum(n, 1), np.nan)


def _id_lists(neighbors: np.ndarray, ids: np.ndarray) -> pa.Array:
    """(M, k) indices, −1 = none -> lists of example ids."""
    is_real = neighbors >= 0
    offsets = np.concatenate([[0], np.cumsum(is_real.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(ids[neighbors[is_real]], pa.string()))
