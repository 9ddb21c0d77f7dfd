"""Ids of examples: the source's own, or one that follows from the content."""

from __future__ import annotations

import hashlib
from collections.abc import Container

N_HEX = 16  # 64 bits: two of a million different payloads share an id once in 37 million datasets


def content_id(payload: bytes) -> str:
    """Return the first 16 hex digits of BLAKE2b of a payload: the same content, the same id."""
    return hashlib.blake2b(payload).hexdigest()[:N_HEX]


def free_id(wanted: str, taken: Container[str], *, first: int = 2) -> str:
    """Return ``wanted``, or the first of ``wanted-2``, ``wanted-3``, … that is not ``taken``.

    first: the number to begin with, where those below it are known to be taken.
    """
    if wanted not in taken:
        return wanted
    number = first
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"
