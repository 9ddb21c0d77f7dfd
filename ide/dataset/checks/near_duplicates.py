"""Nearly the same content twice."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.near_groups import near_groups
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("near_duplicates", severity="note", needs=["raw_features"])
def near_duplicates(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples that are nearly those of another: recompressed, resized, said again.

    Of one label and one split; the others are ``near_conflicts`` and ``near_leaks``, and equal
    content is ``exact_duplicates``. Groups as ``near_groups`` finds them. Score: the cosine of
    the two in raw features. The first by id is kept as ``other_id`` of the rest.
    """
    for group in near_groups(dataset):
        first_of: dict[tuple[str | None, str], int] = {}
        contents: set[tuple[str | None, str, str | None]] = set()
        for place, kind in enumerate(zip(group.labels, group.splits, strict=True)):
            first = first_of.setdefault(kind, place)
            is_new = (*kind, group.contents[place]) not in contents
            contents.add((*kind, group.contents[place]))
            if first != place and is_new:
                similarity = float(group.similarity[place, first])
                yield Issue(
                    group.ids[place],
                    group.ids[first],
                    max(0.0, similarity),
                    f"is nearly the same as {group.ids[first]} (similarity {similarity:.3f})",
                    group_id=group.ids[0],
                )
