"""What a person was shown when an edit was made, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ide.dataset.changes import one_line

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
    of_build = f"build {str(build)[:7]}" if build else ""
    rank = evidence.get("rank")
    parts = [f"rank {rank} of {of_build}" if build else f"rank {rank}"] if rank is not None else []
    parts += [of_build] if build and rank is None else []
    odds = evidence.get("p_mislabeled")
    if isinstance(odds, int | float):
        parts.append(f"{100 * odds:.1f} % likely wrong")
    if evidence.get("suggested_label") is not None:
        parts.append(f"{evidence['suggested_label']} suggested")
    if evidence.get("issue_id"):
        parts.append(f"issue {str(evidence['issue_id'])[:7]}")
    parts += _around(evidence)
    parts += [f"{key} {value}" for key, value in evidence.items() if key not in _SAID | _SAID_TOO]
    return one_line(", ".join(parts), MAX_CHARACTERS)


def _around(evidence: Mapping[str, Any]) -> list[str]:
    """Say in which review or drill it was made."""
    parts = []
    review = evidence.get("review")
    if isinstance(review, Mapping):
        head = review.get("head")
        end = str(head)[:7] if head else "the working tree"
        parts.append(f"in the review of {str(review.get('base') or '')[:7]} … {end}")
    if evidence.get("drill"):
        parts.append(f"in drill {str(evidence['drill'])[:20]}")
    if evidence.get("carried_from"):
        parts.append("carried over from a drill")
    return parts
