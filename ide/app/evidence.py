"""What a person was shown when an edit was made, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ide.app.text import percent, short

_SAID = frozenset({"build", "build_id", "rank", "p_mislabeled", "suggested_label", "issue_id"})
_SAID_TOO = frozenset({"review", "drill", "carried_from"})
MAX_CHARACTERS = 300


def evidence_words(evidence: Mapping[str, Any] | None) -> str:
    """Return evidence in a line: ``rank 4 of build 1a2b3c4, 98.0 % likely wrong``; "" for none.

    What a foreign tool put there beside is shown as it is, cut where it is long.
    """
    if not evidence:
        return ""
    build = evidence.get("build_id") or evidence.get("build")
    parts = []
    if evidence.get("rank") is not None:
        parts.append(
            f"rank {evidence['rank']}" + (f" of build {short(str(build))}" if build else "")
        )
    elif build:
        parts.append(f"build {short(str(build))}")
    odds = evidence.get("p_mislabeled")
    if isinstance(odds, int | float):
        parts.append(f"{percent(odds)} likely wrong")
    if evidence.get("suggested_label") is not None:
        parts.append(f"{evidence['suggested_label']} suggested")
    if evidence.get("issue_id"):
        parts.append(f"issue {short(str(evidence['issue_id']))}")
    parts += _around(evidence)
    parts += [f"{k} {v}" for k, v in evidence.items() if k not in _SAID | _SAID_TOO]
    text = ", ".join(parts)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _around(evidence: Mapping[str, Any]) -> list[str]:
    """Say in which review or drill it was made."""
    parts = []
    review = evidence.get("review")
    if isinstance(review, Mapping):
        head = review.get("head")
        end = short(str(head)) if head else "the working tree"
        parts.append(f"in the review of {short(str(review.get('base') or ''))} … {end}")
    if evidence.get("drill"):
        parts.append(f"in drill {str(evidence['drill'])[:20]}")
    if evidence.get("carried_from"):
        parts.append("carried over from a drill")
    return parts
