"""Which edits probably caused a flip: an example that one build gets right and another wrong.

An edit of the example itself comes first, where it was trained on or its label alone did it: of a
held-out example no edit reaches the network. Else it is the edits of training examples near to
it, by what they did to its margin: TracIn (Pruthi et al. 2020,
https://arxiv.org/abs/2002.08484) for the last layer, with the two builds as its checkpoints. A
step on a training example z moves the logits of x along (target(z) − probs(z)) · ⟨z, x⟩, so an
edit that changes the target of z, or takes z out of training, moves the margin of x's label over
its rival by the same product of the difference. The kernel ⟨z, x⟩ is cut off outside the
``K_NEAREST`` training examples nearest to x, as neighbours' votes are (Rajani et al. 2020,
https://arxiv.org/abs/2010.09030): far away, every edit of a class would be a small cause of
everything, and a person could look at none of it.

It names what is probable, not what is proven: only a compile without the edits proves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.flips import BROKEN, RELABELLED
from ide.dataset.neighbors import nearest_to
from ide.dataset.one_line import one_line
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, TRAIN

K_NEAREST = 25  # training examples that have a say in why one example flipped
WEAKEST = 0.5  # of the strongest cause; what did less is not named
MAX_FLIPS = 5_000  # looked at; more is a build that was redone, not edits that did something

# The kinds of ``changes.KINDS`` that change what is trained on or what an example is held to.
ACTING_KINDS = (
    *("relabelled", "labelled", "unlabelled", "excluded", "restored", "moved"),
    *("disputed", "resolved", "added", "removed"),
)

CAUSES = pa.schema(
    [
        (EXAMPLE_ID, pa.string()),  # the flip
        ("flip", pa.string()),  # fixed, broken, relabelled
        ("edit_id", pa.string()),  # null where no edit is known, as of an example added
        ("edited_id", pa.string()),  # the example that was edited
        ("kind", pa.string()),  # one of ACTING_KINDS
        ("before", pa.string()),
        ("after", pa.string()),
        (
            "score",
            pa.float32(),
        ),  # 0 … 1: the share of its neighbours' vote that it moved; 1 = its own
        ("nearness", pa.int32()),  # 0 = the example itself, 1 = its nearest training example, …
        ("says", pa.string()),  # why, in a sentence
    ]
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One of the two builds: what each of N examples was taught there, and what came of it.

    ids: (N,) example ids. targets: (N,) int, the class that was trained on, −1 = not trained on.
    probs: (N, K). embeddings: (N, D), the layer before the classifier.
    """

    ids: Sequence[str]
    targets: np.ndarray
    probs: np.ndarray
    embeddings: np.ndarray


def targets_of(labels: pa.Table, classes: Sequence[str]) -> np.ndarray:
    """Return the class that each row of ``labels.parquet`` was trained on: (N,) int, −1 = none."""
    known = pc.fill_null(pc.index_in(labels[LABEL], value_set=pa.array(classes, pa.string())), -1)
    is_left_out = pc.or_(labels["is_excluded"], labels["is_conflict"])
    is_trained = pc.and_not(pc.equal(labels[SPLIT], TRAIN), is_left_out)
    return np.where(np.asarray(pc.fill_null(is_trained, False)), np.asarray(known, np.int64), -1)


def causes(
    flips: pa.Table,
    changes: pa.Table,
    classes: Sequence[str],
    base: Checkpoint | None = None,
    now: Checkpoint | None = None,
    *,
    k: int = K_NEAREST,
) -> pa.Table:
    """Return the edits that probably caused each flip (see ``CAUSES``), the strongest first.

    flips: ``schema.FLIPS``. changes: ``changes.CHANGES`` between the two builds. base, now: None
    where a build does not tell; then only an example's own edits are named. Sorted by example id,
    then by score; a flip has none where nothing near was edited. The scores of one flip's
    neighbours add up to 1 at most.
    """
    by_example: dict[str, list[dict[str, object]]] = {}
    for row in changes.to_pylist():
        if row["kind"] in ACTING_KINDS:
            by_example.setdefault(row[EXAMPLE_ID], []).append(row)
    rows = flips.sort_by(EXAMPLE_ID).slice(0, MAX_FLIPS).to_pylist() if by_example else []
    near = _near(rows, by_example, classes, base, now, k=k)
    found: list[dict[str, object]] = []
    for flip, others in zip(rows, near, strict=True):
        its_own = by_example.get(flip[EXAMPLE_ID], ()) if _is_its_own(flip) else ()
        own = [_row(flip, change, 1.0, 0) for change in its_own]
        ranked = [
            _row(flip, change, score, nearness)
            for edited_id, score, nearness in others
            for change in by_example[edited_id]
        ]
        found += own + ranked
    return pa.Table.from_pylist(found, schema=CAUSES)


def _is_its_own(flip: Mapping[str, object]) -> bool:
    """Whether an edit of the example itself can have done it: by its label, or by training."""
    return flip["flip"] == RELABELLED or flip[SPLIT] == TRAIN


