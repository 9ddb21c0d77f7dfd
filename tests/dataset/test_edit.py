"""An edit survives its line, and a line that is no edit says why."""

from __future__ import annotations

import pytest
from hypothesis import given

from ide.dataset.edit import annotator_slug, make_edit, new_edit_id, parse_line, to_line
from ide.dataset.errors import EditError
from tests.strategies import histories


@given(histories())
def test_an_edit_survives_its_line(edits):
    for edit in edits:
        assert parse_line(to_line(edit)) == edit
        assert "\n" not in to_line(edit)


def test_ids_made_later_sort_later_within_a_millisecond_too():
    made = [new_edit_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert {edit_id[14] for edit_id in made} == {"7"}
    assert {edit_id[19] for edit_id in made} <= set("89ab")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "not a line of JSON"),
        ("<<<<<<< HEAD", "not a line of JSON"),
        ("[1]", "wanted a JSON object"),
        ("[" * 100_000, "not a line of JSON"),
        ("{}", "edit_id, example_id, action, annotator missing"),
        (
            '{"edit_id":"x","example_id":"a","action":"label","annotator":"ada"}',
            "made_at",
        ),
    ],
)
def test_a_line_that_is_no_edit_says_why(line, sentence):
    with pytest.raises(EditError, match=sentence):
        parse_line(line)


@pytest.mark.parametrize("name", ["", "../ada", "Ada", "a/b", "a" * 65, ".ada", "ada.", "ada\n"])
def test_an_annotator_that_could_leave_the_folder_is_refused(name):
    with pytest.raises(EditError, match="cannot name an edit log"):
        make_edit("x", "label", "cat", annotator=name)


@pytest.mark.parametrize(
    ("name", "slug"), [("Ada Lovelace", "ada-lovelace"), ("../..", "someone"), ("Ünal", "ünal")]
)
def test_a_persons_name_becomes_an_annotator(name, slug):
    assert annotator_slug(name) == slug
    make_edit("x", "exclude", annotator=slug)


@pytest.mark.parametrize("issue", ["4BE1" * 4, "4be1", "4be1" * 4 + "\n", "../" * 5 + "x", "<b>"])
def test_an_issue_is_named_by_sixteen_digits(issue):
    with pytest.raises(EditError, match="is not an issue_id: wanted 16 digits"):
        make_edit("x", "dismiss", issue, annotator="ada")


@pytest.mark.parametrize("action", ["label", "exclude", "comment"])
def test_of_the_whole_dataset_only_an_issue_can_be_dismissed(action):
    make_edit("*", "dismiss", "4be1" * 4, annotator="ada")
    with pytest.raises(EditError, match="stands for the whole dataset"):
        make_edit("*", action, "cat", annotator="ada")


def test_a_label_edit_needs_a_label():
    with pytest.raises(EditError, match="needs a value"):
        make_edit("x", "label", annotator="ada")
