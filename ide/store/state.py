"""The live state of a dataset: its examples with the edit log replayed over them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ide.dataset.edit import (
    DATASET_ACTIONS,
    NAME_ACTIONS,
    REVIEW_ACTIONS,
    WHOLE_DATASET,
    Edit,
    make_edit,
)
from ide.dataset.errors import EditError, ExampleNotFoundError, UnknownClassError
from ide.dataset.labels import label_table
from ide.dataset.names import same_form
from ide.dataset.replay import (
    UNTOUCHED,
    ExampleState,
    register_of,
    replay_one,
    undo_heads,
)
from ide.dataset.reviews import check_reviewed
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, SPLITS
from ide.store.edit_log import append_edits, edits_revision, read_edits
from ide.store.examples import examples_revision, read_examples, require_here
from ide.store.replaying import replayed
from ide.store.workspace import Workspace


def dataset_revision(workspace: Workspace, name: str) -> str:
    """Return a key that changes whenever a dataset's examples or edits do; cheap."""
    return f"{examples_revision(workspace, name)}|{edits_revision(workspace, name)}"


def dataset_state(workspace: Workspace, name: str) -> dict[str, ExampleState]:
    """Return the state of every example that an edit touches. Treat it as read-only."""
    return replayed(workspace, name).states


def edits_by_id(workspace: Workspace, name: str) -> Mapping[str, Edit]:
    """Return every edit that counts, by id. It is for looking up: it grows while others label."""
    return replayed(workspace, name).by_id


def imported_labels(workspace: Workspace, name: str) -> dict[str, str | None]:
    """Return the label that each example was imported with, by id. Treat it as read-only."""
    return _imported(workspace, name, examples_revision(workspace, name))


@lru_cache(maxsize=8)
def _imported(workspace: Workspace, name: str, _revision: str) -> dict[str, str | None]:
    table = read_examples(workspace, name, [EXAMPLE_ID, LABEL])
    return dict(zip(table[EXAMPLE_ID].to_pylist(), table[LABEL].to_pylist(), strict=True))


def imported_splits(workspace: Workspace, name: str) -> dict[str, str | None]:
    """Return the split that each example was imported into, by id. Treat it as read-only."""
    return _imported_splits(workspace, name, examples_revision(workspace, name))


@lru_cache(maxsize=8)
def _imported_splits(workspace: Workspace, name: str, _revision: str) -> dict[str, str | None]:
    table = read_examples(workspace, name, [EXAMPLE_ID, SPLIT])
    return dict(zip(table[EXAMPLE_ID].to_pylist(), table[SPLIT].to_pylist(), strict=True))


def imported_table(workspace: Workspace, name: str) -> pa.Table:
    """Return ``example_id, label, split`` as imported, in the order of the parts.

    For a few of a million examples this is far cheaper than the two above.
    """
    return _imported_table(workspace, name, examples_revision(workspace, name))


@lru_cache(maxsize=4)
def _imported_table(workspace: Workspace, name: str, _revision: str) -> pa.Table:
    return read_examples(workspace, name, [EXAMPLE_ID, LABEL, SPLIT])


def current_labels(workspace: Workspace, name: str) -> pa.Table:
    """Return the labels in force (see ``schema.LABELS``), a row an example."""
    return _labels(workspace, name, dataset_revision(workspace, name))


@lru_cache(maxsize=8)
def _labels(workspace: Workspace, name: str, _revision: str) -> pa.Table:
    examples = imported_table(workspace, name)
    return label_table(examples, dataset_state(workspace, name))


def current_label(workspace: Workspace, name: str, example_id: str) -> str | None:
    """Return the label in force of one example (None in the pool); raise if there is no such."""
    imported = imported_labels(workspace, name)
    if example_id not in imported:
        require_here(workspace, name)
        raise ExampleNotFoundError(name, example_id)
    state = dataset_state(workspace, name).get(example_id, UNTOUCHED)
    return state.label if state.label is not None else imported[example_id]


