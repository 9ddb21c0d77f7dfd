"""Payloads with nothing in them."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check


@check("empty", severity="error", needs=["media"])
def empty(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples without a payload, of no bytes, or of white space only.

    Score 1.
    """
    assert dataset.media is not None
    problems = dataset.media["problem"].to_pylist()
    for row in dataset.kept:
        if problems[row] in ("it is empty", "there is no payload"):
            yield Issue(dataset.ids[row], None, 1.0, f"shows nothing: {problems[row]}")
