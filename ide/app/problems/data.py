"""What the Problems component is given: acknowledgements, counts, and the rows that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa

from ide.app.labeler.sync import Message, Receipt
from ide.app.problems.rows import (
    Window,
    examples,
    first_window,
    next_window,
    rows,
    state_rows,
    undoable_steps,
)
from ide.app.problems.samples import samples
from ide.dataset.checks import CHECKS
from ide.dataset.edit import WHOLE_DATASET
from ide.dataset.ids import content_id
from ide.dataset.replay import ExampleState
from ide.dataset.schema import SPLITS
from ide.store.builds import BuildInfo
from ide.store.edit_log import read_edits
from ide.store.issues import (
    IssueFilters,
    Problems,
    count_problems,
    find_problems,
    problem_status,
    problems_of,
)
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

_N_SAMPLED = 2  # problems of the whole dataset, before and after the cursor, with their examples
Found = np.ndarray  # (n,) int, ascending: the positions of the problems that match


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: a build's problems through filters."""

    workspace: Workspace
    name: str
    build: BuildInfo
    filters: IssueFilters

    @property
    def view_id(self) -> str:
        """Names the list: positions and counts of one mean nothing in another."""
        made = (self.build.build_id, self.build.finished_at.isoformat())
        return content_id("\0".join((*made, *map(str, astuple(self.filters)))).encode())

    @property
    def problems(self) -> Problems:
        """All problems of the build."""
        return problems_of(self.build)

    def position(self, issue_id: str | None) -> int | None:
        """Return where the problem of an issue stands; None where the build has no such issue."""
        positions = self.problems.of_issues([issue_id] if issue_id else [])
        return int(positions[0]) if len(positions) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the browser is in the list: its cursor, and the stretch of which it has all."""

    cursor: int = 0
    have: tuple[int, int] | None = None


def parse_place(value: object) -> Place:
    """Read where the browser is off a message; what is no place is the beginning."""
    if not isinstance(value, Mapping):
        return Place()
    cursor, have = value.get("cursor"), value.get("have")
    low, high = have if isinstance(have, list) and len(have) == 2 else (None, None)
    here = cursor if _is_position(cursor) else 0
    if _is_position(low) and _is_position(high) and low <= high:
        return Place(here, (low, high))
    return Place(here)


def _is_position(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def problem_data(
    listing: Listing,
    *,
    annotator: str,
    start: str | None,
    message: Message | None,
    place: Place,
    receipt: Receipt | None,
) -> dict[str, Any]:
    """Return what the component is given after a message (None: at its beginning).

    ``start``: the issue that the address names.
    """
    ws, name, problems = listing.workspace, listing.name, listing.problems
    found = find_problems(ws, name, listing.build, listing.filters)
    is_same = message is not None and message.build_id == listing.view_id
    have = place.have if is_same else None
    wanted = message.wanted if message is not None else None
    at = listing.position(wanted) if wanted else None if have else listing.position(start)
    window, is_reset = _window(found, have, at, place.cursor)
    states = dataset_state(ws, name)
    cursor = at if at is not None else place.cursor if have else 0
    sent = rows(problems, window.positions, problem_status(ws, name, listing.build))
    shown = _samples(listing, found, cursor)
    ids = [i for row in sent for i in row["examples"]]
    ids += [i for groups in shown.values() for group in groups for i in group["ids"]]
    edited = _edited(problems, states, have) if have else []
    counts = count_problems(listing.build, found)
    is_begun = bool(have or wanted)
    return {
        "workspace": content_id(str(ws.root).encode()),
        "dataset": name,
        "annotator": annotator,
        "view": listing.view_id,
        "build_id": listing.build.build_id,
        "classes": list(ws.config(name).classes),
        "splits": list(SPLITS),
        "status": listing.filters.status,
        "counts": _named(problems, counts),
        "summaries": {c: CHECKS[c].summary for c in {r["check"] for r in counts} & CHECKS.keys()},
        "start": problems.table["problem_id"][at].as_py() if at is not None else None,
        "start_notice": None if is_begun or at is not None else _start_notice(name, start),
        "rows": sent,
        "range": list(window.range),
        "is_end": window.is_end,
        "is_reset": is_reset,
        "answered": wanted,
        "samples": shown,
        "examples": examples(ws, name, ids),
        "states": state_rows(ws, name, states, {*ids, *edited, WHOLE_DATASET}),
        "history": [] if have else _history(listing, states, annotator),
        "client": message.client if message is not None and have else None,
        "receipt": receipt.as_data() if receipt else None,
    }


def _window(
    found: Found, have: tuple[int, int] | None, at: int | None, cursor: int
) -> tuple[Window, bool]:
    """Return what to send, and whether it is a stretch of its own rather than more of one."""
    if have is None or (at is not None and not have[0] <= at <= have[1]):
        return first_window(found, at), True
    window = next_window(found, have, cursor)
    if at is not None and at not in window.positions:
        window = replace(window, positions=sorted([*window.positions, at]))
    return window, False


def _start_notice(name: str, start: str | None) -> str | None:
    if not start:
        return None
    return f"This build of {name} has no issue {start[:16]}: these are the worst instead."


def _samples(listing: Listing, found: Found, cursor: int) -> dict[str, list[dict[str, Any]]]:
    """Return examples for the problems near the cursor that have none of their own."""
    here = int(np.searchsorted(found, cursor))
    near = {cursor, *found[max(0, here - _N_SAMPLED) : here + _N_SAMPLED + 1].tolist()}
    positions = pa.array(sorted(p for p in near if p < len(listing.problems)), pa.int64())
    columns = ["problem_id", "check", "subject", "example_ids"]
    given = (listing.workspace, listing.name, listing.build)
    return {
        row["problem_id"]: samples(*given, row["check"], row["subject"])
        for row in listing.problems.table.select(columns).take(positions).to_pylist()
        if not row["example_ids"]
    }


def _edited(
    problems: Problems, states: Mapping[str, ExampleState], have: tuple[int, int]
) -> list[str]:
    """Return the edited examples of the problems that the browser holds."""
    positions = problems.of_examples(states)
    held = positions[(positions >= have[0]) & (positions <= have[1])]
    lists = problems.table["example_ids"].take(pa.array(held)).to_pylist()
    return [i for ids in lists for i in ids if i in states]


def _named(problems: Problems, counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name the first problem of each check by its id: positions mean nothing elsewhere."""
    firsts = pa.array([row["first"] for row in counts], pa.int64())
    ids = problems.table["problem_id"].take(firsts).to_pylist()
    return [{**row, "first": i} for row, i in zip(counts, ids, strict=True)]


def _history(
    listing: Listing, states: Mapping[str, ExampleState], annotator: str
) -> list[dict[str, Any]]:
    edits = read_edits(listing.workspace, listing.name).edits
    return undoable_steps(edits, states, annotator)
