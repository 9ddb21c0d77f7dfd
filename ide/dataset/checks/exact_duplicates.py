"""The same content twice."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.duplicates import duplicate_groups
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("exact_duplicates", severity="warning")
def exact_duplicates(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples whose content, label and split are those of another: one too many.

    Duplicates with different labels are ``conflicting_duplicates``, across splits ``leaks``.
    Score 1: the bytes are equal. The first by id is kept as ``other_id`` of the rest.
    """
    for group in duplicate_groups(dataset):
        first_of: dict[tuple[str | None, str], str] = {}
        for row in group:
            first = first_of.setdefault((row.label, row.split), row.example_id)
            if first != row.example_id:
                message = f"has the same content as {first}"
                group_id = group[0].example_id
                yield Issue(row.example_id, first, 1.0, message, group_id=group_id)
