"""Which examples a build fixed and which it broke, against another build."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import EXAMPLE_ID, FLIPS, LABEL, SPLIT

FIXED, BROKEN = "fixed", "broken"


def flips(
    base_labels: pa.Table,
    base_predictions: pa.Table,
    labels: pa.Table,
    predictions: pa.Table,
) -> pa.Table:
    """Give a row (see ``schema.FLIPS``) an example whose correctness changed, by example_id.

    ``labels.parquet`` and ``predictions.parquet`` of the base build and of the newer one. Each
    prediction is held against its own build's label, so a corrected label can fix an example
    whose prediction stayed. Only examples that count in both builds are compared: labelled, not
    excluded, not in conflict. Exchanging the builds exchanges ``fixed`` and ``broken``.
    """
    base = _counted(base_labels, base_predictions).rename_columns(
        {LABEL: "base_label", "predicted": "base_predicted", SPLIT: "base_split"}
    )
    both = _counted(labels, predictions).join(base, EXAMPLE_ID, join_type="inner")
    was_right = pc.equal(both["base_label"], both["base_predicted"])
    is_right = pc.equal(both[LABEL], both["predicted"])
    both = both.append_column("flip", pc.if_else(is_right, FIXED, BROKEN))
    changed = both.filter(pc.xor(was_right, is_right)).sort_by(EXAMPLE_ID)
    return changed.select(FLIPS.names).cast(FLIPS)


def _counted(labels: pa.Table, predictions: pa.Table) -> pa.Table:
    is_counted = pc.and_(
        pc.is_valid(labels[LABEL]),
        pc.invert(pc.or_(labels["is_excluded"], labels["is_conflict"])),
    )
    rows = labels.filter(is_counted).select([EXAMPLE_ID, LABEL, SPLIT])
    return rows.join(predictions.select([EXAMPLE_ID, "predicted"]), EXAMPLE_ID, join_type="inner")
