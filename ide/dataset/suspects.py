"""Rank examples by how probably their label is wrong, from a compile and a short second look.

- *Signals* (``signals``): what the compile's own training run says of each label.
- *The blend* (``label_blend``): what to make of them, learnt on this dataset from labels that a
  second, shorter training was given wrong on purpose (``second_look``).
- *The second opinion*: that training left out the labels that the first one doubted most, so its
  doubt of them is not learnt from them. It counts a third in the order.
- *How many* (``error_count``): confident learning's count, corrected for what it is seen to miss
  and to take for wrong in the second look.
- *p_mislabeled*: the blend's log odds, moved so that they sum to that number, of the trained on and
  of the held out apart, since these are never learnt by heart (Saerens et al. 2002,
  "Adjusting the Outputs of a Classifier to New a Priori Probabilities", move them likewise), and
  given out in the order above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ide.dataset.chunks import spread
from ide.dataset.error_count import ErrorCount, count_errors
from ide.dataset.label_blend import LabelBlend, learn_blend
from ide.dataset.logistic import sigmoid
from ide.dataset.noise_channel import LEARN_FROM, learn_channel
from ide.dataset.order import in_order, rank_of
from ide.dataset.second_look import SecondLook, flags, robust_mean
from ide.dataset.signals import NAMES, Evidence, Run, Training, evidence, raw_neighbors_of
from ide.dataset.suspects_table import Opinion, suspects_table

OWN_WEIGHT = 2 / 3  # of the first run's blend in the order; the second opinion has the rest
MIN_ERRORS = 0.5  # no estimate rules out an error
SHARPNESS = 10.0  # of the mean signal, where nothing was learnt
SURE = 12.0  # log odds beyond this are this
LOOK_FROM = 100_000  # rows of the second look that the blend and its recall are learnt from


@dataclass(frozen=True, slots=True)
class Labelled:
    """Who is ranked: N examples in one order."""

    example_ids: Sequence[str] | pa.Array
    labels: np.ndarray  # (N,) int, −1 = none
    splits: Sequence[str | None] | pa.Array
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
    rows, is_candidate = examples.rows, examples.is_candidate
    raw = raw_neighbors_of(raw_features, is_candidate)
    first = first.nearest(is_candidate)
    run = first.of(rows, examples.labels, is_candidate=is_candidate, raw_neighbors=raw)
    if second is None or look is None:
        opinion = _first_opinion(run, evidence(run))
    else:
        again = second.of(rows, look.labels, is_candidate=is_candidate, raw_neighbors=raw)
        opinion = _second_opinion(run, again, look, rows=rows, is_train=examples.is_train[rows])
    p_mislabeled = _logistic(np.sort(opinion.log_odds)[::-1])
    ids = pa.array(examples.example_ids, pa.string())
    assert first.neighbors is not None
    return suspects_table(
        run,
        opinion,
        in_order(-opinion.log_odds, ids if len(rows) == len(ids) else ids.take(pa.array(rows))),
        p_mislabeled=p_mislabeled,
        ids=ids,
        splits=pa.array(examples.splits, pa.string()),
        classes=examples.classes,
        rows=rows,
        is_train=examples.is_train,
        neighbors=first.neighbors,
    )


def _first_opinion(run: Run, found: Evidence) -> Opinion:
    n_errors = float(flags(run, found).sum())
    log_odds = moved(SHARPNESS * robust_mean(found.signals), n_errors)
    errors = ErrorCount(n_errors, n_errors)
    return _opinion(found, log_odds, (found.other, found.other_share), errors)


def _opinion(
    found: Evidence,
    log_odds: np.ndarray,
    suggestion: tuple[np.ndarray, np.ndarray],
    errors: ErrorCount,
) -> Opinion:
    return Opinion(
        log_odds=log_odds,
        suggested=suggestion[0],
        suggested_share=suggestion[1],
        errors=errors,
        loss=found.loss,
        margin=found.margin,
        n_learnt=found.n_learnt,
        mean_margin=-found.signals[:, NAMES.index("mean_margin")],
    )


def _second_opinion(
    run: Run, again: Run, look: SecondLook, *, rows: np.ndarray, is_train: np.ndarray
) -> Opinion:
    """Learn the blend where the second look planted errors, and ask both runs about each label."""
    is_planted = look.is_planted[rows]
    kept = spread(np.flatnonzero(~is_planted), LEARN_FROM)
    channel = learn_channel(again.probs[kept], run.labels[kept])
    found = evidence(run, again=again, again_channel=channel)
    seen = spread(np.arange(len(rows)), LOOK_FROM)
    looked = evidence(again, seen)
    is_trusted = look.is_trusted[rows]
    of_seen = (is_planted[seen], is_trusted[seen], is_train[seen])
    doubts, curve = _learnt((found.signals, is_train), (looked.signals, *of_seen))
    if doubts is None or curve is None:
        return _first_opinion(run, found)
    is_flagged, is_flagged_again = flags(run, found), flags(again, looked, seen)
    margins, log_odds, errors = again.mean_log_margin, np.empty(len(rows)), ErrorCount(0, 0)
    for is_group in (is_train, ~is_train):
        of_seen_group = is_group[seen]
        seen_group = seen[of_seen_group]
        count = count_errors(
            is_flagged[is_group],
            is_flagged_again[of_seen_group],
            is_planted=is_planted[seen_group],
            is_trusted=(is_trusted & ~is_planted)[seen_group],
        )
        order = _order(doubts[is_group], margins[is_group], is_planted[is_group])
        log_odds[is_group] = np.sort(moved(curve[is_group], count.expected))[order]
        errors = ErrorCount(errors.low + count.low, errors.high + count.high)
    return _opinion(found, log_odds, (found.suggested, found.suggested_share), errors)


def _learnt(
    first: tuple[np.ndarray, np.ndarray],
    look: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Give (M,) doubts and log odds by a blend for the trained on and one for the held out.

    first: (M, S) signals, (M,) bool who is trained on. look: of the L rows of the second look that
    are learnt from, (L, S) signals, who is planted, who is trusted, who is trained on.
    """
    (values, is_train), (again, is_planted, is_trusted, is_seen_train) = first, look
    doubts, curve = np.zeros(len(values)), np.zeros(len(values))
    groups = [(is_train, is_seen_train & is_trusted), (~is_train, ~is_seen_train & is_trusted)]
    blends = [learn_blend(again[teaches], is_planted[teaches]) for _, teaches in groups]
    for (is_group, _), learnt in zip(groups, blends, strict=True):
        chosen: LabelBlend | None = learnt or blends[0] or blends[1]
        if chosen is None:
            return None, None
        if is_group.any():
            of_group = values if is_group.all() else values[is_group]
            doubts[is_group] = chosen.doubts(of_group)
            curve[is_group] = chosen.log_odds(of_group)
    return doubts, curve