def check_value(workspace: Workspace, name: str, action: str, value: str | None) -> None:
    """Refuse a label that is no class and a split that is none."""
    if action in ("label", "vote", "confirm"):
        classes = workspace.config(name).classes
        if value not in classes:
            raise UnknownClassError(name, value or "", classes, where=f"{action} of an example")
    if action in ("tag", "untag", "comment") and not (value or "").strip():
        raise EditError(f"the {action} is empty; write what it should say")
    if action == "split" and value not in SPLITS:
        raise EditError(f"{value!r} is not a split; wanted one of {', '.join(SPLITS)}")


def edit_example(
    workspace: Workspace,
    name: str,
    example_id: str,
    action: str,
    value: str | None = None,
    *,
    annotator: str,
    reason: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Edit:
    """Make one edit on top of what stands now, and return it once it is on the disk.

    ``confirm`` without a value confirms the label in force. ``dismiss`` takes the id of an issue,
    and for an issue of the whole dataset the example ``*``; ``issues.dismiss_issue`` also looks
    whether there is such an issue. ``approve`` and ``request_change`` take the id of an edit of
    the example, and ``reason`` what is asked. Raises ``ExampleNotFoundError``,
    ``UnknownClassError``, ``EditError`` or ``StorageError``; then nothing was written.
    """
    is_of_dataset = action in DATASET_ACTIONS and example_id == WHOLE_DATASET
    label = None if is_of_dataset else current_label(workspace, name, example_id)
    if action == "confirm" and value is None:
        value = label
    if action in NAME_ACTIONS and value is not None:
        value = same_form(value)
    check_value(workspace, name, action, value)
    if action in REVIEW_ACTIONS:
        check_reviewed(read_edits(workspace, name).edits, example_id, value)
    draft = make_edit(example_id, action, value, annotator=annotator)
    state = dataset_state(workspace, name).get(example_id, UNTOUCHED)
    edit = make_edit(
        example_id,
        action,
        value,
        previous=state.heads.get(register_of(draft, {}), ()),
        annotator=annotator,
        reason=reason,
        evidence=evidence,
        edit_id=draft.edit_id,
        made_at=draft.made_at,
    )
    append_edits(workspace, name, [edit])
    return edit


def undo_edit(
    workspace: Workspace, name: str, edit_id: str, *, annotator: str, reason: str | None = None
) -> Edit:
    """Take one edit back with another edit; refuse where a later edit stands on it."""
    edits = {e.edit_id: e for e in read_edits(workspace, name).edits}
    target = edits.get(edit_id)
    if target is None:
        raise EditError(
            f"{name!r} has no edit {edit_id[:60]!r}. "
            f'List them with: upwell sql "SELECT * FROM {name}.edits"'
        )
    own = [e for e in edits.values() if e.example_id == target.example_id]
    heads = undo_heads(own, edit_id)
    if not heads:
        raise EditError(
            f"edit {edit_id} of {target.example_id[:80]!r} does not stand any more: a later edit "
            "replaced it or took it back; undo that one first"
        )
    undo = make_edit(
        target.example_id, "undo", edit_id, previous=heads, annotator=annotator, reason=reason
    )
    append_edits(workspace, name, [undo])
    return undo


def undo_last(
    workspace: Workspace, name: str, example_id: str, *, annotator: str, reason: str | None = None
) -> Edit:
    """Take back the newest edit in force of an example; of reviews, only one's own."""
    if example_id != WHOLE_DATASET:
        current_label(workspace, name, example_id)
    own = [e for e in read_edits(workspace, name).edits if e.example_id == example_id]
    in_force = replay_one(own, example_id).in_force.values()
    standing = [
        e
        for e in own
        if any(e.edit_id in ids for ids in in_force)
        and (e.action not in REVIEW_ACTIONS or e.annotator == annotator)
    ]
    if not standing:
        raise EditError(f"example {example_id[:80]!r} of {name!r} has no edit to undo")
    newest = max(standing, key=lambda e: (e.made_at, e.edit_id))
    return undo_edit(workspace, name, newest.edit_id, annotator=annotator, reason=reason)
