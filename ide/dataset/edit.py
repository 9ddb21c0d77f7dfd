"""One edit: the smallest change a person makes to a dataset, and a line of its edit log."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import UUID

from ide.dataset.annotator import annotator_slug, is_annotator
from ide.dataset.errors import EditError
from ide.dataset.evidence import read_evidence
from ide.dataset.names import same_form
from ide.dataset.reading import MAX_DEPTH, as_float, check_plain, is_text, reason_of

ACTIONS = (
    "label",
    "confirm",
    "vote",
    "exclude",
    "restore",
    "split",
    "tag",
    "untag",
    "comment",
    "dismiss",
    "approve",
    "request_change",
    "undo",
)
REVIEW_ACTIONS = frozenset({"approve", "request_change"})  # a reviewer's verdicts on an edit
EDIT_ACTIONS = REVIEW_ACTIONS | {"undo"}  # whose value is the id of another edit
NAME_ACTIONS = frozenset({"label", "vote", "confirm", "tag", "untag"})  # value: a class or a tag
VALUE_ACTIONS = EDIT_ACTIONS | {"label", "vote", "split", "tag", "untag", "comment", "dismiss"}
WHOLE_DATASET = "*"  # the example_id of a dismissal whose issue is the dataset's
DATASET_ACTIONS = EDIT_ACTIONS | {"dismiss"}  # what can be said of the whole dataset

_TEXTS = ("edit_id", "example_id", "action", "annotator")
_NEEDED = frozenset(_TEXTS)
MAX_TEXT = 10_000  # characters of a value or a reason; more is a mistake or an attack
_ISSUE_ID = re.compile(r"[0-9a-f]{16}")
_EDIT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one example, by one person.

    ``previous`` names the edits that it replaces: those the person saw in force; empty means
    the imported value. ``value`` is the label, split, tag or comment; for ``confirm`` the label
    that was looked at; for ``dismiss`` the issue that is none; for ``undo`` the id of the edit
    that is taken back; for ``approve`` and ``request_change`` that of the edit that was reviewed
    (``reason`` then says what is asked). ``example_id`` is ``WHOLE_DATASET`` where a dismissed
    issue is about no one example.
    ``evidence`` is what the person was shown (``ide.dataset.evidence``), or None.
    """

    edit_id: str
    example_id: str
    action: str
    value: str | None
    previous: tuple[str, ...]
    annotator: str
    made_at: datetime
    reason: str | None = None
    evidence: Mapping[str, Any] | None = None


# a number that is none is null: Python's own writer writes NaN, and 1e999 is infinite
_DECODER = json.JSONDecoder(
    parse_constant=lambda _: None, parse_float=lambda text: as_float(float(text))
)
_LAST_ID = [0, 0]  # milliseconds, and the random bits then
_ID_LOCK = Lock()


