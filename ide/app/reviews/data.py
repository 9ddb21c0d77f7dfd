"""What the Reviews component is given: a window of the changes, and what people said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.app.labeler.sync import Message, Receipt
from ide.app.problems.data import Place
from ide.app.problems.rows import Window, examples, first_window, next_window
from ide.app.text import class_pair, count, moment
from ide.dataset.change_list import PAIR, groups
from ide.dataset.changes import TALK_KINDS, words_of
from ide.dataset.evidence import evidence_words
from ide.dataset.ids import content_id
from ide.dataset.reviews import APPROVED
from ide.dataset.schema import EXAMPLE_ID, SPLIT
from ide.store.edit_log import read_edits
from ide.store.reviews import ACTIONS, SavedVerdicts, Verdict, comments, reviews, save_verdicts
from ide.store.revisions import Span
from ide.store.workspace import Workspace

N_HISTORY = 200  # steps that can be undone after a reload
N_PEOPLE = 6  # whose verdicts are counted above the list
MAX_TEXT = 2000  # characters of what is asked, or of a comment


@dataclass(frozen=True, slots=True)
class Listing:
    """What is reviewed: the changes of a span through filters (see ``change_list``).

    commits: edit id → the commit that brought it. caused: edit id → how many examples it
    probably fixed, and how many it probably broke.
    """

    workspace: Workspace
    name: str
    table: pa.Table
    span: Span
    commits: Mapping[str, str] = field(default_factory=dict)
    caused: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def view_id(self) -> str:
        """Names the list: positions of one mean nothing in another."""
        ids = "\n".join(self.ids)
        return content_id(f"{self.span.start}\n{self.span.end}\n{ids}".encode())

    @property
    def ids(self) -> list[str]:
        """The id of each row: that of its edit, or its example's and kind where none is known.

        An example that came anew with an import may have another label and another split.
        """
        columns = (self.table[c].to_pylist() for c in ("edit_id", EXAMPLE_ID, "kind"))
        return [e or f"example:{kind}:{x}" for e, x, kind in zip(*columns, strict=True)]


def reviewable(listed: pa.Table) -> pa.Table:
    """Return the changes that a reviewer looks at: talk is shown with what it is about."""
    return listed.filter(pc.invert(pc.is_in(listed["kind"], pa.array(sorted(TALK_KINDS)))))


def review_data(
    listing: Listing,
    *,
    annotator: str,
    start: str | None,
    message: Message | None,
    place: Place,
    receipt: Receipt | None,
) -> dict[str, Any]:
    """Return what the component is given after a message (None: at its beginning)."""
    ids, view_id = listing.ids, listing.view_id
    position = {row_id: i for i, row_id in enumerate(ids)}
    is_same = message is not None and message.build_id == view_id
    have = place.have if is_same else None
    wanted = message.wanted if message is not None else None
    said = reviews(listing.workspace, listing.name)
    left = _left(listing, said, annotator)
    at = position.get(wanted or "") if wanted else None if have else position.get(start or "")
    if at is None and not (wanted or have):
        at = next(iter(left), None)
    window, is_reset = _window(np.arange(len(ids)), have, at, place.cursor)
    sent = _rows(listing, ids, window.positions)
    held = [ids[p] for p in range(have[0], min(have[1], len(ids) - 1) + 1)] if have else []
    known = dict(zip(ids, listing.table[EXAMPLE_ID].to_pylist(), strict=True))
    return {
        "workspace": content_id(str(listing.workspace.root).encode()),
        "dataset": listing.name,
        "annotator": annotator,
        "view": view_id,
        "n": len(ids),
        "n_judged": sum(
            any(v["annotator"] == annotator for v in rows) for i, rows in said.items() if i in known
        ),
        "n_left": len(left),
        "no_edits": _no_edits(listing),
        "start_notice": _start_notice(start) if not have and start not in position else None,
        "tally": tally(said, ids),
        "groups": _groups(listing, ids),
        "start": ids[at] if at is not None else None,
        "rows": sent,
        "range": list(window.range),
        "is_end": window.is_end,
        "is_reset": is_reset,
        "answered": wanted,
        "examples": examples(listing.workspace, listing.name, [row["example_id"] for row in sent]),
        "said": _said(listing, {*held, *(row["id"] for row in sent)}),
        "history": [] if have else _history(listing, annotator, known),
        "client": message.client if message is not None and have else None,
        "receipt": receipt.as_data() if receipt else None,
    }


def save(listing: Listing, message: Message, *, annotator: str) -> Receipt:
    """Save a message's verdicts; return what is acknowledged, and what refused and why."""
    if not message.edits:
        return Receipt(message.client)
    if message.annotator != annotator:
        return Receipt(message.client, error=f"these verdicts are {message.annotator[:64]}'s")
    refused: dict[str, str] = {}
    verdicts = [v for v in (_verdict(entry, refused) for entry in message.edits) if v]
    span = listing.span
    found: SavedVerdicts = save_verdicts(
        listing.workspace,
        listing.name,
        verdicts,
        annotator=annotator,
        base=span.start,
        head=span.end,
    )
    return Receipt(message.client, found.saved, {**refused, **found.refused})


