"""Problems: issues put together, and what of them is left after people's edits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ide.dataset.issues import PROBLEMS, Member, is_settled, problem_table, rule_of
from tests.found import issues


def test_issues_of_a_group_are_one_problem_and_its_shared_example_comes_first():
    table = problem_table(
        issues(
            ("exact_duplicates", "b", "a", {"group_id": "a"}),
            ("exact_duplicates", "c", "a", {"group_id": "a"}),
            ("exact_duplicates", "e", "d", {}),
        )
    )
    assert table.schema.equals(PROBLEMS)
    assert table["example_ids"].to_pylist() == [["a", "b", "c"], ["e", "d"]]


def test_every_issue_is_in_one_problem_and_the_worst_come_first():
    rows = issues(
        ("outliers", "a", None, {"score": 0.2}),
        ("outliers", "b", None, {"score": 0.9}),
        ("leaks", "c", "d", {}),
        ("small_classes", None, None, {"subject": "cat"}),
        ("small_classes", None, None, {"subject": "dog"}),
    )
    table = problem_table(rows)
    assert sorted(r for rows in table["issue_rows"].to_pylist() for r in rows) == [0, 1, 2, 3, 4]
    assert len(set(table["problem_id"].to_pylist())) == 5
    order = ["error", "warning", "note"]
    keys = [
        (order.index(row["severity"]), row["check"], -row["score"]) for row in table.to_pylist()
    ]
    assert all(a <= b for a, b in pairwise(keys))
    assert problem_table(rows.slice(0, 0)).schema.equals(PROBLEMS)


def member(label="cat", split="train", **more):
    return Member(label, split, **more)


@pytest.mark.parametrize(
    ("check", "members", "is_over"),
    [
        ("exact_duplicates", [member(), member()], False),
        ("exact_duplicates", [member(), member(is_excluded=True)], True),
        ("exact_duplicates", [member(), member(), member(is_excluded=True)], False),
        ("conflicting_duplicates", [member(), member("dog")], False),
        ("conflicting_duplicates", [member("dog"), member("dog")], True),
        ("conflicting_duplicates", [member(), member("dog"), member(is_excluded=True)], False),
        ("leaks", [member(), member(split="test")], False),
        ("leaks", [member(split="test"), member(split="test")], True),
        ("leaks", [member(split="pool"), member(split="test")], True),
        ("unknown_classes", [member("cow")], False),
        ("unknown_classes", [member("dog")], True),
        ("nulls", [member(None)], False),
        ("nulls", [member(None, "pool")], True),
        ("nulls", [member(split="elsewhere")], False),
        ("same_source", [member(), member(split="test", is_excluded=True)], False),
        ("conflicts", [member(is_conflict=True)], False),
        ("conflicts", [member()], True),
        ("outliers", [member("dog")], False),
        ("outliers", [member(is_excluded=True)], True),
        ("small_classes", [], False),
        ("a_check_of_their_own", [member(), member(is_excluded=True)], True),
    ],
)
def test_what_settles_a_problem_before_the_next_build(check, members, is_over):
    assert is_settled(rule_of(check, len(members)), members, {"cat", "dog"}) is is_over