def _near(
    rows: Sequence[Mapping[str, object]],
    by_example: Mapping[str, object],
    classes: Sequence[str],
    base: Checkpoint | None,
    now: Checkpoint | None,
    *,
    k: int,
) -> list[list[tuple[str, float, int]]]:
    """Return for each flip (edited id, score, nearness) of the edits near to it, best first."""
    if base is None or now is None or not rows:
        return [[] for _ in rows]
    totals: list[dict[str, float]] = [{} for _ in rows]
    places: list[dict[str, int]] = [{} for _ in rows]
    changed = _target_changes(base, now, by_example)
    both = set(base.ids) & changed.keys() & set(now.ids)
    wanted, rival = _margins(rows, classes)
    for here in (base, now):
        place = {example_id: n for n, example_id in enumerate(here.ids)}
        edited = {place[i]: i for i in changed if i in place}
        trained = (here.targets >= 0) | np.isin(np.arange(len(here.ids)), list(edited))
        known = [n for n, row in enumerate(rows) if row[EXAMPLE_ID] in place and rival[n] >= 0]
        queries = np.array([place[str(rows[n][EXAMPLE_ID])] for n in known], np.int64)
        near, similar = nearest_to(here.embeddings, queries, k, is_candidate=trained)
        near[~(similar > 0)] = -1  # across a right angle is not near
        for n, row in zip(known, near.tolist(), strict=True):
            for rank, z in enumerate(row, 1):
                if z not in edited:
                    continue
                probs = here.probs[z] if edited[z] in both else np.zeros(len(classes))
                step = _step(changed[edited[z]], probs)
                moved = float(step[wanted[n]] - step[rival[n]]) / (4 * k)
                edited_id = edited[z]
                totals[n][edited_id] = totals[n].get(edited_id, 0.0) + moved
                places[n][edited_id] = min(rank, places[n].get(edited_id, rank))
    return [
        [
            (i, score, place[i])
            for i, score in sorted(total.items(), key=lambda c: (-round(c[1], 6), place[c[0]], c))
            if score >= max(0.1 / k, WEAKEST * max(total.values()))
        ]
        for total, place in zip(totals, places, strict=True)
    ]


def _target_changes(
    base: Checkpoint, now: Checkpoint, by_example: Mapping[str, object]
) -> dict[str, tuple[int, int]]:
    """Return (target before, target after) of the edited examples whose target changed."""
    sides = [dict(zip(c.ids, c.targets.tolist(), strict=True)) for c in (base, now)]
    pairs = {i: (sides[0].get(i, -1), sides[1].get(i, -1)) for i in sorted(by_example)}
    return {i: pair for i, pair in pairs.items() if pair[0] != pair[1]}


def _margins(
    rows: Sequence[Mapping[str, object]], classes: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Return for each flip the class that an edit must have helped to cause it, and its rival.

    What is broken went from its label to the new prediction, what is fixed from the old one.
    """
    number: dict[object, int] = {label: n for n, label in enumerate(classes)}
    wanted, rival = [], []
    for row in rows:
        label = number.get(row[LABEL], -1)
        is_broken = row["flip"] == BROKEN
        other = number.get(row["predicted" if is_broken else "base_predicted"], -1)
        known = label >= 0 and other >= 0 and label != other and row["flip"] != RELABELLED
        wanted.append((other if is_broken else label) if known else -1)
        rival.append((label if is_broken else other) if known else -1)
    return wanted, rival


def _step(targets: tuple[int, int], probs: np.ndarray) -> np.ndarray:
    """Return how a step on an example moves the logits more than it did: (K,).

    An example that is not trained on has no gradient: as if its probabilities were its target.
    probs: zeros for one that only one build knows, since it was always asked after training on it.
    """
    rows = np.vstack([np.eye(len(probs)), probs])  # a target of −1 is the last row
    step: np.ndarray = rows[targets[1]] - rows[targets[0]]
    return step


def _row(
    flip: Mapping[str, object], change: Mapping[str, object], score: float, nearness: int
) -> dict[str, object]:
    return {
        EXAMPLE_ID: flip[EXAMPLE_ID],
        "flip": flip["flip"],
        "edit_id": change["edit_id"],
        "edited_id": change[EXAMPLE_ID],
        "kind": change["kind"],
        "before": change["before"],
        "after": change["after"],
        "score": min(1.0, round(score, 6)),
        "nearness": nearness,
        "says": _sentence(change, nearness),
    }


def _sentence(change: Mapping[str, object], nearness: int) -> str:
    """Say what was done to which example, and how near that is."""
    what = str(change["kind"])
    values = (change["before"], change["after"])
    before, after = (one_line(str(v), 40) if v is not None else None for v in values)
    if before is not None and after is not None:
        what += f" {before} → {after}"
    elif before is not None or after is not None:
        what += f" ({before if before is not None else after})"
    if nearness == 0:
        return f"it was {what} itself"
    which = "nearest" if nearness == 1 else f"{ordinal(nearness)} nearest"
    return f"{one_line(str(change[EXAMPLE_ID]), 40)}, its {which} training example, was {what}"


def ordinal(n: int) -> str:
    """Return 1st, 2nd, 3rd, 4th …"""
    suffix = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"
