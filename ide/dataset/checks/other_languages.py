"""Texts in another language or script than the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from ide.dataset.checks.media_tools import each
from ide.dataset.checks.registry import CheckInput, Issue, check

MIN_TOLD = 20  # texts whose language is told; of fewer nothing follows
MIN_SHARE = 0.8  # of them in the dataset's language, else it has several by nature


@check("other_languages", severity="note", needs=["media"])
def other_languages(dataset: CheckInput) -> Iterator[Issue]:
    """Find texts in another language, or another script, than at least four fifths of the rest.

    Languages are told by function words (Grefenstette, JADT 1995; ``ide/dataset/languages.py``),
    so of short texts only the script is known. Score: the share of the dataset's own language.
    """
    assert dataset.media is not None
    is_told = np.zeros(len(dataset.ids), bool)
    for column, what in (("script", "script"), ("language", "language")):
        values = dataset.media[column].to_pylist()
        usual, share, n = _usual([values[row] for row in dataset.kept])
        if n < MIN_TOLD or share < MIN_SHARE:
            continue
        is_other = np.zeros(len(values), bool)
        is_other[dataset.kept] = [values[r] not in (None, usual) for r in dataset.kept]
        is_other &= ~is_told  # another script is another language, too
        is_told |= is_other
        yield from each(
            dataset,
            is_other,
            share,
            partial(_sentence, what, values, usual),
            n=n,
            what=f"in another {what}",
        )


def _sentence(what: str, values: Sequence[str | None], usual: str | None, row: int) -> str:
    return f"is in {what} {values[row]}; the others are in {usual}"


def _usual(values: Sequence[str | None]) -> tuple[str | None, float, int]:
    """Return the most frequent value, its share of those that are known, and their number."""
    counts = Counter(v for v in values if v is not None)
    if not counts:
        return None, 0.0, 0
    usual = min(counts, key=lambda v: (-counts[v], v))
    n = sum(counts.values())
    return usual, counts[usual] / n, n
