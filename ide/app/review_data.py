"""What Review shows, prepared: a stretch of the queue, each row with all that its card needs.

The queue holds every label that nobody judged, in the order that the verdicts so far give it.
The browser keeps what is next as it is (it is on the screen or prefetched) and is told anew, with
each answer, what comes after that. It says which examples it holds, so that none comes twice and
none is passed over, whatever became of the server meanwhile. Behind the cursor stand the verdicts
given before, the newest last. All functions only read.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from ide.app.labeler.sync import Held
from ide.app.opinions import curves_of, likeliest_of
from ide.dataset.edit import Edit
from ide.dataset.replay import (
    EXCLUSION_REGISTER,
    LABEL_REGISTER,
    SPLIT_REGISTER,
    UNTOUCHED,
    ExampleState,
    register_of,
)
from ide.dataset.schema import LABEL, SPLIT, SUSPECT_THRESHOLD, TEST, VALIDATION
from ide.dataset.yields import Yield, advice
from ide.store.builds import BuildInfo, build_metrics
from ide.store.queue import Queue, ranked

N_BEFORE = 30  # verdicts behind the cursor that are sent at a time
N_AHEAD = 300  # rows ahead, beyond those that stay as they are: nine seconds of a key every 30 ms
N_NEIGHBORS = 10
N_HISTORY = 200  # steps that can be undone after a reload
MAX_STEP = 400  # edits of one of them
VERDICTS = frozenset({"label", "confirm", "exclude", "restore"})


@dataclass(frozen=True, slots=True)
class Window:
    """What comes before and after what the browser holds; ids."""

    before: list[str]  # oldest first
    ahead: list[str]  # most suspect first
    is_begin: bool  # nothing was judged before
    is_end: bool  # nothing is left to judge after


def window_of(queue: Queue, held: Held | None, start: str | None, judged: Sequence[str]) -> Window:
    """Return what the browser should hold. ``judged``: ids in the order of their verdicts.

    ``start`` is the example that the address names; without ``held`` it is where one begins.
    """
    return split_window((queue.ranked.ids[row] for row in queue.order), held, start, judged)


def split_window(
    ids: Iterable[str], held: Held | None, start: str | None, judged: Sequence[str]
) -> Window:
    """Return the same of any queue: ``ids`` are what is left to judge, in order."""
    near = set(held.near) if held else {start}
    ahead: list[str] = []
    is_end = True
    for example_id in ids:
        if example_id in near:
            continue
        if len(ahead) == N_AHEAD:
            is_end = False
            break
        ahead.append(example_id)
    if held is None:
        behind = [x for x in judged if x != start]
    elif held.first in judged:
        behind = list(judged[: judged.index(held.first)])
    else:
        behind = []
    return Window(behind[-N_BEFORE:], ahead, len(behind) <= N_BEFORE, is_end)


def judged_in_order(
    known: Container[str], edits: Iterable[Edit], states: Mapping[str, ExampleState]
) -> list[str]:
    """Return the judged ids of a queue that knows some, in the order of the newest verdicts."""
    age = {edit.edit_id: (edit.made_at, edit.edit_id) for edit in edits}
    moments = {
        x: max(age[i] for of, ids in state.in_force.items() if is_of_label(of) for i in ids)
        for x, state in states.items()
        if state.is_judged and x in known
    }
    return sorted(moments, key=moments.__getitem__)


def is_of_label(register: str) -> bool:
    """Whether what is said there judges the label; a comment or a review does not."""
    return register in (LABEL_REGISTER, EXCLUSION_REGISTER) or register.startswith("vote:")


def yield_row(found: Yield) -> dict[str, Any]:
    """Return what the line above the example says of the review's yield."""
    return {
        "n_judged": found.n_judged,
        "n_errors": found.n_errors,
        "precision": {
            "value": found.precision,
            "low": found.precision_low,
            "high": found.precision_high,
        },
        "left": [found.n_left, found.n_left_low, found.n_left_high],
        "n_unjudged": found.n_unjudged,
        "is_worth_it": found.is_worth_it,
        "advice": advice(found),
        "error_cost": found.error_cost,
        "n_worth": found.n_worth,
        "loss": [round(found.loss_if_stopped), round(found.loss_if_continued)],
    }


@lru_cache(maxsize=4)
def n_suspects(build: BuildInfo) -> int:
    """Count the labels that the compile thinks more likely wrong than right."""
    return int((ranked(build).table["p_mislabeled"].to_numpy() > SUSPECT_THRESHOLD).sum())


# ---- rows ----

_ROW_COLUMNS = (
    "rank", LABEL, "suggested_label", "is_ambiguous", "reason", SPLIT, "neighbors",
)  # fmt: skip


