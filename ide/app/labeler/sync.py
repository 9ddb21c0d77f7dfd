"""What a keyboard component sends, checked field by field, and what it is told in return.

The browser is not trusted: a class, an example or an edit that does not exist, a wrong type or
a long text is refused with a sentence that goes back, and is never written. The rest is
appended to the log; sending an edit twice changes nothing.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard, cast

from ide.dataset.edit import WHOLE_DATASET, Edit, make_edit
from ide.dataset.errors import EditError, StorageError, UpwellError
from ide.dataset.evidence import evidence
from ide.dataset.replay import register_of
from ide.store.drill_file import drill_id
from ide.store.edit_log import append_edits
from ide.store.state import check_value, edits_by_id, imported_labels
from ide.store.workspace import Workspace

MAX_EDITS = 1000  # in one message; the component sends at most 400
MAX_PREVIOUS = 100
MAX_HELD = 10_000  # examples that the browser says it holds, at each side of the last fixed one
REVIEW_ACTIONS = frozenset({"label", "confirm", "exclude", "restore", "undo"})
_CLIENT = re.compile(r"[0-9a-f-]{8,64}")
_EDIT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BUILD_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ISSUE_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Held:
    """What the browser says that it holds of the queue.

    ``near``: ids around its cursor, up to the last that stays where it is; ``beyond``: ids of what
    comes after; ``first``: its very first one, where it wants those before that.
    """

    near: Sequence[str]
    beyond: Sequence[str]
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the component: its unacknowledged edits, and what it holds of the queue."""

    client: str
    annotator: str
    build_id: str
    edits: Sequence[Mapping[str, Any]]
    cursor: int  # a rank
    have: tuple[int, int] | None  # ranks that it holds, where it goes by ranks
    held: Held | None  # examples that it holds, where it goes by examples
    wanted: str | None  # an example that it lacks
    mark: str | None = None  # the last answer that reached it


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message's edits: on the disk, refused for a reason, or to be sent again."""

    client: str
    acked: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as the component reads it."""
        return {
            "client": self.client,
            "acked": self.acked,
            "refused": self.refused,
            "error": self.error,
        }


def parse_message(value: object) -> Message | None:
    """Read a message; None where it is not one (then nothing of it is used)."""
    if not isinstance(value, Mapping):
        return None
    client, annotator, build_id = (
        value.get("client"),
        value.get("annotator"),
        value.get("build_id"),
    )
    edits, wanted, cursor = value.get("edits"), value.get("wanted"), value.get("cursor")
    if not (isinstance(client, str) and _CLIENT.fullmatch(client)):
        return None
    if not (isinstance(build_id, str) and _BUILD_ID.fullmatch(build_id)):
        return None
    if not isinstance(annotator, str) or not isinstance(edits, list) or len(edits) > MAX_EDITS:
        return None
    return Message(
        client=client,
        annotator=annotator,
        build_id=build_id,
        edits=[edit for edit in edits if isinstance(edit, Mapping)],
        cursor=cursor if _is_int(cursor) else 0,
        have=_ranks(value.get("have")),
        held=_held(value.get("held")),
        wanted=wanted if isinstance(wanted, str) else None,
        mark=mark if isinstance(mark := value.get("mark"), str) else None,
    )


def receive(
    workspace: Workspace,
    name: str,
    message: Message,
    *,
    annotator: str,
    actions: frozenset[str] = REVIEW_ACTIONS,
) -> Receipt:
    """Append what is new and right of a message; return what is acknowledged and what refused.

    ``annotator`` is who the server knows is at the keyboard. Edits that were made under another
    name wait in the browser for that person. ``actions``: what the component may make.
    """
    receipt = Receipt(message.client)
    if not message.edits:
        return receipt
    if message.annotator != annotator:
        return Receipt(message.client, error=f"these edits are {message.annotator[:64]}'s")
    try:
        known = edits_by_id(workspace, name)
        good = _checked(
            workspace,
            name,
            message.edits,
            known=known,
            annotator=annotator,
            actions=actions,
            refused=receipt.refused,
        )
        acked = append_edits(workspace, name, good) if good else []
    except StorageError as error:
        return Receipt(message.client, refused=receipt.refused, error=str(error))
    return Receipt(message.client, acked, receipt.refused)


def _checked(
    workspace: Workspace,
    name: str,
    fields: Sequence[Mapping[str, Any]],
    *,
    known: Mapping[str, Edit],
    annotator: str,
    actions: frozenset[str],
    refused: dict[str, str],
) -> list[Edit]:
    """Return the edits that may be written; put a sentence in ``refused`` for each other one."""
    examples = imported_labels(workspace, name)
    made: dict[str, Edit] = {}  # in this message
    seen = ChainMap(made, cast("dict[str, Edit]", known))
    good: list[Edit] = []
    for entry in fields:
        edit_id = entry.get("edit_id")
        if not (isinstance(edit_id, str) and _EDIT_ID.fullmatch(edit_id)):
            refused[str(edit_id)[:60]] = "its edit id is not a UUIDv7"
            continue
        try:
            action = _action(entry, actions)
            edit = _edit(workspace, name, action, entry, known=seen, annotator=annotator)
            if edit.example_id != WHOLE_DATASET and edit.example_id not in examples:
                raise EditError(f"{name!r} has no example {edit.example_id[:60]!r}")
            _check_known(edit, known.get(edit_id))
        except UpwellError as error:
            refused[edit_id] = str(error)
        else:
            made[edit_id] = edit
            good.append(edit)
    return good


def _edit(
    workspace: Workspace,
    name: str,
    action: str,
    entry: Mapping[str, Any],
    *,
    known: Mapping[str, Edit],
    annotator: str,
) -> Edit:
    """Make an edit of a message's fields, or raise ``EditError``."""
    value, example_id = entry.get("value"), entry.get("example_id")
    if not isinstance(example_id, str):
        raise EditError("its example id is not text")
    if value is not None and not isinstance(value, str):
        raise EditError("its value is not text")
    if action == "undo":
        _check_undo(known.get(value or ""), example_id)
    elif action in ("exclude", "restore"):
        value = None
    else:
        check_value(workspace, name, action, value)
    edit = make_edit(
        example_id,
        action,
        value,
        annotator=annotator,
        edit_id=entry["edit_id"],
        made_at=_moment(entry.get("made_at")),
        evidence=_evidence(workspace, name, entry.get("evidence")),
    )
    return _with_previous(edit, entry.get("previous"), known)


