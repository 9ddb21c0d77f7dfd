"""The labelling surface as a Streamlit component, and the conversation with it.

The component is one element that holds a window of the queue and never waits for Python. Its
edits arrive by a route, and are on the disk when it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ide.app import review_part
from ide.app.keyboard_component import (
    converse,
    is_spoken_of,
    key_of,
    keyboard_component,
)
from ide.app.labeler.sync import REVIEW_ACTIONS, Message, Receipt, parse_message, receive
from ide.app.payload import payload_urls
from ide.app.review_data import (
    changed_states,
    evals_of,
    judged_in_order,
    n_suspects,
    problems_of,
    rows,
    state_row,
    undoable_steps,
    window_of,
    yield_row,
)
from ide.app.server import LABELER_PATH
from ide.dataset.ids import content_id
from ide.dataset.replay import UNTOUCHED
from ide.store.builds import BuildInfo
from ide.store.file_names import file_names
from ide.store.live_queue import live_queue
from ide.store.log_growth import Mark
from ide.store.narrowing import Narrowed
from ide.store.replaying import replayed
from ide.store.state import imported_labels
from ide.store.taken import taken_sentences
from ide.store.workspace import Workspace


@lru_cache(maxsize=1)
def _component() -> Any:
    styles = [LABELER_PATH / "labeler.css"]
    return keyboard_component("labeler", classes="labeler", styles=styles)


DataOf = Callable[[Message | None, Receipt | None], dict[str, Any]]


def labeler(
    workspace: Workspace,
    name: str,
    queue: str,
    data_of: DataOf,
    *,
    annotator: str,
    links: list[dict[str, str]],
    actions: frozenset[str] = REVIEW_ACTIONS,
) -> None:
    """Show the labelling surface over a queue, and save what is judged there.

    ``queue``: a build's id, ``conflicts`` or ``unlabelled``; ``data_of``: what the queue holds,
    after a message. ``links``: where to go when all are judged.
    """

    def data(value: Any, receipt: Receipt | None) -> dict[str, Any]:
        return data_of(parse_message(value), receipt) | {"links": links}

    converse(
        _component(),
        key=_key(name, annotator, queue),
        view="review",
        about=queue,
        save=partial(receive, workspace, name, annotator=annotator, actions=actions),
        data_of=data,
    )


def is_in_use(name: str, annotator: str, queue: str) -> bool:
    """Whether the surface over that queue is on the page and has spoken."""
    return is_spoken_of(_key(name, annotator, queue))


def _key(name: str, annotator: str, queue: str) -> str:
    return key_of("labeler", name, annotator, queue)


def labeler_data(
    workspace: Workspace,
    name: str,
    build: BuildInfo,
    *,
    annotator: str,
    start: str | None,
    message: Message | None,
    receipt: Receipt | None,
    mark: Mark | None = None,
    part: Narrowed | None = None,
) -> dict[str, Any]:
    """Return what the component is given: acknowledgements, and the rows that it lacks.

    mark: how far this browser was told of the log; None: it is told everything. part: of the
    queue, where it is not all of it.
    """
    config = workspace.config(name)
    now = replayed(workspace, name)
    log, states, imported = now.log, now.states, imported_labels(workspace, name)
    queue, n_conflicts = live_queue(workspace, name, build, now)
    queue = part.of(queue, states) if part else queue
    held = message.held if message else None

    def state_of(example_id: str) -> dict[str, Any]:
        state = states.get(example_id, UNTOUCHED)
        row = state_row(state, imported.get(example_id), annotator)
        return row | {"judged": not part.is_open(state)} if part else row

    def label_of(example_id: str) -> str | None:
        label = states.get(example_id, UNTOUCHED).label
        return label if label is not None else imported.get(example_id)

    known = queue.ranked.row_by_id
    is_known_start = start in (part.ids if part else known)
    first = queue.ranked.ids[queue.order[0]] if len(queue.order) else None
    begin = start if is_known_start else first
    is_looking_back = held is None or held.first is not None
    judged = judged_in_order(known, log.edits, states) if is_looking_back else []
    judged = part.judged(judged, states) if part else judged
    window = window_of(queue, held, begin, judged)
    wanted = message.wanted if message and message.wanted in known else None
    here = begin if held is None else wanted
    has = set(held.beyond) if held else set()
    lacking = [x for x in window.ahead if x not in has]
    odds = queue.p_mislabeled[np.array([known[x] for x in window.ahead], np.int64)]
    split, evals = evals_of(build)
    since = mark.told_since(message.mark if message else None, log) if mark else None
    return {
        "workspace": content_id(str(workspace.root).encode()),
        "dataset": name,
        "queue": "suspects",
        "to": message.client if message else None,
        "annotator": annotator,
        "classes": list(config.classes),
        "build": {"id": build.build_id},
        "n_total": len(known),
        "n_suspects": n_suspects(build),
        "yield": None if part else yield_row(queue.found),
        "part": review_part.data_of(part, name, len(queue.order)) if part else None,
        "is_all_judged": first is None and not is_known_start,
        "start": begin,
        "start_notice": _start_notice(name, start, imported, is_known=is_known_start),
        "rows": rows(
            build,
            queue,
            [*window.before, *([here] if here else []), *lacking],
            classes=config.classes,
            state_of=state_of,
            label_of=label_of,
            url_of=payload_urls(workspace, name),
            file_of=file_names(workspace, name),
        ),
        "before": window.before,
        "here": here,
        "ahead": list(zip(window.ahead, odds.round(4).tolist(), strict=True)),
        "is_begin": window.is_begin if is_looking_back else None,
        "is_end": window.is_end,
        "states": changed_states(held, states, state_of, since),
        "history": [] if held else undoable_steps(log.edits, states, annotator),
        "evals": evals,
        "evals_split": split,
        "problems": problems_of(log.damage, n_conflicts, taken_sentences(workspace, name)),
        "n_conflicts": n_conflicts,
        "receipt": receipt.as_data() if receipt else None,
        "mark": mark.name if mark else None,
    }


def _start_notice(
    name: str,
    start: str | None,
    imported: Mapping[str, str | None],
    *,
    is_known: bool,
) -> str | None:
    """Say why the example in the address is not the one that is shown."""
    if not start or is_known:
        return None
    if start not in imported:
        return f"{name} has no example {start[:60]!r}: this is the first suspect instead."
    return f"{start[:60]} is not among the suspects of this build: this is the first one instead."
