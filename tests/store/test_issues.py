"""The issues that are open now: the build's, less what people dismissed or settled."""

from __future__ import annotations

import pytest

from ide.dataset.errors import EditError, NoBuildError
from ide.store.builds import require_build
from ide.store.checking import listed_build
from ide.store.issues import (
    ALL,
    DISMISSED,
    SETTLED,
    IssueFilters,
    count_problems,
    dismiss_issue,
    find_problems,
    open_issues,
    problems_of,
)
from ide.store.state import undo_edit, undo_last
from tests.found import archive_issues, issues, write_findings
from tests.store.tiny import edit, tiny_workspace

FOUND = issues(
    ("conflicting_duplicates", "x1", "x0", {"message": "is <b>dog</b>"}),
    ("leaks", "x2", "x0", {}),
    ("exact_duplicates", "x1", "x0", {"group_id": "x0"}),
    ("exact_duplicates", "x2", "x0", {"group_id": "x0"}),
    ("small_classes", None, None, {"subject": "dog"}),
    ("outliers", "x4", None, {}),
)


@pytest.fixture
def pets(tmp_path):
    """x0 … x4: cat dog cat dog cat in train train test test validation."""
    workspace = tiny_workspace(tmp_path / "w")
    archive_issues(workspace, "pets", FOUND)
    return workspace


def found(pets, **filters) -> list[str]:
    """Return the check of each problem that matches."""
    build = require_build(pets, "pets")
    positions = find_problems(pets, "pets", build, IssueFilters(**filters))
    return problems_of(build).table["check"].take(positions).to_pylist()


def checks(pets) -> list[str]:
    return open_issues(pets, "pets")["check"].to_pylist()


def id_of(check: str) -> str:
    return next(r["issue_id"] for r in FOUND.to_pylist() if r["check"] == check)


def test_without_edits_every_issue_is_open_in_the_builds_order(pets):
    assert open_issues(pets, "pets") == FOUND
    with pytest.raises(NoBuildError):
        open_issues(tiny_workspace(pets.root / "other"), "pets")


def test_a_dismissed_issue_is_open_for_nobody_until_it_is_taken_back(pets):
    for check, of in (("leaks", "x2"), ("small_classes", "*")):
        made = dismiss_issue(pets, "pets", of, id_of(check), annotator="ada", reason="on purpose")
        assert check not in checks(pets)
        assert found(pets, status=DISMISSED) == [check]
        undo_edit(pets, "pets", made.edit_id, annotator="ben")
        assert open_issues(pets, "pets") == FOUND


def test_one_of_a_groups_issues_dismissed_leaves_the_problem(pets):
    dismiss_issue(pets, "pets", "x1", id_of("exact_duplicates"), annotator="ada")
    assert checks(pets).count("exact_duplicates") == 1
    assert found(pets).count("exact_duplicates") == 1


def test_edits_settle_what_they_mend_and_undo_opens_it_again(pets):
    edit(pets, "x1", "label", "cat")
    assert "conflicting_duplicates" not in checks(pets)
    edit(pets, "x2", "split", "train")
    assert "leaks" not in checks(pets)
    edit(pets, "x0", "exclude")
    assert "exact_duplicates" in checks(pets)  # x1 and x2 are still equal
    edit(pets, "x1", "exclude")
    assert checks(pets) == ["small_classes", "outliers"]
    assert len(found(pets, status=SETTLED)) == 3
    for example_id in ("x1", "x0", "x2", "x1"):
        undo_last(pets, "pets", example_id, annotator="ada")
    assert open_issues(pets, "pets") == FOUND


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"severity": "error"}, ["conflicting_duplicates", "leaks"]),
        ({"check": "outliers"}, ["outliers"]),
        ({"label": "dog"}, ["conflicting_duplicates", "exact_duplicates", "small_classes"]),
        ({"split": "test"}, ["leaks", "exact_duplicates"]),
        ({"label": "cat", "split": "validation"}, ["outliers"]),
        ({"text": "<B>DOG"}, ["conflicting_duplicates"]),
        ({"text": "x4"}, ["outliers"]),
        ({"text": ".*"}, []),
        ({"status": DISMISSED}, []),
        ({"check": "nothing"}, []),
    ],
)
def test_filters_let_through_what_they_say(pets, filters, expected):
    assert found(pets, **filters) == expected


def test_counts_are_by_severity_and_check(pets):
    build = require_build(pets, "pets")
    rows = count_problems(build, find_problems(pets, "pets", build, IssueFilters(status=ALL)))
    assert [(r["severity"], r["check"], r["n"], r["first"]) for r in rows] == [
        ("error", "conflicting_duplicates", 1, 0),
        ("error", "leaks", 1, 1),
        ("warning", "exact_duplicates", 1, 2),
        ("warning", "small_classes", 1, 3),
        ("note", "outliers", 1, 4),
    ]


def test_an_issue_that_is_not_there_or_of_another_example_is_refused(pets):
    with pytest.raises(EditError, match="has an issue '0000000000000000'"):
        dismiss_issue(pets, "pets", "x1", "0" * 16, annotator="ada")
    with pytest.raises(EditError, match="is about example 'x2', got 'x1'"):
        dismiss_issue(pets, "pets", "x1", id_of("leaks"), annotator="ada")
    assert open_issues(pets, "pets") == FOUND


def test_without_a_build_the_last_check_is_listed_and_what_it_found_can_be_dismissed(tmp_path):
    pets = tiny_workspace(tmp_path / "w")
    assert listed_build(pets, "pets") is None
    write_findings(pets, "pets", FOUND)
    listed = listed_build(pets, "pets")
    assert open_issues(pets, "pets", listed) == FOUND
    dismiss_issue(pets, "pets", "x2", id_of("leaks"), annotator="ada")
    assert "leaks" not in open_issues(pets, "pets", listed)["check"].to_pylist()
    archive_issues(pets, "pets", FOUND.slice(0, 1))
    assert listed_build(pets, "pets") == require_build(pets, "pets")
    dismiss_issue(pets, "pets", "*", id_of("small_classes"), annotator="ada")  # newer than it
