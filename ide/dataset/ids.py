"""Ids of examples: the source's own, or one that follows from the content."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

N_HEX = 16  # 64 bits: two of a million different payloads share an id once in 37 million datasets


def content_id(payload: bytes) -> str:
    """Return the first 16 hex digits of BLAKE2b of a payload: the same content, the same id."""
    return hashlib.blake2b(payload).hexdigest()[:N_HEX]


def free_id(wanted: str, taken: Container[str]) -> str:
    """Return ``wanted``, or the first of ``wanted-2``, ``wanted-3``, … that is not ``taken``."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def unique_ids(ids: Iterable[str]) -> list[str]:
    """Return ids of the same length and order, repeats made unique with ``-2``, ``-3``, …

    An id that stands only once is left as it is, even where it looks like a numbered one.
    """
    wanted = list(ids)
    reserved = set(wanted)
    seen: set[str] = set()
    result = []
    for example_id in wanted:
        unique = example_id if example_id not in seen else free_id(example_id, reserved)
        seen.add(unique)
        reserved.add(unique)
        result.append(unique)
    return result
