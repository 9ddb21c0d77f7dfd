"""The conflicts of a dataset as the labelling surface is given them.

The surface is Review's: a window of a queue, worked by key. Here the queue is what people disagree
about, a row brings the sides of each dispute with who took them, and the network's opinion stands
beside them where a build has one. No build is needed, and any modality is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ide.app.labeler.plain_cards import plain_cards
from ide.app.labeler.sync import Message, Receipt
from ide.app.review_data import (
    changed_states,
    evals_of,
    problems_of,
    split_window,
    state_row,
    undoable_steps,
)
from ide.dataset.conflicts import Conflict, Side, resolved_ids
from ide.dataset.ids import content_id
from ide.dataset.replay import UNTOUCHED, ExampleState
from ide.store.builds import BuildInfo
from ide.store.conflicts import Origin, conflict_ids, conflicts_by_id, origins
from ide.store.edit_log import read_edits
from ide.store.state import dataset_state, imported_labels
from ide.store.taken import taken_sentences
from ide.store.workspace import Workspace

ACTIONS = frozenset({"label", "confirm", "exclude", "restore", "split", "undo"})
QUEUE = "conflicts"


def conflicts_data(
    workspace: Workspace,
    name: str,
    build: BuildInfo | None,
    *,
    annotator: str,
    start: str | None,
    message: Message | None,
    receipt: Receipt | None,
) -> dict[str, Any]:
    """Return what the component is given: acknowledgements, and the conflicts that it lacks."""
    log = read_edits(workspace, name)
    states, imported = dataset_state(workspace, name), imported_labels(workspace, name)
    ids = conflict_ids(workspace, name)
    held = message.held if message else None
    is_known_start = start in set(ids)
    begin = start if is_known_start else next(iter(ids), None)
    is_looking_back = held is None or held.first is not None
    done = [x for x in resolved_ids(log.edits, states) if x in imported] if is_looking_back else []
    window = split_window(ids, held, begin, done)
    wanted = message.wanted if message and message.wanted in imported else None
    here = begin if held is None else wanted
    has = set(held.beyond) if held else set()
    lacking = [x for x in window.ahead if x not in has]
    wanted_ids = [*window.before, *([here] if here else []), *lacking]
    near = {x for x in (*held.near, *held.beyond) if x in states} if held else set()
    disputes = conflicts_by_id(workspace, name, {*wanted_ids, *near}, annotator=annotator)
    found = origins(workspace, name, (c for each in disputes.values() for c in each))

    def state_of(example_id: str) -> dict[str, Any]:
        state = states.get(example_id, UNTOUCHED)
        sides = [_conflict(c, annotator, found) for c in disputes.get(example_id, ())]
        return conflict_state(state, imported.get(example_id), annotator, sides)

    split, evals = evals_of(build) if build else ("", {})
    return {
        "workspace": content_id(str(workspace.root).encode()),
        "dataset": name,
        "queue": QUEUE,
        "to": message.client if message else None,
        "annotator": annotator,
        "classes": list(workspace.config(name).classes),
        "build": {"id": build.build_id if build else None},
        "n_total": len(ids),
        "n_suspects": 0,
        "yield": None,
        "is_all_judged": not ids,
        "start": begin,
        "start_notice": _start_notice(start, imported, is_known=is_known_start, is_any=bool(ids)),
        "rows": plain_cards(
            workspace, name, build, wanted_ids, rank=_ranks(ids), state_of=state_of
        ),
        "before": window.before,
        "here": here,
        "ahead": [(x, None) for x in window.ahead],
        "is_begin": window.is_begin if is_looking_back else None,
        "is_end": window.is_end,
        "states": changed_states(held, states, state_of),
        "history": []
        if held
        else undoable_steps(log.edits, states, annotator, actions=ACTIONS - {"undo"}),
        "evals": evals,
        "evals_split": split,
        "problems": problems_of(log.damage, 0, taken_sentences(workspace, name)),
        "receipt": receipt.as_data() if receipt else None,
        "newer_build": False,
    }


def conflict_state(
    state: ExampleState, imported: str | None, annotator: str, sides: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return an example's live state; ``judged`` here: nothing of it is disputed any more."""
    row = state_row(state, imported, annotator)
    return {**row, "judged": not state.is_conflict, "split": state.split, "conflicts": sides}


def _conflict(conflict: Conflict, annotator: str, found: Mapping[str, Origin]) -> dict[str, Any]:
    return {
        "register": conflict.register,
        "vote": conflict.is_vote,
        "sides": [_side(side, annotator, found) for side in conflict.sides],
    }


def _side(side: Side, annotator: str, found: Mapping[str, Origin]) -> dict[str, Any]:
    return {
        "action": side.action,
        "value": side.value,
        "mine": any(e.annotator == annotator for e in side.edits),
        "by": [
            {
                "annotator": e.annotator,
                "made_at": e.made_at.isoformat(timespec="minutes"),
                "reason": e.reason,
                "confirmed": e.action == "confirm",
                "commit": origin.commit,
                "branches": list(origin.branches),
            }
            for e in side.edits
            for origin in [found.get(e.edit_id, Origin(None))]
        ],
    }


def _ranks(ids: Sequence[str]) -> dict[str, int]:
    return {x: i for i, x in enumerate(ids, start=1)}


def _start_notice(
    start: str | None, imported: Mapping[str, str | None], *, is_known: bool, is_any: bool
) -> str | None:
    """Say why the example in the address is not the one that is shown."""
    if not start or is_known or not is_any:
        return None
    what = "is not in conflict" if start in imported else "is no example of this dataset"
    return f"{start[:60]} {what}: this is the first that is."
