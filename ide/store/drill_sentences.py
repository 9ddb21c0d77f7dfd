"""What is said when a drill begins, goes on and ends; the same words on every screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ide.dataset.drill import KINDS, Drill
from ide.dataset.schema import SPLITS
from ide.store.drills import Ended, Progress


def began(drill: Drill) -> str:
    """Say what was planted, and what to do now."""
    name, n = drill.dataset, len(drill.planted)
    kinds = Counter(p.kind for p in drill.planted)
    splits = Counter(p.split for p in drill.planted)
    return (
        f"{name}: {n:,} wrong labels planted on the branch {drill.branch} "
        f"({_listed(kinds, KINDS)}; {_listed(splits, SPLITS)}). Next: upwell compile {name}, then "
        f"review (upwell open); upwell drill {name} --score measures, --end goes back to "
        f"{drill.home}"
    )


def going_on(progress: Progress) -> str:
    """Say how far a drill is."""
    name = progress.drill.dataset
    return (
        f"{name}: {progress.n_planted:,} planted errors on {progress.drill.branch}, "
        f"{progress.n_found:,} found. Measure with: upwell drill {name} --score; "
        f"go back to {progress.drill.home} with: upwell drill {name} --end"
    )


def ended(end: Ended) -> str:
    """Say where one is now, and what became of the edits."""
    drill = end.score.drill
    said = [f"Back on {drill.home}; no planted label is left"]
    if end.n_carried:
        said.append(
            f"{_edits(end.n_carried)} of examples that were not planted came along; "
            "commit with: upwell commit"
        )
    if end.n_left:
        said.append(f"{_edits(end.n_left)} of examples that were not planted stayed behind")
    kept = f"the branch {drill.branch} is kept"
    said.append(f"the branch {drill.branch} is deleted" if end.is_deleted else kept)
    return "; ".join(said)


def _edits(n: int) -> str:
    return f"{n:,} edit{'' if n == 1 else 's'}"


def _listed(counts: Counter[str], order: Sequence[str]) -> str:
    return ", ".join(f"{counts[what]:,} {what}" for what in order if counts[what])