def unjudged(listing: Listing, annotator: str) -> list[Verdict]:
    """Return approvals of all changes of a list that the annotator gave no verdict on."""
    said = reviews(listing.workspace, listing.name)
    columns = (listing.table[c].to_pylist() for c in (EXAMPLE_ID, "edit_id"))
    return [
        Verdict(example_id, "approve", edit_id)
        for example_id, edit_id in zip(*columns, strict=True)
        if edit_id and not any(v["annotator"] == annotator for v in said.get(edit_id, ()))
    ]


def tally(said: Mapping[str, list[dict[str, Any]]], ids: Sequence[str]) -> str:
    """Say how many of the changes are judged, and by whom: what the line above them says."""
    of_list = [said[i] for i in ids if i in said]
    n_open = sum(any(row["is_open"] for row in rows) for rows in of_list)
    by = Counter(row["annotator"] for rows in of_list for row in rows)
    people = ", ".join(f"{who} {n:,}" for who, n in by.most_common(N_PEOPLE))
    parts = [f"{len(of_list):,} of {count(len(ids), 'change')} judged"]
    parts += [f"{count(n_open, 'change')} requested and not answered"] if n_open else []
    parts += [f"verdicts: {people}"] if people else []
    return " · ".join(parts)


def _left(listing: Listing, said: Mapping[str, list[dict[str, Any]]], annotator: str) -> list[int]:
    """Return the positions of the changes that are an edit's and have no verdict of a person."""
    return [
        position
        for position, edit_id in enumerate(listing.table["edit_id"].to_pylist())
        if edit_id and not any(v["annotator"] == annotator for v in said.get(edit_id, ()))
    ]


def _no_edits(listing: Listing) -> str | None:
    """Say why nothing of a list can be judged, and what to do; None where something can."""
    n = len(listing.table)
    if not n or listing.table["edit_id"].null_count < n:
        return None
    these = "this change was" if n == 1 else f"these {n:,} changes were"
    return (
        f"Nothing here can be judged: {these} made by an import, not by anybody's edit. A label "
        "that is changed in Review is one; or compare revisions between which people labelled."
    )


def _start_notice(start: str | None) -> str | None:
    """Say why the edit in the address is not the one that is shown."""
    if not start:
        return None
    return f"Edit {start[:40]} is not among these changes: this is the first of them to judge."


def _verdict(entry: Mapping[str, Any], refused: dict[str, str]) -> Verdict | None:
    """Read a verdict off a message, field by field; put a sentence in ``refused`` for none."""
    texts = [entry.get(key) for key in ("edit_id", "example_id", "action", "value")]
    review_id, example_id, action, edit_id = texts
    text = entry.get("text")
    if not (isinstance(review_id, str) and len(review_id) == 36):
        refused[str(review_id)[:60]] = "its edit id is not a UUIDv7"
    elif not all(isinstance(each, str) for each in texts) or action not in ACTIONS:
        refused[review_id] = f"{str(action)[:40]!r} is no verdict on an edit"
    elif text is not None and not (isinstance(text, str) and len(text) <= MAX_TEXT):
        refused[review_id] = f"its text is longer than {MAX_TEXT:,} characters"
    else:
        return Verdict(str(example_id), str(action), str(edit_id), text or None, review_id)
    return None