def _with_previous(edit: Edit, previous: object, known: Mapping[str, Edit]) -> Edit:
    """Add the heads that the browser saw: edits of the same register of the same example."""
    if not isinstance(previous, list) or len(previous) > MAX_PREVIOUS:
        raise EditError(f"previous is not a list of at most {MAX_PREVIOUS} edit ids")
    register = register_of(edit, known)
    names = {p for p in previous if isinstance(p, str) and p in known}
    kept = [
        p
        for p in names
        if known[p].example_id == edit.example_id and register_of(known[p], known) == register
    ]
    if edit.action == "undo" and not kept:
        raise EditError("an undo has to name the edit that it takes back")
    return make_edit(
        edit.example_id,
        edit.action,
        edit.value,
        previous=kept,
        annotator=edit.annotator,
        evidence=edit.evidence,
        edit_id=edit.edit_id,
        made_at=edit.made_at,
    )


def _action(entry: Mapping[str, Any], actions: frozenset[str]) -> str:
    action = entry.get("action")
    if not isinstance(action, str) or action not in actions:
        raise EditError(f"action {str(action)[:40]!r} is not one that is made here")
    return action


def _check_undo(target: Edit | None, example_id: str) -> None:
    if target is None or target.example_id != example_id:
        raise EditError("the edit that it takes back is not one of this example")
    if target.action == "undo":
        raise EditError("an undo is not taken back here; edit the example instead")


def _check_known(edit: Edit, known: Edit | None) -> None:
    """Refuse an id that another edit has already."""
    if known is not None and (known.example_id, known.action, known.value) != (
        edit.example_id,
        edit.action,
        edit.value,
    ):
        raise EditError(f"edit id {edit.edit_id} belongs to another edit")


def _evidence(workspace: Workspace, name: str, value: object) -> dict[str, Any] | None:
    """Keep of the evidence what it may hold; the rest is dropped, for it decides nothing."""
    if not isinstance(value, Mapping):
        return None
    build_id, issue_id = value.get("build_id"), value.get("issue_id")
    suggested = value.get("suggested_label")
    is_build = isinstance(build_id, str) and _BUILD_ID.fullmatch(build_id)
    is_issue = isinstance(issue_id, str) and _ISSUE_ID.fullmatch(issue_id)
    is_class = isinstance(suggested, str) and suggested in workspace.config(name).classes
    return evidence(
        build_id=build_id if is_build else None,
        rank=value.get("rank"),
        p_mislabeled=value.get("p_mislabeled"),
        suggested_label=suggested if is_class else None,
        issue_id=issue_id if is_issue else None,
        drill=None if is_build else drill_id(workspace, name),
    )


def _moment(value: object) -> datetime:
    """Read when an edit was made; a clock that is far off gives way to the server's."""
    now = datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(str(value)[:40])
    except ValueError:
        return now
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    is_sane = datetime(2020, 1, 1, tzinfo=UTC) < moment < now + timedelta(days=1)
    return moment if is_sane else now


def _ranks(value: object) -> tuple[int, int] | None:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_is_int, value))):
        return None
    low, high = value
    return (low, high) if 0 <= low <= high + 1 < 2**31 else None


def _held(value: object) -> Held | None:
    if not isinstance(value, Mapping):
        return None
    near, beyond, first = value.get("near"), value.get("beyond"), value.get("first")
    if not _is_ids(near) or not _is_ids(beyond):
        return None
    return Held(near, beyond, first if isinstance(first, str) else None)


def _is_ids(value: object) -> TypeGuard[list[str]]:
    is_list = isinstance(value, list) and len(value) <= MAX_HELD
    return is_list and all(isinstance(x, str) for x in value)  # type: ignore[attr-defined]


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
