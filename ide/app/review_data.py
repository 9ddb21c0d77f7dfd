"""What Review shows, prepared: a window of the queue, each row with all that its card needs.

The queue is the build's suspects in rank order, and after them what it doubts most of the rest.
A window is the stretch of ranks around the cursor that the browser holds; ahead of the cursor the
judged are left out, behind it they stay, so that one can look back. All functions only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.edit import Edit
from ide.dataset.replay import UNTOUCHED, ExampleState, register_of
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, SUSPECT_THRESHOLD, TEST, VALIDATION
from ide.store.builds import BuildInfo, build_metrics, build_table

N_BEFORE = 30  # rows behind the cursor in the first window
N_AHEAD = 320  # unjudged rows ahead of it
N_MORE = 240  # unjudged rows that a further window adds
MIN_AHEAD = 240  # fewer ahead, and more are sent: seven seconds of a key every 30 ms
MIN_QUEUE = 5_000  # ranks that can be reviewed where fewer are suspects
N_NEIGHBORS = 10
N_PROBABILITIES = 8  # sent of datasets with many classes
MANY_CLASSES = 30
N_HISTORY = 200  # steps that can be undone after a reload
MARGIN, LOSS = "margin", "loss"


@dataclass(frozen=True, slots=True)
class Suspects:
    """A build's suspects in rank order, as columns of length N; ``position_by_id`` finds one."""

    ids: list[str]
    columns: Mapping[str, list[Any]]
    position_by_id: Mapping[str, int]
    n_suspects: int  # of them more likely wrong than right; the rest is only doubtful

    def __len__(self) -> int:
        """Return N."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """Positions to send, and the stretch of ranks that the browser then knows all about."""

    positions: list[int]
    range: tuple[int, int]  # ranks, 1-based, both included; (1, 0) = nothing
    is_end: bool  # no unjudged suspect comes after


@lru_cache(maxsize=4)
def suspects_of(build: BuildInfo) -> Suspects:
    """Read the queue of a build: its suspects, and the most doubtful where those are few."""
    table = build_table(build, "suspects")
    is_suspect = pc.greater(table["p_mislabeled"], SUSPECT_THRESHOLD)
    is_queued = pc.or_(is_suspect, pc.less_equal(table["rank"], MIN_QUEUE))
    table = table.filter(is_queued).sort_by("rank")
    columns = {name: table[name].to_pylist() for name in _ROW_COLUMNS if name in table.column_names}
    ids = table[EXAMPLE_ID].to_pylist()
    position_by_id = {example_id: i for i, example_id in enumerate(ids)}
    return Suspects(ids, columns, position_by_id, pc.sum(is_suspect).as_py() or 0)


_ROW_COLUMNS = ("rank", LABEL, "suggested_label", "p_mislabeled", "reason", SPLIT, "neighbors")


def first_window(suspects: Suspects, start: str | None, is_judged: Callable[[str], bool]) -> Window:
    """Return the window around ``start``, or around the first suspect that nobody judged."""
    position = suspects.position_by_id.get(start or "", -1)
    if position < 0:
        unjudged = (i for i, x in enumerate(suspects.ids) if not is_judged(x))
        position = next(unjudged, len(suspects))
    low = max(0, position - N_BEFORE)
    ahead, high = _unjudged(suspects, position + 1, N_AHEAD, is_judged)
    here = [position] if position < len(suspects) else []
    return _window(suspects, [*range(low, position), *here, *ahead], low, high)


def next_window(
    suspects: Suspects, have: tuple[int, int], cursor: int, is_judged: Callable[[str], bool]
) -> Window:
    """Return what the browser lacks, given the ranks that it has and where its cursor is."""
    low, high = max(0, have[0] - 1), min(have[1], len(suspects))
    positions: list[int] = []
    n_ahead = sum(not is_judged(x) for x in suspects.ids[max(low, cursor) : high])
    if n_ahead < MIN_AHEAD and high < len(suspects):
        ahead, high = _unjudged(suspects, high, N_MORE, is_judged)
        positions += ahead
    if cursor - low < 12 and low > 0:
        before = max(0, low - N_BEFORE)
        positions += range(before, low)
        low = before
    return _window(suspects, sorted(positions), low, high)


def _unjudged(
    suspects: Suspects, begin: int, n: int, is_judged: Callable[[str], bool]
) -> tuple[list[int], int]:
    """Return up to n positions from ``begin`` on that nobody judged, and where the search ended."""
    found: list[int] = []
    for position in range(begin, len(suspects)):
        if len(found) == n:
            return found, position
        if not is_judged(suspects.ids[position]):
            found.append(position)
    return found, len(suspects)


def _window(suspects: Suspects, positions: list[int], low: int, high: int) -> Window:
    return Window(positions, (low + 1, high), is_end=high >= len(suspects))


# ---- rows ----


def rows(
    build: BuildInfo,
    suspects: Suspects,
    positions: Iterable[int],
    *,
    classes: tuple[str, ...],
    state_of: Callable[[str], dict[str, Any]],
    label_of: Callable[[str], str | None],
    url_of: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Return the cards of some suspects; see stage.js for what each field is for."""
    columns, record, probabilities = suspects.columns, training_record(build), probs_of(build)
    n_probabilities = len(classes) if len(classes) <= MANY_CLASSES else N_PROBABILITIES
    found = []
    for position in positions:
        example_id = suspects.ids[position]
        neighbors = (columns["neighbors"][position] or [])[:N_NEIGHBORS]
        found.append(
            {
                "id": example_id,
                "rank": columns["rank"][position],
                "url": url_of(example_id),
                "given": columns[LABEL][position],
                "suggested": columns["suggested_label"][position],
                "p": _rounded(columns["p_mislabeled"][position]),
                "reason": columns["reason"][position],
                "split": columns[SPLIT][position],
                "probs": _likeliest(probabilities.row(example_id), n_probabilities),
                "neighbors": [(url_of(n), label_of(n)) for n in neighbors],
                LOSS: _curve(record.row(example_id, LOSS)),
                MARGIN: _curve(record.row(example_id, MARGIN)),
                "state": state_of(example_id),
            }
        )
    return found


