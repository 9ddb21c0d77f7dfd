"""Hypothesis strategies for edits: histories that people, crashes and merges could make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from ide.dataset.edit import Edit, make_edit
from ide.dataset.replay import UNTOUCHED, register_of, replay, undo_heads

CLASSES = ("cat", "dog", "<script>", "=1+1")
ANNOTATORS = ("ada", "ben")
ISSUES = ("0123456789abcdef", "f" * 16)
START = datetime(2026, 1, 1, tzinfo=UTC)


def edit_id(number: int) -> str:
    """A valid id from a number, so that shrunk examples stay readable."""
    return str(UUID(int=(7 << 76) | (2 << 62) | number))


@st.composite
def histories(draw, *, max_size: int = 12, annotators=ANNOTATORS, first_id: int = 1) -> list[Edit]:
    """Edits as one or more people make them, each on top of what that person has seen.

    A person may work from an old view (as in another clone), so that conflicts arise.
    """
    edits: list[Edit] = []
    for number in range(draw(st.integers(0, max_size))):
        seen = edits[: draw(st.integers(0, len(edits)))] if draw(st.booleans()) else list(edits)
        edit = draw(_next_edit(seen, first_id + number, annotators))
        if edit is not None:
            edits.append(edit)
    return edits


@st.composite
def _next_edit(draw, seen: list[Edit], number: int, annotators) -> Edit | None:
    example_id = draw(st.sampled_from(("x", "y")))
    annotator = draw(st.sampled_from(annotators))
    own = [e for e in seen if e.example_id == example_id]
    action = draw(
        st.sampled_from(
            (
                *("label", "confirm", "exclude", "restore", "split", "tag", "untag"),
                *("comment", "dismiss", "approve", "request_change", "undo"),
            )
        )
    )
    moment = START + timedelta(milliseconds=number)
    if action == "undo":
        standing = [e for e in own if undo_heads(own, e.edit_id)]
        if not standing:
            return None
        target = draw(st.sampled_from(standing))
        return make_edit(
            example_id,
            "undo",
            target.edit_id,
            previous=undo_heads(own, target.edit_id),
            annotator=annotator,
            edit_id=edit_id(number),
            made_at=moment,
        )
    value = {
        "label": st.sampled_from(CLASSES),
        "confirm": st.sampled_from(CLASSES),
        "split": st.sampled_from(("train", "test")),
        "tag": st.sampled_from(("blurred", "rotated")),
        "untag": st.sampled_from(("blurred", "rotated")),
        "dismiss": st.sampled_from(ISSUES),
        "comment": st.text(min_size=1, max_size=20),
        # of this example, of the other, or of none that there is
        "approve": st.integers(1, 20).map(edit_id),
        "request_change": st.integers(1, 20).map(edit_id),
    }.get(action, st.none())
    draft = make_edit(
        example_id,
        action,
        draw(value),
        annotator=annotator,
        edit_id=edit_id(number),
        made_at=moment,
    )
    heads = replay(own).get(example_id, UNTOUCHED).heads.get(register_of(draft, {}), ())
    return make_edit(
        example_id,
        action,
        draft.value,
        previous=heads,
        annotator=annotator,
        edit_id=draft.edit_id,
        made_at=moment,
    )
