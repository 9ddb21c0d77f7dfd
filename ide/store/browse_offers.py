"""What Browse can show and sort by of a dataset as it stands: nothing is offered that is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pyarrow.compute as pc

from ide.dataset.schema import SPLIT, SPLITS
from ide.store.builds import BuildInfo, build_table
from ide.store.state import current_labels, dataset_revision, dataset_state, imported_labels
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Offers:
    """The values of ``browse.Filters`` that there is something of."""

    shows: frozenset[str]
    orders: frozenset[str]
    splits: tuple[str, ...]
    tags: tuple[str, ...]
    has_predictions: bool


def offers(workspace: Workspace, name: str, build: BuildInfo | None) -> Offers:
    """Return what a dataset and its build have."""
    return _offers(workspace, name, build, dataset_revision(workspace, name))


@lru_cache(maxsize=16)
def _offers(workspace: Workspace, name: str, build: BuildInfo | None, _revision: str) -> Offers:
    states, imported = dataset_state(workspace, name), imported_labels(workspace, name)
    labels = current_labels(workspace, name)
    has_suspects = _has_rows(build, "suspects")
    has_predictions = _has_rows(build, "predictions")
    is_there = {
        "all": True,
        "suspects": has_suspects,
        "issues": _has_rows(build, "issues"),
        "wrong": has_predictions,
        "edited": bool(states),
        "relabelled": any(
            state.label is not None and state.label != imported.get(i)
            for i, state in states.items()
        ),
        "excluded": any(state.is_excluded for state in states.values()),
        "conflicts": any(state.is_conflict for state in states.values()),
    }
    splits = set(pc.unique(labels[SPLIT]).to_pylist())
    return Offers(
        shows=frozenset(show for show, is_any in is_there.items() if is_any),
        orders=frozenset(
            {"id", "random"}
            | ({"suspicion"} if has_suspects else set())
            | ({"loss"} if has_predictions else set())
        ),
        splits=tuple(split for split in SPLITS if split in splits),
        tags=tuple(sorted({tag for state in states.values() for tag in state.tags})),
        has_predictions=has_predictions,
    )


def _has_rows(build: BuildInfo | None, table: str) -> bool:
    """Whether a table of a build has rows."""
    return build is not None and len(build_table(build, table, ["example_id"])) > 0
