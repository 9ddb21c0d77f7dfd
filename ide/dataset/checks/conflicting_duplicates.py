"""The same content under different labels."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.duplicates import duplicate_groups
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("conflicting_duplicates", severity="error")
def conflicting_duplicates(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples with equal content and different labels: at least one of them is wrong.

    One issue for each label beside that of the first example by id. Score 1: the bytes are equal.
    """
    for group in duplicate_groups(dataset):
        labelled = [row for row in group if row.label is not None]
        seen: set[str | None] = {labelled[0].label} if labelled else set()
        for row in labelled[1:]:
            if row.label not in seen:
                seen.add(row.label)
                first = labelled[0]
                yield Issue(
                    row.example_id,
                    first.example_id,
                    1.0,
                    f"is {row.label}, and {first.example_id} with the same content is "
                    f"{first.label}",
                    group_id=group[0].example_id,
                )
