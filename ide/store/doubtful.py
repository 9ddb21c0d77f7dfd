"""Which examples an error can be about at all: found in columns, before any check looks closer.

A check of the labels goes through its rows one by one, and a commit must not wait for a million
of them. Every error of ``CHECKS_OF_DOUBTFUL`` is about a row found here, or about none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import StorageError
from ide.dataset.labels import label_table
from ide.dataset.schema import EXAMPLE_ID, LABEL, POOL, SPLIT, SPLITS
from ide.store.examples import examples_revision
from ide.store.files import read_json, write_json
from ide.store.state import dataset_state, imported_table
from ide.store.workspace import Workspace

# what they find in all rows, they find in these; gates and sources need all rows
CHECKS_OF_DOUBTFUL = frozenset(
    {
        *("nulls", "repeated_ids", "unknown_classes", "conflicts", "gates"),
        *("exact_duplicates", "conflicting_duplicates", "leaks", "unreadable", "empty"),
        "same_source",
    }
)


def doubtful(
    workspace: Workspace, name: str, classes: Sequence[str], media: pa.Table | None
) -> tuple[pa.Table, pa.Table | None]:
    """Return the labels in force and the media that an error can be about, rows by example id.

    ``schema.LABELS`` of some examples. media: of all examples, with ``content_hash`` and
    ``problem``; None where they were not measured.
    """
    imported, states = imported_table(workspace, name), dataset_state(workspace, name)
    ids = imported[EXAMPLE_ID]
    always = pc.is_in(ids, value_set=_repeated_ids(workspace, name))
    if media is not None:
        always = pc.or_(always, pc.is_in(ids, value_set=_of_media(media)))
    is_touched = pc.is_in(ids, value_set=pa.array(list(states), pa.string()))
    mask = pc.or_(pc.or_(always, is_touched), _is_wrong(imported, classes))
    # of these the labels in force, and of those again what is wrong with them
    labels = label_table(imported.filter(mask), states)
    now = pc.or_(labels["is_conflict"], _is_wrong(labels, classes))
    found = labels.filter(pc.or_(always.filter(mask), now)).sort_by(EXAMPLE_ID)
    if media is None:
        return found, None
    wanted = found[EXAMPLE_ID].combine_chunks()
    own = media.filter(pc.is_in(media[EXAMPLE_ID], value_set=wanted)).sort_by(EXAMPLE_ID)
    return found, own


def _is_wrong(labels: pa.Table, classes: Sequence[str]) -> pa.ChunkedArray:
    """Return which rows lack an id, a split, a label outside the pool, or have one of no class."""
    label, split = labels[LABEL], labels[SPLIT]
    is_in_pool = pc.fill_null(pc.equal(split, POOL), False)
    is_of_no_class = pc.invert(pc.is_in(label, value_set=pa.array(classes, pa.string())))
    mask = pc.is_null(labels[EXAMPLE_ID])
    for other in (
        pc.invert(pc.is_in(split, value_set=pa.array(SPLITS))),
        pc.and_(pc.is_null(label), pc.invert(is_in_pool)),
        pc.and_(pc.is_valid(label), is_of_no_class),
    ):
        mask = pc.or_(mask, other)
    return mask


def _of_media(media: pa.Table) -> pa.Array:
    """Return the ids of payloads with a problem, and of those that have the content of another."""
    codes = pc.dictionary_encode(media["content_hash"].combine_chunks()).indices
    places = np.asarray(pc.fill_null(codes, -1), np.int64)
    n_of = np.bincount(places[places >= 0], minlength=1)
    is_repeated = (places >= 0) & (n_of[places] > 1)
    mask = pc.or_(pa.array(is_repeated), pc.is_valid(media["problem"]))
    return media.filter(mask)[EXAMPLE_ID].combine_chunks()


def _repeated_ids(workspace: Workspace, name: str) -> pa.Array:
    return _repeated(workspace, name, examples_revision(workspace, name))


@lru_cache(maxsize=8)
def _repeated(workspace: Workspace, name: str, revision: str) -> pa.Array:
    """Return ids that stand twice. Examples never change in place: it is found out once for them.

    What was found lies in ``.upwell/ids/``, and can be deleted at any time.
    """
    path = workspace.local_path / "ids" / f"{name}.json"
    with contextlib.suppress(FileNotFoundError, StorageError):
        known = read_json(path, {"examples": str, "repeated": [str]})
        if known["examples"] == revision:
            return pa.array(known["repeated"], pa.string())
    found = pc.value_counts(imported_table(workspace, name)[EXAMPLE_ID])
    repeated = found.field("values").filter(pc.greater(found.field("counts"), 1))
    with contextlib.suppress(StorageError):
        write_json(path, {"examples": revision, "repeated": repeated.to_pylist()})
    return repeated
