"""The same source in the split that trains and in one that measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ide.dataset.checks.leaks import GIVES_AWAY
from ide.dataset.checks.registry import CheckInput, Issue, check


@check("same_source", severity="error", needs=["source"])
def same_source(dataset: CheckInput) -> Iterator[Issue]:
    """Find speakers, sessions, patients … that are in a measuring split and in one before it.

    A network that knows the speaker is measured too well (Kapoor & Narayanan, "Leakage and the
    reproducibility crisis in machine-learning-based science", Patterns 2023, kind L1.4). The
    column is named in dataset.toml. One issue a source and split, with the first example of each
    side; score: the share of the source's examples that are measured by.
    """
    assert dataset.source is not None
    rows_of: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in dataset.kept:
        if dataset.source[row] is not None:
            rows_of[str(dataset.source[row])][dataset.splits[row]].append(int(row))
    column = dataset.settings.source
    for source, by_split in sorted(rows_of.items()):
        for split, before in GIVES_AWAY.items():
            giver = next((s for s in before if s in by_split), None)
            if split in by_split and giver is not None:
                mine, theirs = by_split[split], by_split[giver]
                noun = "example" if len(mine) == 1 else "examples"
                yield Issue(
                    dataset.ids[mine[0]],
                    dataset.ids[theirs[0]],
                    len(mine) / (len(mine) + len(theirs)),
                    f"{column} {source[:80]} has {len(mine):,} {noun} in {split} and "
                    f"{len(theirs):,} in {giver}; move one side over",
                    subject=f"{source[:200]}:{split}",
                )
