"""Whatever a browser sends is taken, or refused in a sentence; never half, never a break."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.app.labeler.sync import parse_message, receive
from ide.app.problems.data import parse_place
from ide.dataset.edit import new_edit_id
from ide.store.edit_log import log_paths, read_edits
from tests.store.tiny import tiny_workspace

DEEP: list = []
for _ in range(400):
    DEEP = [DEEP]
ODD = st.sampled_from(
    (
        *(None, True, -1, 0, 1, 2**31, 2**63, 10**400, 0.5, float("nan"), float("inf"), 1e308),
        *("", "x0", "\ud800", "\x00", "x" * 20_000, "dog", "..", "cat", "*", "9" * 5_000),
        *([], {}, [None], ["\ud800"], {"\ud800": 1}, DEEP, {"a": DEEP}),
    )
)
ANYTHING = ODD | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    return tiny_workspace(tmp_path_factory.mktemp("odd") / "w", is_repository=False)


def a_message() -> dict:
    edit = {
        "edit_id": new_edit_id(),
        "example_id": "x0",
        "action": "label",
        "value": "dog",
        "previous": [],
        "made_at": "2026-01-31T12:00:00.000Z",
        "evidence": {"build_id": "b1", "rank": 3, "p_mislabeled": 0.5, "suggested_label": "dog"},
    }
    return {
        "client": "0123456789",
        "annotator": "ada",
        "build_id": "b1",
        "edits": [edit],
        "cursor": 1,
        "have": [0, 4],
        "held": {"near": ["x0"], "beyond": ["x1"], "first": None},
        "wanted": None,
    }


@st.composite
def messages(draw):
    """A good message with one or two of its values put out of order."""
    message = a_message()
    for _ in range(draw(st.integers(1, 2))):
        edit = (
            message["edits"][0] if message["edits"] and isinstance(message["edits"], list) else {}
        )
        inner = edit.get("evidence") if isinstance(edit, dict) else None
        targets = [t for t in (message, edit, inner, message["held"]) if isinstance(t, dict) and t]
        target = draw(st.sampled_from(targets))
        target[draw(st.sampled_from(sorted(target)))] = draw(ODD)
    return message


def check_taken(workspace, value) -> None:
    message = parse_message(value)
    parse_place(value)
    if message is None:
        return
    receipt = receive(workspace, "pets", message, annotator="ada")
    json.dumps(receipt.as_data(), allow_nan=False).encode()
    log = read_edits(workspace, "pets")
    assert not log.damage
    assert {e.edit_id for e in log.edits} >= set(receipt.acked)
    for path in log_paths(workspace, "pets"):
        path.read_bytes().decode("utf-8")


@settings(max_examples=60)
@given(message=messages())
def test_a_message_with_odd_values_is_taken_or_refused_and_the_log_stays_whole(pets, message):
    check_taken(pets, message)


@given(value=ANYTHING)
def test_what_is_no_message_is_none(pets, value):
    check_taken(pets, value)
    check_taken(pets, a_message() | {"edits": [value], "held": value, "have": value})


def test_a_good_message_is_taken(pets):
    message = parse_message(a_message())
    assert receive(pets, "pets", message, annotator="ada").acked
