"""The suspects as a table: words and numbers for what the ranking has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ide.dataset.chunks import map_chunks
from ide.dataset.error_count import ErrorCount
from ide.dataset.label_errors import N_ERRORS, N_ERRORS_RANGE
from ide.dataset.reasons import reasons
from ide.dataset.schema import SUSPECTS
from ide.dataset.signals import Run, n_votes, n_votes_for

MIN_AMBIGUOUS = 0.25  # both labels at least this probable
WIDTH = 2  # values a row: pieces of 65,536


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is thought of M labels, and what the table tells of how it came about."""

    log_odds: np.ndarray  # (M,) float64 that it is wrong
    suggested: np.ndarray  # (M,) int, the likeliest class that is not the label
    suggested_share: np.ndarray  # (M,) 0 … 1, its part of what is not the label's
    errors: ErrorCount
    loss: np.ndarray  # (M,), margin (M,), n_learnt (M,): of ``signals.Evidence``
    margin: np.ndarray
    n_learnt: np.ndarray
    mean_margin: np.ndarray  # (M,), over the epochs


def suspects_table(
    run: Run,
    opinion: Opinion,
    order: np.ndarray,
    *,
    p_mislabeled: np.ndarray,
    ids: pa.StringArray,
    splits: pa.StringArray,
    classes: Sequence[str],
    rows: np.ndarray,
    is_train: np.ndarray,
    neighbors: np.ndarray,
) -> pa.Table:
    """Give ``schema.SUSPECTS`` of the M examples ``rows`` of N, in ``order`` (M,).

    p_mislabeled: (M,) in that order. ids, splits, is_train: (N,). neighbors: (N, k) indices, −1 =
    none. Made in pieces, so that nothing but the table itself is large.
    """
    names = pa.array(classes, pa.string())

    def work(part: slice) -> pa.RecordBatch:
        chosen, p = order[part], p_mislabeled[part]
        at, given, other = rows[chosen], run.labels[chosen], opinion.suggested[chosen]
        near = run.near[chosen]
        n_near, n_own = n_votes(near), n_votes_for(near, given)
        p_suggested = p * opinion.suggested_share[chosen]
        why = reasons(
            classes=classes,
            labels=given,
            suggested=other,
            p_mislabeled=p,
            n_for_label=n_own,
            n_for_suggested=n_votes_for(near, other),
            n_neighbors=n_near,
            n_learnt=opinion.n_learnt[chosen],
            n_epochs=len(run.margins),
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
            "loss": opinion.loss[chosen],
            "margin": opinion.margin[chosen],
            "mean_margin": opinion.mean_margin[chosen],
            "el2n": run.el2n[chosen],
            "neighbor_agreement": np.where(n_near > 0, n_own / np.maximum(n_near, 1), np.nan),
            "reason": why,
            "split": splits.take(pa.array(at)),
            "neighbors": _id_lists(neighbors[at], ids),
        }
        return pa.record_batch([_arrow(columns[f.name], f.type) for f in SUSPECTS], SUSPECTS)

    batches = map_chunks(work, len(order), width=WIDTH)
    facts = {
        N_ERRORS: f"{opinion.errors.expected:.2f}",
        N_ERRORS_RANGE: f"{opinion.errors.low:.2f} {opinion.errors.high:.2f}",
    }
    return pa.Table.from_batches(batches, SUSPECTS).replace_schema_metadata(facts)


def _arrow(values: np.ndarray | pa.Array, of_type: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return pa.array(values, of_type, from_pandas=True)


def _id_lists(neighbors: np.ndarray, ids: pa.StringArray) -> pa.ListArray:
    """(M, k) indices, −1 = none -> lists of example ids."""
    is_real = neighbors >= 0
    offsets = np.concatenate([[0], np.cumsum(is_real.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, ids.take(pa.array(neighbors[is_real])))
