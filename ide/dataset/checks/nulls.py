"""Nothing where something has to be."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import POOL, SPLITS


@check("nulls", severity="error")
def nulls(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples without an id, without a split, or without a label outside of the pool.

    What has no label belongs into the pool, where it is labelled; elsewhere it trains nothing and
    measures nothing. Score 1.
    """
    labels = dataset.column("label")
    for row in dataset.kept:
        example_id, split = dataset.ids[row], dataset.splits[row]
        if example_id is None:
            yield Issue(None, None, 1.0, "an example has no id; import it anew", subject="id")
        elif split not in SPLITS:
            what = "no split" if split is None else f"split {split[:40]!r}"
            yield Issue(example_id, None, 1.0, f"has {what}; move it to one of {', '.join(SPLITS)}")
        elif labels[row] is None and split != POOL:
            yield Issue(
                example_id,
                None,
                1.0,
                f"has no label and is in {split}; label it, or move it to pool",
            )
