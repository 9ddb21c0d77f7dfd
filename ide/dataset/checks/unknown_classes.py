"""Labels that dataset.toml does not know."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import EXAMPLE_ID, LABEL


@check("unknown_classes", severity="error")
def unknown_classes(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples whose label is none of the dataset's classes; nothing can train on them."""
    for edit in dataset.ignored_edits:
        message = f"edit {edit.subject}: {edit.message}"
        yield Issue(edit.example_id, None, 1.0, message, subject=edit.subject)
    known = {None, *dataset.classes}
    ids, labels = dataset.column(EXAMPLE_ID), dataset.column(LABEL)
    for row in dataset.kept:
        if labels[row] not in known:
            yield Issue(
                ids[row],
                None,
                1.0,
                f"label {labels[row][:80]!r} is not a class in dataset.toml",
            )