def _order(doubts: np.ndarray, margins: np.ndarray, is_planted: np.ndarray) -> np.ndarray:
    """Give the place of each of (M,), 0 = least doubted, by the first run's and the second's word.

    Of a label that the second network was given wrong it knows nothing; the first's stands for it.
    """
    own = _quantiles(doubts)
    again = own.copy()
    again[~is_planted] = np.sort(own[~is_planted])[rank_of(margins[~is_planted])]
    return rank_of(OWN_WEIGHT * own + (1 - OWN_WEIGHT) * again)


def _quantiles(values: np.ndarray) -> np.ndarray:
    """Turn (M,) values into the logits of their ranks, so that no outlier outweighs the rest."""
    share = (rank_of(values) + 0.5) / max(1, len(values))
    return np.asarray(np.log(share) - np.log(1 - share))


def moved(log_odds: np.ndarray, n_errors: float) -> np.ndarray:
    """Move (M,) log odds so that their probabilities sum to ``n_errors``.

    At least half an error is assumed, and at most all but half of one.
    """
    if not len(log_odds):
        return log_odds
    n = len(log_odds)
    target = np.clip(n_errors, min(MIN_ERRORS, n / 2), n - MIN_ERRORS)
    middle = np.median(log_odds)
    low, high = middle - 200.0, middle + 200.0
    shift = middle
    for _ in range(60):  # Newton's steps, halving where they would leave what is known
        p = _logistic(log_odds - shift)
        excess, slope = p.sum() - target, (p * (1 - p)).sum()
        if abs(excess) <= 1e-12 * n:
            break
        low, high = (shift, high) if excess > 0 else (low, shift)
        step = shift + excess / max(slope, 1e-300)
        shift = step if low < step < high else (low + high) / 2
    return np.asarray(log_odds - shift)


def _logistic(log_odds: np.ndarray) -> np.ndarray:
    return sigmoid(np.clip(log_odds, -SURE, SURE))
