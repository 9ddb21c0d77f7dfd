"""What the Problems view shows, prepared: a window of the list, each row with its examples.

The browser holds a stretch of positions around its cursor and all that it needs to follow a key;
a list of a hundred thousand problems is never sent. All functions only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ide.app.gallery import MAX_TEXT, text_of
from ide.app.payload import PICTURES, payload_urls
from ide.dataset.edit import WHOLE_DATASET, Edit
from ide.dataset.errors import ExampleNotFoundError
from ide.dataset.issues import rule_of
from ide.dataset.replay import UNTOUCHED, ExampleState, register_of
from ide.dataset.schema import EXAMPLE_ID
from ide.store.file_names import file_names
from ide.store.issues import STATUSES, Problems
from ide.store.state import imported_labels, imported_splits
from ide.store.workspace import Workspace

N_BEFORE = 20  # rows behind the cursor in the first window
N_AHEAD = 240  # rows ahead of it
MIN_AHEAD = 160  # fewer ahead, and more are sent: a key every 30 ms leaves five seconds for that
MAX_EXAMPLES = 24  # of one problem
MAX_MESSAGES = 6
N_HISTORY = 200  # steps that can be undone after a reload
ACTIONS = frozenset({"label", "exclude", "restore", "split", "dismiss", "undo"})
_REGISTERS = ("label", "exclusion", "split")


@dataclass(frozen=True, slots=True)
class Window:
    """Positions to send, and the stretch that the browser then knows all matches of."""

    positions: list[int]
    range: tuple[int, int]  # positions, both included
    is_end: bool  # no match comes after


def first_window(found: np.ndarray, at: int | None) -> Window:
    """Return the matches around a position, or the first ones. found: (n,) int, ascending."""
    here = int(np.searchsorted(found, at)) if at is not None else 0
    low, high = max(0, here - N_BEFORE), here + N_AHEAD
    positions = sorted({*found[low:high].tolist(), *([] if at is None else [at])})
    is_end = high >= len(found)
    first = 0 if low == 0 or not positions else positions[0]
    last = positions[-1] if positions and not is_end else 2**31 - 1
    return Window(positions, (first, last), is_end)


def next_window(found: np.ndarray, have: tuple[int, int], cursor: int) -> Window:
    """Return the matches that the browser lacks, given what it has and where its cursor is."""
    low, high = have
    positions: list[int] = []
    after = found[found > high]
    if np.count_nonzero((found > cursor) & (found <= high)) < MIN_AHEAD and len(after):
        positions += after[:N_AHEAD].tolist()
        high = positions[-1]
    before = found[found < low]
    if np.count_nonzero((found < cursor) & (found >= low)) < N_BEFORE and len(before):
        positions = [*before[-N_AHEAD:].tolist(), *positions]
        low = positions[0]
    return Window(positions, (low, high), is_end=not np.any(found > high))


def rows(problems: Problems, positions: Sequence[int], status: np.ndarray) -> list[dict[str, Any]]:
    """Return problems as the browser keeps them; see problem_queue.js for what a field is for."""
    found = problems.table.take(pa.array(positions, pa.int64())).to_pylist()
    return [
        {
            "id": row["problem_id"],
            "pos": position,
            **{key: row[key] for key in ("check", "severity", "subject")},
            "messages": messages[:MAX_MESSAGES],
            "issues": issues,
            "rule": rule_of(row["check"], len(row["example_ids"])),
            "examples": row["example_ids"][:MAX_EXAMPLES],
            "n_examples": len(row["example_ids"]),
            "status": STATUSES[status[position]],
        }
        for position, row in zip(positions, found, strict=True)
        for issues, messages in [_issues(problems, row["issue_rows"])]
    ]


def _issues(
    problems: Problems, issue_rows: list[int]
) -> tuple[list[tuple[str, str]], list[tuple[str | None, str]]]:
    """Return (issue id, the example id of its dismissal) and (example id, message) of issues."""
    columns = ("issue_id", EXAMPLE_ID, "message")
    found = problems.issues.select(columns).take(pa.array(issue_rows)).to_pylist()
    issues = [(r["issue_id"], r[EXAMPLE_ID] or WHOLE_DATASET) for r in found]
    said = [(r[EXAMPLE_ID], r["message"]) for r in found]
    return list(dict.fromkeys(issues)), list(dict.fromkeys(said))


def examples(workspace: Workspace, name: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return, by id, how an example is drawn, and its ``file`` where the source had one.

    It has ``url``, ``sound``, ``text``, or a ``note``.
    """
    modality = workspace.config(name).modality
    url_of, file_of = payload_urls(workspace, name), file_names(workspace, name)
    found: dict[str, dict[str, Any]] = {}
    for example_id in dict.fromkeys(ids):
        try:
            if modality in PICTURES:
                found[example_id] = {"url": url_of(example_id)}
            elif modality == "audio":
                found[example_id] = {"sound": url_of(example_id)}
            elif modality == "text":
                found[example_id] = {"text": text_of(workspace, name, example_id)[:MAX_TEXT]}
            else:
                found[example_id] = {"note": f"Examples of kind {modality} are not drawn yet."}
        except ExampleNotFoundError:
            found[example_id] = {"note": "This example is no longer in the dataset."}
        if file := file_of(example_id):
            found[example_id]["file"] = file
    return found


def state_rows(
    workspace: Workspace, name: str, states: Mapping[str, ExampleState], ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return, by id, what is true of an example now, and the heads that an edit has to name."""
    labels, splits = imported_labels(workspace, name), imported_splits(workspace, name)
    return {
        i: {
            "label": state.label if state.label is not None else labels.get(i),
            "split": state.split or splits.get(i),
            "excluded": state.is_excluded,
            "conflict": list(state.conflict_values),
            "dismissed": sorted(state.dismissed),
            "heads": {
                register: list(heads)
                for register, heads in state.heads.items()
                if register in _REGISTERS or register.startswith("dismissal:")
            },
        }
        for i in ids
        for state in [states.get(i, UNTOUCHED)]
    }


def undoable_steps(
    edits: Iterable[Edit], states: Mapping[str, ExampleState], annotator: str
) -> list[dict[str, Any]]:
    """Return what the annotator did here and still stands, oldest first; a moment is a step.

    Edits made here have the issue that was shown in their evidence.
    """
    steps: dict[Any, list[dict[str, Any]]] = {}
    by_id = {edit.edit_id: edit for edit in edits}
    for edit in sorted(by_id.values(), key=lambda e: (e.made_at, e.edit_id)):
        issue_id = (edit.evidence or {}).get("issue_id")
        if edit.annotator != annotator or edit.action not in ACTIONS or not issue_id:
            continue
        register = register_of(edit, by_id)
        state = states.get(edit.example_id, UNTOUCHED)
        if edit.edit_id in state.in_force.get(register, ()):
            entry = {"edit_id": edit.edit_id, "example_id": edit.example_id, "register": register}
            steps.setdefault(edit.made_at, []).append(entry | {"issue_id": issue_id})
    return [{"edits": entries} for entries in list(steps.values())[-N_HISTORY:]]
