"""Payloads that no decoder can read."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check

_EMPTY = ("it is empty", "there is no payload")  # these are the check `empty`


@check("unreadable", severity="error", needs=["media"])
def unreadable(dataset: CheckInput) -> Iterator[Issue]:
    """Find images and sounds that cannot be decoded; a compile stops at the first of them.

    Score 1.
    """
    assert dataset.media is not None
    problems = dataset.media["problem"].to_pylist()
    for row in dataset.kept:
        if problems[row] is not None and problems[row] not in _EMPTY:
            yield Issue(dataset.ids[row], None, 1.0, f"cannot be read: {problems[row]}")
