"""Gates to begin with, of what a dataset holds now: of examples, and of Browse's filters."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import GateError, QueryError
from ide.dataset.gate_drafts import MAX_IDS, condition_of, of_examples, of_slice
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, TEST
from ide.store.browse import Filters, browse_ids
from ide.store.builds import BuildInfo, build_metrics
from ide.store.gate_columns import n_named
from ide.store.state import current_labels
from ide.store.workspace import Workspace

_OF_LABELS = "all"  # what Browse shows where a build is not asked


def draft_of_examples(workspace: Workspace, name: str, ids: Iterable[str], title: str) -> Gate:
    """Return a gate that wants some examples right; raise ``GateError`` where they are too many."""
    listed = list(dict.fromkeys(ids))
    if not listed:
        raise GateError("there is no example here to make a gate of")
    if len(listed) > MAX_IDS:
        raise GateError(
            f"a gate names at most {MAX_IDS:,} examples by their ids, and here are more; narrow "
            "the selection, or give a condition over the columns"
        )
    labels = current_labels(workspace, name)
    own = labels.filter(pc.is_in(labels[EXAMPLE_ID], value_set=pa.array(listed, pa.string())))
    return of_examples(title, listed, own[SPLIT].to_pylist())


def draft_of_filters(
    workspace: Workspace, name: str, build: BuildInfo | None, filters: Filters
) -> Gate:
    """Return a gate of what Browse shows: its filters where labels and columns tell them.

    What only a build tells (predictions, suspects, issues, odds) is pinned by the ids that it
    names now: a gate has to name the same examples whatever the network says.
    """
    split = filters.split or TEST
    title = _title(filters)
    condition = condition_of([(LABEL, filters.label)], filters.where)
    gate = of_slice(condition, split=split, wanted=accuracy_of(build, split), name=title)
    if (
        filters.show == _OF_LABELS
        and filters.predicted is None
        and not filters.search.strip()
        and filters.tag is None
        and _is_asked(workspace, name, gate)
    ):
        return gate
    ids = browse_ids(workspace, name, build, filters, limit=MAX_IDS + 1)
    return draft_of_examples(workspace, name, ids, title)


def accuracy_of(build: BuildInfo | None, split: str | None) -> float | None:
    """Return the accuracy of a whole split in a build; None where it is not known."""
    found = build_metrics(build)["splits"].get(split) if build else None
    return found["accuracy"]["value"] if found else None


def _is_asked(workspace: Workspace, name: str, gate: Gate) -> bool:
    """Whether a condition can be asked without a build."""
    try:
        n_named(workspace, name, gate)
    except QueryError:
        return False
    return True


def _title(filters: Filters) -> str:
    said = [] if filters.show == _OF_LABELS else [filters.show]
    said += [f"{filters.label}"] if filters.label is not None else []
    said += [f"taken for {filters.predicted}"] if filters.predicted is not None else []
    said += [f"tagged {filters.tag}"] if filters.tag is not None else []
    said += [f"with {' '.join(filters.search.split())}"] if filters.search.strip() else []
    said += [" ".join(filters.where.split())] if filters.where.strip() else []
    return ", ".join(said) or (f"everything in {filters.split or TEST}")