def _window(
    found: np.ndarray, have: tuple[int, int] | None, at: int | None, cursor: int
) -> tuple[Window, bool]:
    """Return what to send, and whether it is a stretch of its own rather than more of one."""
    if have is None or (at is not None and not have[0] <= at <= have[1]):
        return first_window(found, at), True
    window = next_window(found, have, cursor)
    if at is not None and at not in window.positions:
        window = replace(window, positions=sorted([*window.positions, at]))
    return window, False


def _rows(listing: Listing, ids: Sequence[str], positions: Sequence[int]) -> list[dict[str, Any]]:
    """Return changes as the browser keeps them; see reviews.js for what a field is for."""
    found = listing.table.take(pa.array(positions, pa.int64())).to_pylist()
    evidence = _evidence(listing, {row["edit_id"] for row in found if row["edit_id"]})
    return [
        {
            "id": ids[position],
            "pos": position,
            "edit": row["edit_id"],
            "example_id": row[EXAMPLE_ID],
            "kind": words_of(row["kind"]),
            "pair": row[PAIR],
            "before": row["before"],
            "after": row["after"],
            "split": row[SPLIT],
            "annotator": row["annotator"],
            "when": moment(row["made_at"]) if row["made_at"] else None,
            "reason": row["reason"],
            "evidence": evidence.get(row["edit_id"], ""),
            "commit": listing.commits.get(row["edit_id"] or "", "")[:7] or None,
            "caused": list(listing.caused.get(row["edit_id"] or "", (0, 0))),
            "issues": [],  # what problem_queue.js finds rows by, too
        }
        for position, row in zip(positions, found, strict=True)
    ]


def _evidence(listing: Listing, edit_ids: set[str]) -> dict[str, str]:
    edits = read_edits(listing.workspace, listing.name).edits
    return {e.edit_id: evidence_words(e.evidence) for e in edits if e.edit_id in edit_ids}


def _groups(listing: Listing, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the kinds and pairs of the list: how many, and the row that each begins with."""
    sides = (listing.table["before"], listing.table["after"])
    return [
        {
            "kind": words_of(g.kind),
            "pair": g.pair,
            "words": class_pair(*(side[g.start].as_py() for side in sides)) if g.pair else "",
            "n": g.n,
            "first": ids[g.start],
        }
        for g in groups(listing.table)
    ]


def _said(listing: Listing, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the verdicts and comments on some rows; those without any are left out."""
    said = reviews(listing.workspace, listing.name)
    by_example = comments(listing.workspace, listing.name)
    about: dict[str, list[dict[str, Any]]] = {}
    for rows in by_example.values():
        for row in rows:
            if row["edit_id"]:
                about.setdefault(row["edit_id"], []).append(row)
    return {
        row_id: {
            "verdicts": [
                {
                    "id": v["review_id"],
                    "annotator": v["annotator"],
                    "verdict": "approve" if v["verdict"] == APPROVED else "request_change",
                    "text": v["reason"],
                }
                for v in said.get(row_id, ())
            ],
            "comments": [
                {"id": c["comment_id"], "annotator": c["annotator"], "text": c["text"]}
                for c in about.get(row_id, ())
            ],
        }
        for row_id in ids
        if row_id in said or row_id in about
    }


def _history(listing: Listing, annotator: str, known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the annotator said of these changes and still stands, oldest first."""
    steps = [
        (v["made_at"], v["review_id"], edit_id)
        for edit_id, rows in reviews(listing.workspace, listing.name).items()
        for v in rows
        if v["annotator"] == annotator and edit_id in known
    ]
    steps += [
        (c["made_at"], c["comment_id"], c["edit_id"])
        for rows in comments(listing.workspace, listing.name).values()
        for c in rows
        if c["annotator"] == annotator and c["edit_id"] in known
    ]
    return [
        {"id": review_id, "row": row, "example_id": known[row]}
        for _, review_id, row in sorted(steps)[-N_HISTORY:]
    ]
