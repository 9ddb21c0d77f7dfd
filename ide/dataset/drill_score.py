"""What a drill measures: how many planted errors the ranking finds, and how people judged them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ide.dataset.drill import Drill
from ide.dataset.edit import Edit
from ide.dataset.metrics import wilson

DETECTOR, EVERYONE = "detector", "everyone"
FOUND, MISJUDGED, EXCLUDED, CONFIRMED, UNSEEN = (
    "found",
    "relabelled wrongly",
    "excluded",
    "confirmed by mistake",
    "not looked at",
)
OUTCOMES = (FOUND, MISJUDGED, EXCLUDED, CONFIRMED, UNSEEN)
CARE = "care"
LOOK_FURTHER = 1.1  # the second depth: a tenth more examples than there are errors
_N_DRAWS = 1000
_VERDICTS = frozenset({"label", "confirm", "vote", "exclude", "restore"})


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One measurement. ``value``: n / of (of average precision, itself); low, high: 95 %."""

    who: str  # detector, everyone, or an annotator
    measure: str
    n: int | None
    of: int
    value: float | None  # None where nothing was there to measure
    low: float | None
    high: float | None


def score_as_rows(rows: Iterable[ScoreRow]) -> list[dict[str, object]]:
    """Return a score as tables and JSON have it."""
    return [asdict(row) for row in rows]


def detector_score(drill: Drill, ranking: Sequence[str], n_suspects: int) -> list[ScoreRow]:
    """Give the recall of a ranking at three depths, by split and kind, and its average precision.

    ranking: example ids, most suspect first, of the drill's build. A wrong label of the data's
    own that stands above a planted one counts against the average precision, which is therefore
    a lower bound. Intervals: Wilson's; of the average precision, the bootstrap over the errors.
    """
    n = len(drill.planted)
    position = {example_id: i for i, example_id in enumerate(ranking)}
    ranks = {p.example_id: position.get(p.example_id, len(ranking)) for p in drill.planted}
    depths = {f"recall at {n:,}": n}
    depths.setdefault(f"recall at {further(n):,}", further(n))
    depths[f"recall at {n_suspects:,}, all suspects"] = n_suspects
    rows = [_share(DETECTOR, m, sum(r < k for r in ranks.values()), n) for m, k in depths.items()]
    rows.append(_average_precision(sorted(ranks.values()), len(ranking)))
    for column in ("split", "kind"):
        groups = Counter(getattr(p, column) for p in drill.planted)
        for group, size in sorted(groups.items()):
            own = [p for p in drill.planted if getattr(p, column) == group]
            hits = sum(ranks[p.example_id] < n for p in own)
            rows.append(_share(DETECTOR, f"recall at {n:,}, {group}", hits, size))
    return rows


def further(n: int) -> int:
    """Return the second depth: 1.1 n, rounded."""
    return round(LOOK_FURTHER * n)


def recall_curve(drill: Drill, ranking: Sequence[str]) -> list[int]:
    """Return how many planted errors stand among the first 1, 2, … of a ranking."""
    planted = drill.labels
    return [int(c) for c in np.cumsum([example_id in planted for example_id in ranking])]


def annotator_scores(drill: Drill, edits: Iterable[Edit]) -> list[ScoreRow]:
    """Give what became of the planted errors, of each annotator and of everyone together.

    Who was wrong, who did not look: ``OUTCOMES`` add up to the errors planted. ``care`` is the
    share of the errors looked at that were noticed: relabelled, rightly or not, or excluded.
    edits: those made in the drill, in any order; the last verdict that was not undone counts.
    """
    by_person = _verdicts(drill, edits)
    everyone: dict[str, Edit] = {}
    for verdicts in by_person.values():
        for example_id, edit in verdicts.items():
            known = everyone.get(example_id)
            if known is None or _age(known) < _age(edit):
                everyone[example_id] = edit
    people = [*sorted(by_person.items()), (EVERYONE, everyone)]
    if len(by_person) == 1:
        people = people[:1]
    return [row for who, verdicts in people for row in _outcome_rows(drill, who, verdicts)]


def outcome(drill_label: str, true_label: str, edit: Edit | None) -> str:
    """Return what a verdict makes of a planted error: one of ``OUTCOMES``."""
    if edit is None or edit.action == "restore":
        return UNSEEN
    if edit.action == "exclude":
        return EXCLUDED
    if edit.value == true_label:
        return FOUND
    return CONFIRMED if edit.value == drill_label else MISJUDGED


def _outcome_rows(drill: Drill, who: str, verdicts: dict[str, Edit]) -> list[ScoreRow]:
    n = len(drill.planted)
    found = Counter(
        outcome(p.label, p.true_label, verdicts.get(p.example_id)) for p in drill.planted
    )
    rows = [_share(who, measure, found[measure], n) for measure in OUTCOMES]
    looked_at = n - found[UNSEEN]
    return [*rows, _share(who, CARE, looked_at - found[CONFIRMED], looked_at)]


def _verdicts(drill: Drill, edits: Iterable[Edit]) -> dict[str, dict[str, Edit]]:
    """Return annotator → planted example → the last verdict that the annotator did not undo."""
    planted = drill.labels
    by_id = {e.edit_id: e for e in edits}
    ordered = sorted(by_id.values(), key=_age)
    undone: set[str] = set()
    for edit in reversed(ordered):  # an undo that is itself undone takes nothing back
        if edit.action == "undo" and edit.edit_id not in undone and edit.value:
            undone.add(edit.value)
    found: dict[str, dict[str, Edit]] = {}
    for edit in ordered:
        own = found.setdefault(edit.annotator, {})
        if edit.example_id in planted and edit.action in _VERDICTS and edit.edit_id not in undone:
            own[edit.example_id] = edit
    return found


def _age(edit: Edit) -> tuple[object, str]:
    return edit.made_at, edit.edit_id


def _share(who: str, measure: str, n: int, of: int) -> ScoreRow:
    if of == 0:
        return ScoreRow(who, measure, n, of, None, None, None)
    low, high = wilson(n, of)
    return ScoreRow(who, measure, n, of, n / of, low, high)


def _average_precision(ranks: Sequence[int], n_ranked: int) -> ScoreRow:
    """Give the mean, over the errors, of the precision at the rank of each; 0 for one not ranked.

    ranks: (n,) ascending, from 0; ``n_ranked`` and more = not in the ranking.
    """
    terms = np.array([(i + 1) / (r + 1) if r < n_ranked else 0.0 for i, r in enumerate(ranks)])
    draws = np.random.default_rng(0).choice(terms, (_N_DRAWS, len(terms))).mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    value = float(terms.mean())
    return ScoreRow(
        DETECTOR,
        "average precision",
        None,
        len(terms),
        value,
        min(value, float(low)),
        max(value, float(high)),
    )