def new_edit_id() -> str:
    """Return a fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562).

    Ids of one process sort in the order they were made in, those of one millisecond too: there
    the random bits are those of the id before, counted on by a random step (its method 2).
    """
    with _ID_LOCK:
        milliseconds = max(time.time_ns() // 1_000_000, _LAST_ID[0])
        if milliseconds == _LAST_ID[0]:
            bits = _LAST_ID[1] + 1 + secrets.randbits(32)
        else:
            bits = secrets.randbits(73)  # the 74th is room to count on
        _LAST_ID[:] = milliseconds, bits
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | (bits >> 62) << 64
    value |= 0b10 << 62 | bits & (2**62 - 1)
    return str(UUID(int=value))


def make_edit(
    example_id: str,
    action: str,
    value: str | None = None,
    *,
    annotator: str,
    previous: Iterable[str] = (),
    reason: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    edit_id: str | None = None,
    made_at: datetime | None = None,
) -> Edit:
    """Make an edit, or raise ``EditError`` with the one field that is wrong."""
    edit = Edit(
        edit_id=edit_id or new_edit_id(),
        example_id=example_id,
        action=action,
        value=_in_form(action, value),
        previous=tuple(sorted(set(previous))),
        annotator=annotator,
        made_at=_to_milliseconds(made_at or datetime.now(UTC)),
        reason=reason or None,
        evidence=read_evidence(evidence) if evidence else None,
    )
    problem = _problem(edit)
    if problem:
        raise EditError(problem)
    return edit


def check_annotator(name: str) -> str:
    """Return ``name`` if it can name a file of the edit log; else raise ``EditError``."""
    if not is_annotator(name):
        raise EditError(
            f"annotator {name[:80]!r} cannot name an edit log: use 1 to 64 lower-case letters, "
            f"digits, '.', '_' or '-', such as {annotator_slug(name)!r}"
        )
    return name


def to_line(edit: Edit) -> str:
    """Return the edit as one line of JSON, without the newline; keys in a fixed order."""
    return json.dumps(
        {
            "edit_id": edit.edit_id,
            "example_id": edit.example_id,
            "action": edit.action,
            "value": edit.value,
            "previous": list(edit.previous),
            "annotator": edit.annotator,
            "made_at": edit.made_at.strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{edit.made_at.microsecond // 1000:03d}Z",
            "reason": edit.reason,
            "evidence": edit.evidence,
        },
        ensure_ascii=False,
        separators=(", ", ": "),
    )


def parse_line(text: str) -> Edit:
    """Read one line of an edit log; raise ``EditError`` saying what is wrong with it."""
    try:
        fields = _DECODER.decode(text)
        if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
            check_plain(fields)  # nothing else can hold what it refuses
    except (ValueError, RecursionError) as error:
        raise EditError(f"not a line of JSON: {reason_of(error)[:120]}") from None
    if not isinstance(fields, dict):
        raise EditError(f"got {type(fields).__name__}, wanted a JSON object")
    if not fields.keys() >= _NEEDED:
        missing = [key for key in _TEXTS if key not in fields]
        raise EditError(f"not an edit: {', '.join(missing)} missing")
    previous = fields.get("previous") or []
    evidence = fields.get("evidence")
    if not isinstance(previous, list) or not all(isinstance(p, str) for p in previous):
        raise EditError("previous must be a list of edit ids")
    if evidence is not None and not isinstance(evidence, dict):
        raise EditError("evidence must be an object or null")
    edit = Edit(
        edit_id=fields["edit_id"],
        example_id=fields["example_id"],
        action=fields["action"],
        value=_in_form(fields["action"], fields.get("value")),
        previous=tuple(sorted(set(previous))) if previous else (),
        annotator=fields["annotator"],
        made_at=_parse_time(fields.get("made_at")),
        reason=fields.get("reason"),
        evidence=read_evidence(evidence) if evidence else None,
    )
    problem = _problem(edit)
    if problem:
        raise EditError(problem)
    return edit


def _in_form(action: object, value: Any) -> Any:
    """Return the name of a class or tag in the form that names are compared in."""
    if not isinstance(value, str) or not isinstance(action, str) or action not in NAME_ACTIONS:
        return value
    return same_form(value)


def _problem(edit: Edit) -> str | None:
    """Say what is wrong with an edit's fields, or return None."""
    texts: tuple[object, ...] = (edit.edit_id, edit.example_id, edit.action, edit.annotator)
    for name, text in zip(_TEXTS, texts, strict=True):
        if not isinstance(text, str):
            return f"{name} must be text"
        if not is_text(text):
            return f"{name} holds half of a character, which UTF-8 cannot"
    for name, words in (("value", edit.value), ("reason", edit.reason)):
        if words is not None and not (isinstance(words, str) and len(words) <= MAX_TEXT):
            return f"{name} must be text of at most {MAX_TEXT:,} characters"
        if words is not None and not is_text(words):
            return f"{name} holds half of a character, which UTF-8 cannot"
    if not _EDIT_ID.fullmatch(edit.edit_id):
        return f"edit_id {edit.edit_id[:60]!r} is not a UUID in lower case"
    if not 0 < len(edit.example_id) <= MAX_TEXT:
        return "example_id is empty or too long"
    if edit.action not in ACTIONS:
        return f"action {edit.action[:40]!r} is not one of {', '.join(ACTIONS)}"
    if edit.action in VALUE_ACTIONS and not edit.value:
        return f"action {edit.action!r} needs a value"
    if edit.action in REVIEW_ACTIONS and not _EDIT_ID.fullmatch(edit.value or ""):
        return (
            f"{(edit.value or '')[:60]!r} is not an edit id: {edit.action!r} needs the UUID of the "
            "edit that was reviewed"
        )
    if edit.action == "dismiss" and not _ISSUE_ID.fullmatch(edit.value or ""):
        return f"issue {(edit.value or '')[:40]!r} is not an issue_id: wanted 16 digits of 0-9a-f"
    if edit.example_id == WHOLE_DATASET and edit.action not in DATASET_ACTIONS:
        return (
            f"example '*' stands for the whole dataset, which an edit can only dismiss an issue "
            f"of; got {edit.action!r}. Name one example"
        )
    if not is_annotator(edit.annotator):
        return (
            f"annotator {edit.annotator[:80]!r} cannot name an edit log: use 1 to 64 lower-case "
            f"letters, digits, '.', '_' or '-', such as {annotator_slug(edit.annotator)!r}"
        )
    return None


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def _parse_time(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is UTC and moment.microsecond % 1000 == 0:
            return moment  # as we write it: a log of a million lines has nothing else
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _to_milliseconds(moment)
    except (ValueError, OverflowError):
        raise EditError(
            f"made_at {str(text)[:40]!r} is not a time such as 2026-01-31T12:00:00.000Z"
        ) from None
