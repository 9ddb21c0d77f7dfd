"""What a batch of edits cost the people who made them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ide.dataset.edit import Edit

LONGEST_LOOK_S = 120.0  # a longer gap between two edits is a pause, and nobody's work


@dataclass(frozen=True, slots=True)
class Effort:
    """How many edits, how many people, and about how many seconds they worked."""

    n_edits: int
    n_examples: int
    annotators: tuple[str, ...]
    seconds: float


def effort(edits: Iterable[Edit]) -> Effort:
    """Add up the gaps between each annotator's edits, those above two minutes left out.

    A lower bound: the first look of a sitting has no edit before it, and what a script wrote took
    no time. The order of the edits does not matter.
    """
    every = {edit.edit_id: edit for edit in edits}.values()
    times: dict[str, list[float]] = {}
    for edit in every:
        times.setdefault(edit.annotator, []).append(edit.made_at.timestamp())
    seconds = 0.0
    for own in times.values():
        own.sort()
        gaps = (later - earlier for earlier, later in pairwise(own))
        seconds += sum(gap for gap in gaps if gap <= LONGEST_LOOK_S)
    n_examples = len({edit.example_id for edit in every})
    return Effort(len(every), n_examples, tuple(sorted(times)), seconds)