def rows(
    build: BuildInfo,
    queue: Queue,
    example_ids: Sequence[str],
    *,
    classes: tuple[str, ...],
    state_of: Callable[[str], dict[str, Any]],
    label_of: Callable[[str], str | None],
    url_of: Callable[[str], str],
    file_of: Callable[[str], str | None],
) -> list[dict[str, Any]]:
    """Return the cards of some suspects; see stage.js for what each field is for."""
    at = [queue.ranked.row_by_id[x] for x in example_ids]
    table = queue.ranked.table
    names = [name for name in _ROW_COLUMNS if name in table.column_names]
    cards = table.select(names).take(pa.array(at, pa.int64())).to_pylist()
    found = []
    for example_id, row, card in zip(example_ids, at, cards, strict=True):
        found.append(
            {
                "id": example_id,
                "rank": card["rank"],
                "url": url_of(example_id),
                "file": file_of(example_id),
                "given": card[LABEL],
                "suggested": card["suggested_label"],
                "p": _rounded(queue.p_mislabeled[row]),
                "p_suggested": _rounded(queue.p_suggested[row]),
                "ambiguous": bool(card.get("is_ambiguous")),
                "reason": card["reason"],
                "split": card[SPLIT],
                "probs": likeliest_of(build, example_id, len(classes)),
                "neighbors": [
                    (url_of(n), label_of(n)) for n in (card["neighbors"] or [])[:N_NEIGHBORS]
                ],
                **curves_of(build, example_id),
                "state": state_of(example_id),
            }
        )
    return found


def _rounded(p: float) -> float | None:
    return None if np.isnan(p) else round(float(p), 4)


# ---- beside the rows ----


def state_row(state: ExampleState, imported: str | None, annotator: str) -> dict[str, Any]:
    """Return an example's live state as the browser keeps it; see labeler.js."""
    label = state.label if state.label is not None else imported
    return {
        "label": None if "label" in _conflict_registers(state) else label,
        "imported": imported,
        "judged": state.is_judged,
        "confirmed": state.is_confirmed,
        "excluded": state.is_excluded,
        "annotator": state.annotator,
        "mine": state.annotator == annotator,
        "conflict": list(state.conflict_values),
        "heads": {name: list(ids) for name, ids in state.heads.items() if name in _REGISTERS},
    }


_REGISTERS = (LABEL_REGISTER, EXCLUSION_REGISTER, SPLIT_REGISTER)


def _conflict_registers(state: ExampleState) -> tuple[str, ...]:
    """Return ("label",) where rival labels stand: then there is no label to keep."""
    is_said = any(r == LABEL_REGISTER or r.startswith("vote:") for r in state.in_force)
    is_rival = state.is_conflict and state.label is None and is_said
    return (LABEL_REGISTER,) if is_rival else ()


def changed_states(
    held: Held | None,
    states: Mapping[str, ExampleState],
    state_of: Callable[[str], dict[str, Any]],
    since: Set[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the states of the edited examples among those that the browser holds.

    since: the examples edited since it was told last; None = all may have been.
    """
    if held is None:
        return {}
    edited = states.keys() if since is None else since
    return {x: state_of(x) for x in (*held.near, *held.beyond) if x in edited}


def evals_of(build: BuildInfo) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return a split, test where there is one, and each class's n, precision and recall on it."""
    entries = build_metrics(build).get("classes", [])
    splits = {entry[SPLIT] for entry in entries}
    split = next((s for s in (TEST, VALIDATION) if s in splits), "")
    wanted = ("n", "precision", "recall")
    return split, {e[LABEL]: {k: e[k] for k in wanted} for e in entries if e[SPLIT] == split}


def undoable_steps(
    edits: Iterable[Edit],
    states: Mapping[str, ExampleState],
    annotator: str,
    *,
    actions: frozenset[str] = VERDICTS,
    most: int = MAX_STEP,
) -> list[dict[str, Any]]:
    """Return the annotator's standing verdicts, oldest first; edits of one moment are one step.

    Nothing before a step of more than ``most`` edits is among them, nor that one: it is taken back
    where it was made.
    """
    by_id = {edit.edit_id: edit for edit in edits}
    own = sorted(
        (
            e
            for e in by_id.values()
            if e.annotator == annotator and e.action in actions and _stands(e, states)
        ),
        key=lambda e: (e.made_at, e.edit_id),
    )
    steps: list[tuple[Any, list[dict[str, Any]]]] = []
    for edit in own:
        register = register_of(edit, by_id)
        heads = list(states[edit.example_id].heads.get(register, ()))
        entry = {
            "edit_id": edit.edit_id,
            "example_id": edit.example_id,
            "register": register,
            "heads": heads,
        }
        if steps and steps[-1][0] == edit.made_at:
            steps[-1][1].append(entry)
        else:
            steps.append((edit.made_at, [entry]))
    too_large = [place for place, (_, entries) in enumerate(steps) if len(entries) > most]
    begin = max(too_large[-1] + 1 if too_large else 0, len(steps) - N_HISTORY)
    return [{"edits": entries} for _, entries in steps[begin:]]


def _stands(edit: Edit, states: Mapping[str, ExampleState]) -> bool:
    state = states.get(edit.example_id, UNTOUCHED)
    return any(edit.edit_id in ids for ids in state.in_force.values())


def problems_of(damage: Sequence[Any], n_conflicts: int, taken: Sequence[str] = ()) -> list[str]:
    """Return sentences about what is wrong with the edit log, what was taken from it first."""
    found = [*taken, *(str(item) for item in damage[:3])]
    if len(damage) > 3:
        found.append(f"{len(damage) - 3} more damaged lines.")
    if n_conflicts:
        examples = "example is" if n_conflicts == 1 else "examples are"
        found.append(f"{n_conflicts} {examples} in conflict: annotators disagree.")
    return found
