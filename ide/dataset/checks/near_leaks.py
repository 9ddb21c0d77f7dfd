"""Nearly the same content in the split that trains and in one that measures."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.leaks import GIVES_AWAY
from ide.dataset.checks.near_groups import NearGroup, near_groups
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("near_leaks", severity="warning", needs=["raw_features"])
def near_leaks(dataset: CheckInput) -> Iterator[Issue]:
    """Find validation or test examples that are nearly one that is trained or chosen by.

    The measured example is ``example_id``, the most similar that gives it away ``other_id``.
    Equal content is ``leaks``. Score: the cosine of the two in raw features.
    """
    for group in near_groups(dataset):
        for place, split in enumerate(group.splits):
            other = _given_away_by(group, place)
            if other is not None and group.contents[other] != group.contents[place]:
                similarity = float(group.similarity[place, other])
                yield Issue(
                    group.ids[place],
                    group.ids[other],
                    max(0.0, similarity),
                    f"is in {split}, and {group.ids[other]}, nearly the same (similarity "
                    f"{similarity:.3f}), is in {group.splits[other]}",
                    group_id=group.ids[0],
                )


def _given_away_by(group: NearGroup, place: int) -> int | None:
    """Return who is most similar of those whose split gives ``place`` away; equal content first."""
    giving = GIVES_AWAY.get(group.splits[place], ())
    others = [other for other, split in enumerate(group.splits) if split in giving]
    if not others:
        return None
    return max(
        others,
        key=lambda other: (
            group.contents[other] == group.contents[place],
            group.similarity[place, other],
            -other,
        ),
    )
