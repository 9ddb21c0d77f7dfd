"""What a person was shown when an edit was made: made here, read here, and said in words here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ide.dataset.one_line import one_line
from ide.dataset.reading import as_float

MAX_CHARACTERS = 300
_OLD_NAMES = {"build": "build_id"}  # as the page of an example once wrote it


def evidence(
    *,
    build_id: str | None = None,
    rank: int | None = None,
    p_mislabeled: float | None = None,
    suggested_label: str | None = None,
    issue_id: str | None = None,
    drill: str | None = None,
) -> dict[str, Any] | None:
    """Return the evidence of an edit that is about to be made; None where nothing was shown.

    ``build_id`` tells whether it was made in a drill, however late it arrives, so it is given
    wherever a build was open; ``drill`` does where there is none yet. What cannot be such a value
    is left out.
    """
    shown = {
        "build_id": build_id,
        "rank": rank,
        "p_mislabeled": p_mislabeled,
        "suggested_label": suggested_label,
        "issue_id": issue_id,
        "drill": drill,
    }
    return read_evidence({key: value for key, value in shown.items() if value is not None})


def read_evidence(written: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return evidence as everything else reads it, from a log's line or from a caller.

    Old names of keys become today's; a known key whose value is of no use is left out; what a
    foreign tool put beside stays.
    """
    kept = {}
    for key, value in (written or {}).items():
        name = _OLD_NAMES.get(key, key)
        if name != key and name in (written or {}):
            continue
        read = _READERS.get(name)
        found = value if read is None else read(value)
        if found is not None or read is None:
            kept[name] = found
    return kept or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _rank(value: object) -> int | None:
    is_rank = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
    return value if is_rank else None  # type: ignore[return-value]


def _share(value: Any) -> float | None:
    number = as_float(value)
    return value if number is not None and 0 <= number <= 1 else None


def _review(value: object) -> dict[str, str | None] | None:
    """Read the revisions that a reviewer compared, and the edit that a comment is about."""
    if not isinstance(value, Mapping):
        return None
    return {str(k): v for k, v in value.items() if v is None or isinstance(v, str)}


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "build_id": _text,
    "rank": _rank,
    "p_mislabeled": _share,
    "suggested_label": _text,
    "issue_id": _text,
    "review": _review,
    "drill": lambda value: None if value is None else str(value)[:64],
    "carried_from": _text,
}


def evidence_words(evidence: Mapping[str, Any] | None) -> str:
    """Return evidence in a line: ``rank 4 of build 1a2b3c4, 98.0 % likely wrong``; "" for none.

    What a foreign tool put there beside is shown as it is, cut where it is long.
    """

    found = read_evidence(evidence)
    if not found:
        return ""
    build, rank = found.get("build_id"), found.get("rank")
    of_build = f"build {build[:7]}" if build else ""
    parts = [f"rank {rank} of {of_build}" if build else f"rank {rank}"] if rank is not None else []
    parts += [of_build] if build and rank is None else []
    if (odds := found.get("p_mislabeled")) is not None:
        parts.append(f"{100 * odds:.1f} % likely wrong")
    if found.get("suggested_label") is not None:
        parts.append(f"{found['suggested_label']} suggested")
    if found.get("issue_id"):
        parts.append(f"issue {found['issue_id'][:7]}")
    parts += _around(found)
    parts += [f"{key} {value}" for key, value in found.items() if key not in _READERS]
    return one_line(", ".join(parts), MAX_CHARACTERS)


def _around(found: Mapping[str, Any]) -> list[str]:
    """Say in which review or drill it was made."""
    parts = []
    if (review := found.get("review")) is not None:
        end = review["head"][:7] if review.get("head") else "the working tree"
        parts.append(f"in the review of {(review.get('base') or '')[:7]} … {end}")
    if found.get("drill"):
        parts.append(f"in drill {found['drill'][:20]}")
    if found.get("carried_from"):
        parts.append("carried over from a drill")
    return parts