def _likeliest(probs: np.ndarray | None, n: int) -> list[tuple[int, float]]:
    """Return the n likeliest (class index, probability), likeliest first. probs: (K,)."""
    if probs is None:
        return []
    order = np.argsort(-probs, kind="stable")[:n]
    return [(int(k), round(float(probs[k]), 4)) for k in order]


def _curve(values: np.ndarray | None) -> list[float]:
    return [] if values is None else [round(float(v), 3) for v in np.nan_to_num(values, posinf=99)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """probs: (N, K) float32, rows sum to 1; in the order of ``index_by_id``."""

    index_by_id: Mapping[str, int]
    probs: np.ndarray

    def row(self, example_id: str) -> np.ndarray | None:
        """Return the (K,) probabilities of an example; None where the build has none."""
        index = self.index_by_id.get(example_id)
        return None if index is None else self.probs[index]


@lru_cache(maxsize=4)
def probs_of(build: BuildInfo) -> Probabilities:
    """Read what the network gives each class, for every example."""
    table = build_table(build, "predictions", [EXAMPLE_ID, "probs"])
    ids = table[EXAMPLE_ID].to_pylist()
    flat = table["probs"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return Probabilities({x: i for i, x in enumerate(ids)}, flat.reshape(len(ids), -1))


@dataclass(frozen=True, slots=True)
class Record:
    """The training record, as (N·E,) columns sorted by example and epoch; ``first`` is (N+1,)."""

    index_by_id: Mapping[str, int]
    first: np.ndarray
    values: Mapping[str, np.ndarray]

    def row(self, example_id: str, name: str) -> np.ndarray | None:
        """Return the (E,) values of an example over the epochs; None where there are none."""
        index = self.index_by_id.get(example_id)
        if index is None:
            return None
        return self.values[name][self.first[index] : self.first[index + 1]]


@lru_cache(maxsize=4)
def training_record(build: BuildInfo) -> Record:
    """Read loss and margin of every example in every epoch."""
    table = build_table(build, "dynamics", [EXAMPLE_ID, "epoch", LOSS, MARGIN])
    encoded = table[EXAMPLE_ID].combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy()
    order = np.lexsort((table["epoch"].to_numpy(), codes))
    first = np.searchsorted(codes[order], np.arange(len(encoded.dictionary) + 1))
    values = {name: table[name].to_numpy()[order] for name in (LOSS, MARGIN)}
    return Record({x: i for i, x in enumerate(encoded.dictionary.to_pylist())}, first, values)


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


_REGISTERS = ("label", "exclusion")


def _conflict_registers(state: ExampleState) -> tuple[str, ...]:
    """Return ("label",) where rival labels stand: then there is no label to keep."""
    is_rival = state.is_conflict and state.label is None
    return ("label",) if is_rival else ()


def changed_states(
    suspects: Suspects,
    have: tuple[int, int] | None,
    states: Mapping[str, ExampleState],
    state_of: Callable[[str], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return the states of the edited examples among those that the browser holds."""
    if have is None:
        return {}
    held = suspects.ids[max(0, have[0] - 1) : have[1]]
    return {x: state_of(x) for x in held if states.get(x, UNTOUCHED).n_edits}


def evals_of(build: BuildInfo) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return a split, test where there is one, and each class's n, precision and recall on it."""
    entries = build_metrics(build).get("classes", [])
    splits = {entry[SPLIT] for entry in entries}
    split = next((s for s in (TEST, VALIDATION) if s in splits), "")
    wanted = ("n", "precision", "recall")
    return split, {e[LABEL]: {k: e[k] for k in wanted} for e in entries if e[SPLIT] == split}


def undoable_steps(
    edits: Iterable[Edit], states: Mapping[str, ExampleState], annotator: str
) -> list[dict[str, Any]]:
    """Return the annotator's standing verdicts, oldest first; edits of one moment are one step."""
    by_id = {edit.edit_id: edit for edit in edits}
    own = sorted(
        (
            e
            for e in by_id.values()
            if e.annotator == annotator and e.action in _VERDICTS and _stands(e, states)
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
    return [{"edits": entries} for _, entries in steps[-N_HISTORY:]]


_VERDICTS = frozenset({"label", "confirm", "exclude", "restore"})


def _stands(edit: Edit, states: Mapping[str, ExampleState]) -> bool:
    state = states.get(edit.example_id, UNTOUCHED)
    return any(edit.edit_id in ids for ids in state.in_force.values())
