"""Passages that stand in many texts: signatures, disclaimers, what a page says on every page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check

N_WORDS = 8  # of a passage, at least
MIN_TEXTS = 5
MIN_SHARE = 0.01  # of the texts
MAX_WORDS = 2000  # of a text that are looked at
MAX_PASSAGES = 20
_WORD = re.compile(r"\w+")


@check("boilerplate", severity="note", needs=["texts"])
def boilerplate(dataset: CheckInput) -> Iterator[Issue]:
    """Find passages of eight words or more that stand in many different texts.

    Shingles of words (Broder, "On the resemblance and containment of documents", 1997) that at
    least 5 texts and 1 % of them share are joined into passages; equal texts count once, for they
    are exact duplicates. One issue a passage, with the first two texts that have it. Score: the
    share of the texts.
    """
    assert dataset.texts is not None
    words = _different(dataset)
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, found in words.items():
        shingles = {hash(tuple(found[i : i + N_WORDS])) for i in range(len(found) - N_WORDS + 1)}
        for shingle in shingles:
            rows_of[shingle].append(row)
    least = max(MIN_TEXTS, MIN_SHARE * len(words))
    common = {shingle: rows for shingle, rows in rows_of.items() if len(rows) >= least}
    passages = _passages(words, common)
    largest = sorted(passages.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_PASSAGES]
    for passage, rows in largest:
        ids = sorted(dataset.ids[row] for row in rows)
        yield Issue(
            ids[0],
            ids[1],
            len(rows) / len(words),
            f"{len(rows):,} texts say: {_short(passage)}",
            subject=passage[:200],
        )


def _different(dataset: CheckInput) -> dict[int, list[str]]:
    """Return the words of each kept text by row, of equal texts only the first's."""
    assert dataset.texts is not None
    found: dict[int, list[str]] = {}
    seen: set[tuple[str, ...]] = set()
    for row in dataset.kept:
        text = dataset.texts[row].as_py() or ""
        words = _WORD.findall(text.lower()[: 20 * MAX_WORDS])[:MAX_WORDS]
        if tuple(words) not in seen:
            seen.add(tuple(words))
            found[int(row)] = words
    return found


def _passages(words: dict[int, list[str]], common: dict[int, list[int]]) -> dict[str, list[int]]:
    """Join the common shingles that follow one another in a text into the passages they make up.

    A passage is told where it is first met; its texts are those of its rarest shingle.
    """
    passages: dict[str, list[int]] = {}
    told: set[int] = set()
    for row in sorted({rows[0] for rows in common.values()}):
        found, start = words[row], None
        codes = [hash(tuple(found[i : i + N_WORDS])) for i in range(len(found) - N_WORDS + 1)]
        for i, code in enumerate([*codes, 0]):
            is_inside = i < len(codes) and code in common and code not in told
            if is_inside and start is None:
                start = i
            elif not is_inside and start is not None:
                run = codes[start:i]
                told.update(run)
                rows = min((common[c] for c in run), key=len)
                passages[" ".join(found[start : i + N_WORDS - 1])] = rows
                start = None
    return passages


def _short(passage: str) -> str:
    return f"“{passage if len(passage) <= 90 else passage[:90] + '…'}”"
