"""Ids that two examples have."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check


@check("repeated_ids", severity="error")
def repeated_ids(dataset: CheckInput) -> Iterator[Issue]:
    """Find ids that stand twice; an edit of such an id would change more than one example.

    An import refuses them; parts that came otherwise may have them. One issue an id. Score 1.
    """
    n_by_id: dict[str, int] = {}
    for example_id in dataset.ids:
        n_by_id[example_id] = n_by_id.get(example_id, 0) + 1
    for example_id, n in n_by_id.items():
        if n > 1:
            yield Issue(example_id, None, 1.0, f"{n:,} examples have this id; import them anew")
