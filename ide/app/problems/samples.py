"""A few examples of what an issue of the whole dataset is about: classes, splits, a slice."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import QueryError
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, SPLITS
from ide.store.browse import Filters, browse_page
from ide.store.builds import BuildInfo, build_table
from ide.store.checking import NO_BUILD
from ide.store.examples import examples_revision
from ide.store.state import current_labels
from ide.store.workspace import Workspace

N_EACH = 5  # of a class, a split or a slice
_CONDITIONS = frozenset({"weak_slices"})  # checks whose subject is a condition
_SEPARATORS = (" / ", " | ", "/", "|", ", ", " and ", " – ", " → ", " ↔ ", "-")


def names_in(subject: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that a subject is, one or several with a separator; () where it is none."""
    if subject in known:
        return (subject,)
    for separator in _SEPARATORS:
        parts = tuple(subject.split(separator))
        if len(parts) > 1 and all(part in known for part in parts):
            return parts
    return ()


def samples(
    workspace: Workspace, name: str, build: BuildInfo, check: str, subject: str | None
) -> list[dict[str, Any]]:
    """Return ``title`` and ``ids`` of a few examples of each thing that a subject names.

    Of two classes, those that the network takes for the other stand first; of a slice, which is
    a condition on the metadata as in Browse, those that it gets most wrong.
    """
    if not subject:
        return []
    revision = examples_revision(workspace, name)
    is_condition = check in _CONDITIONS
    return list(_samples(workspace, name, build, subject, is_condition=is_condition, _at=revision))


@lru_cache(maxsize=256)
def _samples(
    workspace: Workspace,
    name: str,
    build: BuildInfo,
    subject: str,
    *,
    is_condition: bool,
    _at: str,
) -> tuple[dict[str, Any], ...]:
    if is_condition:
        found = {subject: _of_slice(workspace, name, build, subject)}
    elif classes := names_in(subject, workspace.config(name).classes):
        others = {c: [o for o in classes if o != c] for c in classes}
        found = {c: _of_class(workspace, name, build, c, others[c]) for c in classes}
    elif splits := names_in(subject, SPLITS):
        labels = current_labels(workspace, name)
        found = {s: labels.filter(pc.equal(labels[SPLIT], s))[EXAMPLE_ID] for s in splits}
    else:
        found = {}
    return tuple({"title": t, "ids": ids[:N_EACH].to_pylist()} for t, ids in found.items())


def _of_slice(workspace: Workspace, name: str, build: BuildInfo, condition: str) -> Any:
    """Return ids of a slice, worst first; none where the condition is none any more."""
    filters = Filters(where=condition, show="wrong", order="loss")
    try:
        page = browse_page(workspace, name, build, filters, page_size=N_EACH)
    except QueryError:
        return pa.array([], pa.string())
    return page.rows[EXAMPLE_ID]


def _of_class(
    workspace: Workspace, name: str, build: BuildInfo, label: str, others: list[str]
) -> pa.ChunkedArray:
    """Return ids of a class, those predicted as one of the others first."""
    labels = current_labels(workspace, name)
    own = labels.filter(pc.equal(labels[LABEL], label))[EXAMPLE_ID]
    if build.build_id == NO_BUILD:
        return own[:N_EACH]
    predictions = build_table(build, "predictions", [EXAMPLE_ID, "predicted"])
    is_other = pc.is_in(predictions["predicted"], value_set=pa.array(others, pa.string()))
    taken = predictions.filter(is_other)
    is_taken = pc.is_in(own, value_set=taken[EXAMPLE_ID].combine_chunks())
    return pa.chunked_array(
        [*own.filter(is_taken)[:N_EACH].chunks, *own.filter(pc.invert(is_taken))[:N_EACH].chunks],
        pa.string(),
    )
