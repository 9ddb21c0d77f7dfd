"""How long a build will take, said before it starts.

What the last builds of a dataset took tells best; without any, those of other datasets of this
workspace tell how fast the machine is; without those, a rule of thumb by the number of examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ide.dataset.errors import UpwellError
from ide.store.builds import BuildInfo, list_builds
from ide.store.examples import n_examples
from ide.store.workspace import Workspace

N_LAST = 5  # builds that are asked
# Measured on two cores, of the digits at 8 epochs (20 s) and at 30 (33 s). What DVC and six
# processes take to start is the same for all; an example costs its share of the epochs.
START_S, S_PER_EXAMPLE, EPOCHS = 15.0, 0.01, 30


@dataclass(frozen=True, slots=True)
class BuildTime:
    """How long a build is thought to take, and by what: past builds, other datasets, a rule."""

    seconds: float
    by: str

    def __str__(self) -> str:
        """Say it: ``about 20 s, as the last builds took``."""
        return f"about {roughly(self.seconds)}, {self.by}"


def build_time(workspace: Workspace, names: Sequence[str]) -> BuildTime | None:
    """Return how long one build of some datasets will take; None where one cannot be read."""
    try:
        found = [_of_one(workspace, name) for name in names]
    except UpwellError:
        return None  # whoever builds it is told what is wrong
    if not found:
        return None
    least = max(found, key=lambda each: _BY.index(each.by))  # as sure as the least sure
    n_starts = sum(each.by != _BY[0] for each in found) - 1  # of one process, not of each
    return BuildTime(sum(each.seconds for each in found) - max(0, n_starts) * START_S, least.by)


_BY = (
    "as its last builds took",
    "by what other datasets took here",
    "guessed by the number of examples",
)


def _of_one(workspace: Workspace, name: str) -> BuildTime:
    others = [other for other in workspace.datasets() if other != name]
    times = {each: _times(list_builds(workspace, each)) for each in (name, *others)}
    every = [took for each in times.values() for took in each]
    if times[name]:  # datasets that were built in one run share what it took
        return BuildTime(median(took / every.count(took) for took in times[name]), _BY[0])
    ratios = [
        took / every.count(took) / _rule(workspace, other)
        for other in others
        for took in times[other]
    ]
    by = _BY[1] if ratios else _BY[2]
    return BuildTime(_rule(workspace, name) * (median(ratios) if ratios else 1.0), by)


def _times(builds: Sequence[BuildInfo]) -> list[float]:
    return [build.seconds for build in builds[:N_LAST] if build.seconds]


def _rule(workspace: Workspace, name: str) -> float:
    epochs = workspace.config(name).model.epochs
    return START_S + S_PER_EXAMPLE * n_examples(workspace, name) * epochs / EPOCHS


def roughly(seconds: float) -> str:
    """Return a time that is not known to the second: ``20 s``, ``2 min``, ``1 h``."""
    if seconds < 57:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"
