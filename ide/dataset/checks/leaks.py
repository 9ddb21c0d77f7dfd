"""The same content in the split that trains and in one that measures."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.duplicates import duplicate_groups
from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import TEST, TRAIN, VALIDATION

# who gives away what: what was trained on or chosen by cannot measure
GIVES_AWAY = {VALIDATION: (TRAIN,), TEST: (TRAIN, VALIDATION)}


@check("leaks", severity="error")
def leaks(dataset: CheckInput) -> Iterator[Issue]:
    """Find validation or test examples whose content is also trained or chosen by.

    The measured example is ``example_id``, the one that gives it away ``other_id``. Score 1: the
    bytes are equal.
    """
    for group in duplicate_groups(dataset):
        first_in: dict[str, str] = {}
        for row in group:
            first_in.setdefault(row.split, row.example_id)
        for row in group:
            for split in GIVES_AWAY.get(row.split, ()):
                if split in first_in:
                    other = first_in[split]
                    yield Issue(
                        row.example_id,
                        other,
                        1.0,
                        f"is in {row.split}, and {other} with the same content is in {split}",
                        group_id=group[0].example_id,
                    )
                    break
