"""Evidence: one writer, one reader, and words that whatever a log holds cannot break."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.edit import make_edit, parse_line, to_line
from ide.dataset.evidence import evidence, evidence_words, read_evidence

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    (
        *("build", "build_id", "rank", "p_mislabeled", "suggested_label", "issue_id"),
        *("review", "drill", "carried_from", "of a foreign tool"),
    )
)


def test_what_is_shown_is_written_under_one_set_of_names():
    shown = evidence(
        build_id="b1", rank=4, p_mislabeled=0.98, suggested_label="3", issue_id="f" * 16
    )
    assert list(shown) == ["build_id", "rank", "p_mislabeled", "suggested_label", "issue_id"]
    assert evidence() is None
    assert evidence(build_id="", rank=0, p_mislabeled=float("nan")) is None


@pytest.mark.parametrize("action", ["confirm", "label"])
def test_a_build_that_was_written_under_its_old_name_is_read_under_the_one(action):
    """Also of lines that are in a log already: by it an edit is known to be a drill's."""
    edit = make_edit("x", action, "3", annotator="ada", evidence={"build": "b1", "rank": 2})
    assert edit.evidence == {"build_id": "b1", "rank": 2}
    old = json.loads(to_line(edit)) | {"evidence": {"rank": 2, "build": "b1"}}
    assert parse_line(json.dumps(old)).evidence == {"build_id": "b1", "rank": 2}
    assert read_evidence({"build": "old", "build_id": "new"}) == {"build_id": "new"}


@given(st.dictionaries(KEYS, JSON))
def test_whatever_evidence_holds_is_read_once_and_said_in_a_line(written):
    found = read_evidence(written)
    assert read_evidence(found) == found
    words = evidence_words(written)
    assert words.isprintable() or "\n" not in words
    assert len(words) <= 300
    assert (found or {}).keys() <= {"build_id", *written}
