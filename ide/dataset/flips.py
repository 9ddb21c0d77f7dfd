"""Which examples a build fixed and which it broke, against another build, on one set of labels."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import EXAMPLE_ID, FLIPS, LABEL, SPLIT, TRAIN

FIXED, BROKEN = "fixed", "broken"
RELABELLED = "relabelled"  # counts as right, or as wrong, since its label changed alone
WAS_RIGHT, IS_RIGHT = "was_right", "is_right"  # columns of ``paired``


def flips(
    base_labels: pa.Table,
    base_predictions: pa.Table,
    labels: pa.Table,
    predictions: pa.Table,
) -> pa.Table:
    """Give a row (see ``schema.FLIPS``) an example whose correctness changed, by example_id.

    ``labels.parquet`` and ``predictions.parquet`` of the base build and of the newer one.
    ``fixed`` and ``broken`` hold both predictions against the newer build's label, so that the
    network alone can do it. What changed only when each is held against its own build's label is
    ``relabelled``: the answer key did it. See ``paired`` for what is compared.
    """
    return flips_of(paired(base_labels, base_predictions, labels, predictions))


def flips_of(pairs: pa.Table) -> pa.Table:
    """Return the flips among ``paired`` examples."""
    is_network = pc.xor(pairs[WAS_RIGHT], pairs[IS_RIGHT])
    was_right_then = pc.equal(pairs["base_label"], pairs["base_predicted"])  # null: no label then
    is_label = pc.and_(pc.xor(was_right_then, pairs[IS_RIGHT]), pairs["base_counts"])
    is_label = pc.and_(pc.fill_null(is_label, False), pc.invert(is_network))
    direction = pc.if_else(pairs[IS_RIGHT], FIXED, BROKEN)
    pairs = pairs.append_column("flip", pc.if_else(is_network, direction, RELABELLED))
    changed = pairs.filter(pc.or_(is_network, is_label)).sort_by(EXAMPLE_ID)
    return changed.select(FLIPS.names).cast(FLIPS)


def paired(
    base_labels: pa.Table,
    base_predictions: pa.Table,
    labels: pa.Table,
    predictions: pa.Table,
) -> pa.Table:
    """Return the examples that two builds can be compared on: (N,), as in ``labels``.

    They count in the newer build (labelled, not excluded, not in conflict), with its label and in
    its split; both builds predicted them; and both or neither were trained on them, as a network
    that has seen an example has the better of one that has not. Columns: example_id, split, label,
    predicted, base_label (null = none), base_predicted, ``base_counts`` (whether it counted in the
    base too), ``was_right`` and ``is_right`` (the base's and the newer prediction is the label).
    """
    both = beside(predicted_of(labels, predictions), predicted_of(base_labels, base_predictions))
    was_trained = pc.and_(both["base_counts"], pc.equal(both["base_split"], TRAIN))
    is_alike = pc.equal(was_trained, pc.equal(both[SPLIT], TRAIN))
    both = both.filter(pc.and_(both["counts"], is_alike))
    for name, predicted in ((WAS_RIGHT, "base_predicted"), (IS_RIGHT, "predicted")):
        both = both.append_column(name, pc.equal(both[LABEL], both[predicted]))
    return both


def counts(labels: pa.Table) -> pa.ChunkedArray:
    """Return which rows of ``labels.parquet`` count: (N,) bool."""
    is_left_out = pc.or_(labels["is_excluded"], labels["is_conflict"])
    return pc.and_(pc.is_valid(labels[LABEL]), pc.invert(is_left_out))


def predicted_of(labels: pa.Table, predictions: pa.Table) -> pa.Table:
    """Return ``example_id, label, split, counts, predicted`` of what a build predicted."""
    rows = labels.select([EXAMPLE_ID, LABEL, SPLIT]).append_column("counts", counts(labels))
    places = pc.index_in(rows[EXAMPLE_ID], value_set=predictions[EXAMPLE_ID].combine_chunks())
    rows = rows.append_column("predicted", predictions["predicted"].take(places))
    return rows.filter(pc.is_valid(rows["predicted"]))


def beside(now: pa.Table, base: pa.Table) -> pa.Table:
    """Return the rows of ``now`` that ``base`` has too, with its columns as ``base_…``."""
    places = pc.index_in(now[EXAMPLE_ID], value_set=base[EXAMPLE_ID].combine_chunks())
    both = now.filter(pc.is_valid(places))
    own = base.take(places.drop_null())
    for name in own.column_names:
        if name != EXAMPLE_ID:
            both = both.append_column(f"base_{name}", own[name])
    return both
