"""Nearly the same content under different labels."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.near_groups import near_groups
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("near_conflicts", severity="warning", needs=["raw_features"])
def near_conflicts(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples that are nearly the same and have different labels: one of them is wrong.

    One issue for each label beside that of the first example of a group by id. Equal content is
    ``conflicting_duplicates``. Score: the cosine of the two in raw features.
    """
    for group in near_groups(dataset):
        labelled = [place for place, label in enumerate(group.labels) if label is not None]
        seen = {group.labels[labelled[0]]} if labelled else set()
        for place in labelled[1:]:
            first, label = labelled[0], group.labels[place]
            if label in seen or group.contents[place] == group.contents[first]:
                continue
            seen.add(label)
            similarity = float(group.similarity[place, first])
            yield Issue(
                group.ids[place],
                group.ids[first],
                max(0.0, similarity),
                f"is {label}, and {group.ids[first]}, nearly the same (similarity "
                f"{similarity:.3f}), is {group.labels[first]}",
                group_id=group.ids[0],
            )
