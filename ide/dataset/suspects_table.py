"""The suspects as a table: words and numbers for what the ranking has found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ide.dataset.chunks import map_chunks
from ide.dataset.error_count import ErrorCount
from ide.dataset.label_errors import N_ERRORS, N_ERRORS_RANGE
from ide.dataset.reasons import reasons
from ide.dataset.schema import SUSPECTS
from ide.dataset.signals import Run, best_other, n_votes, n_votes_for, of_label

MIN_AMBIGUOUS = 0.25  # both labels at least this probable
WIDTH = 2  # values a row: pieces of 65,536


def suspects_table(
    run: Run,
    order: np.ndarray,
    *,
    p_mislabeled: np.ndarray,
    suggested: np.ndarray,
    suggested_share: np.ndarray,
    ids: pa.StringArray,
    splits: pa.StringArray,
    classes: Sequence[str],
    rows: np.ndarray,
    is_train: np.ndarray,
    neighbors: np.ndarray,
    errors: ErrorCount,
) -> pa.Table:
    """Give ``schema.SUSPECTS`` of the M examples ``rows`` of N, in ``order`` (M,).

    p_mislabeled: (M,) in that order. suggested, suggested_share: (M,) in the run's, see
    ``signals.Evidence``. ids, splits, is_train: (N,). neighbors: (N, k) indices, −1 = none. Made
    in pieces, so that nothing but the table itself is large.
    """
    names = pa.array(classes, pa.string())

    def work(part: slice) -> pa.RecordBatch:
        chosen, p = order[part], p_mislabeled[part]
        at, given, other = rows[chosen], run.labels[chosen], suggested[chosen]
        near, margins, probs = run.near[chosen], run.margins[:, chosen], run.probs[chosen]
        n_near, n_own = n_votes(near), n_votes_for(near, given)
        p_suggested = p * suggested_share[chosen]
        loss, margin = loss_and_margin(probs, given)
        why = reasons(
            classes=classes,
            labels=given,
            suggested=other,
            p_mislabeled=p,
            n_for_label=n_own,
            n_for_suggested=n_votes_for(near, other),
            n_neighbors=n_near,
            n_learnt=np.count_nonzero(margins > 0, axis=0),
            n_epochs=len(margins),
            is_train=is_train[at],
        )
        columns = {
            "rank": np.arange(part.start + 1, part.stop + 1),
            "example_id": ids.take(pa.array(at)),
            "label": names.take(pa.array(given)),
            "suggested_label": names.take(pa.array(other)),
            "p_suggested": p_suggested,
            "p_mislabeled": p,
            "is_ambiguous": np.minimum(1 - p, p_suggested) >= MIN_AMBIGUOUS,
            "loss": loss,
            "margin": margin,
            "mean_margin": margins.mean(0, dtype=np.float64),
            "el2n": run.el2n[chosen],
            "neighbor_agreement": np.where(n_near > 0, n_own / np.maximum(n_near, 1), np.nan),
            "reason": why,
            "split": splits.take(pa.array(at)),
            "neighbors": _id_lists(neighbors[at], ids),
        }
        return pa.record_batch([_arrow(columns[f.name], f.type) for f in SUSPECTS], SUSPECTS)

    batches = map_chunks(work, len(order), width=WIDTH)
    facts = {
        N_ERRORS: f"{errors.expected:.2f}",
        N_ERRORS_RANGE: f"{errors.low:.2f} {errors.high:.2f}",
    }
    return pa.Table.from_batches(batches, SUSPECTS).replace_schema_metadata(facts)


def loss_and_margin(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give −ln p(given), ≥ 0, and p(given) − p(best other), −1 … 1, of (M, K) probabilities."""
    own = of_label(probs, labels).astype(np.float64)
    other = of_label(probs, best_other(probs, labels))
    return np.abs(np.log(np.maximum(own, 1e-12))), own - other


def _arrow(values: np.ndarray | pa.Array, of_type: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return pa.array(values, of_type, from_pandas=True)


def _id_lists(neighbors: np.ndarray, ids: pa.StringArray) -> pa.ListArray:
    """(M, k) indices, −1 = none -> lists of example ids."""
    is_real = neighbors >= 0
    offsets = np.concatenate([[0], np.cumsum(is_real.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, ids.take(pa.array(neighbors[is_real])))
