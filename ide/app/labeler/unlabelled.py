"""What has no label yet, as the labelling surface is given it.

The surface is Review's: a window of a queue, worked by key. Here the queue is what came without a
label, in the order of the dataset. No build is needed, and any modality is shown; where a build
says what an example probably is, that class is suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ide.app.labeler.plain_cards import plain_cards
from ide.app.labeler.sync import Message, Receipt
from ide.app.review_data import (
    changed_states,
    evals_of,
    judged_in_order,
    problems_of,
    split_window,
    state_row,
    undoable_steps,
)
from ide.dataset.config import DatasetConfig
from ide.dataset.ids import content_id
from ide.dataset.replay import UNTOUCHED
from ide.store.builds import BuildInfo
from ide.store.log_growth import Mark
from ide.store.replaying import replayed
from ide.store.state import imported_labels
from ide.store.taken import taken_sentences
from ide.store.unlabelled import Unlabelled, is_open, unlabelled
from ide.store.workspace import Workspace

QUEUE = "unlabelled"


def unlabelled_data(
    workspace: Workspace,
    name: str,
    build: BuildInfo | None,
    *,
    annotator: str,
    start: str | None,
    message: Message | None,
    receipt: Receipt | None,
    mark: Mark | None = None,
) -> dict[str, Any]:
    """Return what the component is given: acknowledgements, and the examples that it lacks.

    mark: how far this browser was told of the log; None: it is told everything.
    """
    config, now = workspace.config(name), replayed(workspace, name)
    log, states = now.log, now.states
    left = unlabelled(workspace, name, now)
    held = message.held if message else None
    is_known_start = start in left.row_by_id
    first = left.ids[left.rows[0]] if len(left) else None
    begin = start if is_known_start else first
    is_looking_back = held is None or held.first is not None
    done = judged_in_order(left.row_by_id, log.edits, states) if is_looking_back else []
    window = split_window((left.ids[row] for row in left.rows), held, begin, done)
    wanted = message.wanted if message and message.wanted in left.row_by_id else None
    here = begin if held is None else wanted
    has = set(held.beyond) if held else set()
    lacking = [x for x in window.ahead if x not in has]
    since = mark.told_since(message.mark if message else None, log) if mark else None

    def state_of(example_id: str) -> dict[str, Any]:
        """Return an example's live state; ``judged`` here: it need not be labelled any more."""
        state = states.get(example_id, UNTOUCHED)
        return {**state_row(state, None, annotator), "judged": not is_open(state)}

    split, evals = evals_of(build) if build else ("", {})
    ids = [*window.before, *([here] if here else []), *lacking]
    cards = plain_cards(workspace, name, build, ids, rank={}, state_of=state_of)
    return {
        "workspace": content_id(str(workspace.root).encode()),
        "dataset": name,
        "queue": QUEUE,
        "to": message.client if message else None,
        "annotator": annotator,
        "classes": list(config.classes),
        "build": {"id": build.build_id if build else None},
        "n_total": len(left),
        "n_suspects": 0,
        "yield": None,
        "is_all_judged": first is None,
        "start": begin,
        "start_notice": _start_notice(
            workspace, name, start, is_known=is_known_start or first is None
        ),
        "next": _next(config),
        "rows": [_with_suggestion(card, config.classes) for card in cards],
        "before": window.before,
        "here": here,
        "ahead": [(x, None) for x in window.ahead],
        "is_begin": window.is_begin if is_looking_back else None,
        "is_end": window.is_end,
        "states": changed_states(held, states, state_of, since),
        "history": [] if held else _of_queue(undoable_steps(log.edits, states, annotator), left),
        "evals": evals,
        "evals_split": split,
        "problems": problems_of(log.damage, 0, taken_sentences(workspace, name)),
        "receipt": receipt.as_data() if receipt else None,
        "newer_build": False,
        "mark": mark.name if mark else None,
    }


def _with_suggestion(card: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Suggest the class that a build thinks likeliest, where it says anything of the example."""
    likeliest = card["probs"][0][0] if card["probs"] else len(classes)
    return card | {"suggested": classes[likeliest] if likeliest < len(classes) else None}


def _of_queue(steps: Iterable[dict[str, Any]], left: Unlabelled) -> list[dict[str, Any]]:
    """Keep the steps that were made on examples of this queue: no other is taken back unseen."""
    return [
        step
        for step in steps
        if all(edit["example_id"] in left.row_by_id for edit in step["edits"])
    ]


def _next(config: DatasetConfig) -> str:
    """Say what comes when all is labelled."""
    if config.is_compiled:
        return "Compile next: a network learns from them, and what it doubts then stands in Review."
    return f"Commit next, then export: only images compile so far, and this is {config.modality}."


def _start_notice(
    workspace: Workspace, name: str, start: str | None, *, is_known: bool
) -> str | None:
    """Say why the example in the address is not the one that is shown."""
    if not start or is_known:
        return None
    is_here = start in imported_labels(workspace, name)
    what = "came with a label" if is_here else "is no example of this dataset"
    return f"{start[:60]} {what}: this is the first without one."
