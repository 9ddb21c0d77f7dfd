"""Reviews in the log, and the revisions that they compare: real git, nothing compiled."""

from __future__ import annotations

import shutil

import pytest

from ide.dataset.errors import GitError
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.reviews import Verdict, asked_for, comments, reviews, save_verdicts
from ide.store.revisions import (
    HEAD,
    changes_of_span,
    default_base,
    from_where_they_part,
    refs,
    span_of,
)
from tests.conftest import git
from tests.store.tiny import add_dataset, edit, tiny_workspace

REVIEW_ID = "0198a1b2-0000-7000-8000-00000000000{}"


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "w")


def said(pets, annotator="ben"):
    return {
        edit_id: [(r["verdict"], r["reason"]) for r in rows if r["annotator"] == annotator]
        for edit_id, rows in reviews(pets, "pets").items()
    }


def save(pets, *verdicts, annotator="ben"):
    return save_verdicts(pets, "pets", verdicts, annotator=annotator, base="a" * 40, head=None)


def test_verdicts_are_saved_in_order_once_and_each_stands_on_the_one_before(pets):
    one = edit(pets, "x0", "label", "dog")
    sent = [
        Verdict("x0", "approve", one.edit_id, None, REVIEW_ID.format(1)),
        Verdict("x0", "request_change", one.edit_id, "a wolf?", REVIEW_ID.format(2)),
        Verdict("x0", "comment", one.edit_id, "<b>odd</b>", REVIEW_ID.format(3)),
        Verdict("x0", "undo", REVIEW_ID.format(2), None, REVIEW_ID.format(4)),
    ]
    for tail in (sent[:2], sent, sent):
        found = save(pets, *tail)
        assert found.saved == [v.review_id for v in tail]
        assert found.refused == {}
    assert said(pets) == {one.edit_id: [("approved", None)]}
    by_id = {e.edit_id: e for e in read_edits(pets, "pets").edits}
    assert len(by_id) == 5
    assert by_id[REVIEW_ID.format(2)].previous == (REVIEW_ID.format(1),)
    evidence = {"review": {"base": "a" * 40, "head": None}}
    assert by_id[REVIEW_ID.format(1)].evidence == evidence
    (comment,) = comments(pets, "pets")["x0"]
    assert (comment["text"], comment["edit_id"]) == ("<b>odd</b>", one.edit_id)


def test_what_is_wrong_is_refused_with_a_sentence_and_the_rest_is_saved(pets):
    one, other = edit(pets, "x0", "label", "dog"), edit(pets, "x1", "label", "cat")
    save(pets, Verdict("x1", "approve", other.edit_id, None, REVIEW_ID.format(9)), annotator="cyd")
    found = save(
        pets,
        Verdict("x0", "approve", other.edit_id, None, REVIEW_ID.format(1)),
        Verdict("x0", "approve", REVIEW_ID.format(0), None, REVIEW_ID.format(2)),
        Verdict("x0", "label", one.edit_id, "cat", REVIEW_ID.format(3)),
        Verdict("x0", "comment", one.edit_id, "  ", REVIEW_ID.format(4)),
        Verdict("x1", "undo", REVIEW_ID.format(9), None, REVIEW_ID.format(5)),
        Verdict("x0", "undo", one.edit_id, None, REVIEW_ID.format(6)),
        Verdict("x0", "approve", one.edit_id, None, "../../x"),
        Verdict("x1", "approve", other.edit_id, None, one.edit_id),
        Verdict("x0", "approve", one.edit_id, None, REVIEW_ID.format(7)),
    )
    assert found.saved == [REVIEW_ID.format(7)]
    sentences = " ".join(found.refused.values())
    for part in (
        *("there is no edit", "is no verdict", "comment is empty", "cyd's", "no verdict and no"),
        *("not a UUID", "belongs to another edit"),
    ):
        assert part in sentences
    assert len(read_edits(pets, "pets").edits) == 4


def test_a_span_names_commits_and_says_what_is_wrong_with_them(pets):
    edit(pets, "x0", "label", "dog")
    first = git(pets.root, "rev-parse", "HEAD").strip()
    assert default_base(pets) == HEAD
    assert len(changes_of_span(pets, "pets", first, None)) == 1
    made = commit(pets, "a dog", None).revision
    assert span_of(pets, "pets", f"{made}^", made).start == first
    span = span_of(pets, "pets", f"{first}^", made)
    assert span.start is None  # what comes before the first commit is nothing
    assert "relabelled" in changes_of_span(pets, "pets", span.start, span.end)["kind"].to_pylist()
    for wrong in ("nope", "--output=x", "main:datasets"):
        with pytest.raises(GitError, match="is no revision here"):
            span_of(pets, "pets", wrong)
    add_dataset(pets.root, "late")
    with pytest.raises(GitError, match="dataset 'late': it came later"):
        span_of(pets, "late", f"{made}^", made)
    git(pets.root, "tag", "v1")
    assert [(r.name, r.kind) for r in refs(pets)] == [("main", "branch"), ("v1", "tag")]
    shutil.rmtree(pets.root / ".git")
    with pytest.raises(GitError, match="git init"):
        span_of(pets, "pets", HEAD)


def test_a_review_begins_where_the_branch_left_main(pets):
    git(pets.root, "switch", "-qc", "fixes")
    edit(pets, "x0", "label", "dog")
    commit(pets, "a dog", None)
    assert default_base(pets) == "main"
    fork = git(pets.root, "rev-parse", "main").strip()
    git(pets.root, "switch", "-q", "main")
    edit(pets, "x1", "label", "cat", annotator="ben")
    commit(pets, "a cat", None)
    git(pets.root, "switch", "-q", "fixes")
    assert default_base(pets) == fork[:10]
    span, note = from_where_they_part(pets, span_of(pets, "pets", "main", "fixes"))
    assert span.start == fork
    assert "where the two part" in note
    found = changes_of_span(pets, "pets", span.start, span.end)
    assert found["example_id"].to_pylist() == ["x0"]
    assert from_where_they_part(pets, span_of(pets, "pets", fork, "fixes"))[1] == ""
    older = span_of(pets, "pets", "main", fork)  # one who asks for an older head means it
    assert from_where_they_part(pets, older) == (older, "")


def test_open_requests_are_counted_with_a_base_that_shows_them(pets):
    one, two = edit(pets, "x0", "label", "dog"), edit(pets, "x1", "label", "cat")
    assert asked_for(pets, "pets") == (0, None)
    save(pets, *(Verdict(e.example_id, "request_change", e.edit_id) for e in (one, two)))
    assert asked_for(pets, "pets") == (2, "a" * 10)
    edit(pets, "x0", "label", "cat")
    assert asked_for(pets, "pets") == (1, "a" * 10)
    foreign = {"review": "?"}
    edit(pets, "x1", "request_change", two.edit_id, annotator="ben", evidence=foreign)
    assert asked_for(pets, "pets") == (1, None)
