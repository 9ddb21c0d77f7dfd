"""Text fit for one line of a message."""

from __future__ import annotations

import re


def one_line(text: str | None, limit: int = 60) -> str:
    """Return text fit for one line of a message: no control characters, not too long."""
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text or "")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
