"""The Problems view: what is sent of a long list, what comes back, and the pages around it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ide.app.labeler.sync import Message, parse_message, receive
from ide.app.problems.data import Listing, Place, parse_place, problem_data
from ide.app.problems.rows import ACTIONS, N_AHEAD, N_BEFORE, first_window, next_window
from ide.app.problems.samples import names_in
from ide.dataset.edit import new_edit_id
from ide.store.builds import require_build
from ide.store.checking import listed_build
from ide.store.edit_log import read_edits
from ide.store.issues import IssueFilters, open_issues
from ide.store.state import dataset_state
from tests.app.test_views import is_calm, open_view, sentences  # noqa: F401 – a fixture
from tests.found import archive_issues, issues, write_findings
from tests.store.tiny import edit, tiny_workspace

HOSTILE = "<img src=x onerror=alert(1)> **bold** :material/home: $x$"
FOUND = [
    ("conflicting_duplicates", "x1", "x0", {"message": HOSTILE}),
    ("leaks", "x2", "x0", {}),
    ("exact_duplicates", "x1", "x0", {"group_id": "x0"}),
    ("exact_duplicates", "x2", "x0", {"group_id": "x0"}),
    ("small_classes", None, None, {"subject": "dog"}),
]


@pytest.fixture
def pets(tmp_path):
    """x0 … x4: cat dog cat dog cat in train train test test validation."""
    workspace = tiny_workspace(tmp_path / "w")
    archive_issues(workspace, "pets", issues(*FOUND))
    return workspace


def data_of(pets, *, message=None, place=None, start=None, **filters):
    listing = Listing(pets, "pets", require_build(pets, "pets"), IssueFilters(**filters))
    return problem_data(
        listing,
        annotator="ada",
        start=start,
        message=message,
        place=place or Place(),
        receipt=None,
    )


def send(pets, *entries) -> object:
    message = parse_message(
        {"client": "1" * 12, "annotator": "ada", "build_id": "b1", "edits": list(entries)}
    )
    assert isinstance(message, Message)
    return receive(pets, "pets", message, annotator="ada", actions=ACTIONS)


def entry(example_id, action, value=None, **more):
    made_at = datetime.now(UTC).isoformat()
    fields = {"edit_id": new_edit_id(), "example_id": example_id, "action": action, "value": value}
    return fields | {"previous": [], "made_at": made_at} | more


def test_a_problem_is_sent_with_its_examples_and_what_an_edit_has_to_name(pets):
    made = edit(pets, "x1", "label", "cat")
    data = data_of(pets, status="all")
    assert [row["check"] for row in data["rows"]] == [
        "conflicting_duplicates",
        "leaks",
        "exact_duplicates",
        "small_classes",
    ]
    assert data["rows"][0]["status"] == "settled"
    assert data["rows"][2]["examples"] == ["x0", "x1", "x2"]
    assert data["rows"][3]["issues"][0][1] == "*"
    assert data["states"]["x1"]["heads"] == {"label": [made.edit_id]}
    assert data["examples"]["x1"] == {"text": "text 1"}
    last = data["rows"][3]["id"]
    (sample,) = data_of(pets, start=last)["samples"][last]
    assert sample == {"title": "dog", "ids": ["x3"]}  # x1 is a cat by now


def test_counts_follow_edits_at_once_and_name_the_first_of_each_check(pets):
    before = data_of(pets)["counts"]
    assert [(c["check"], c["n"]) for c in before][:2] == [
        ("conflicting_duplicates", 1),
        ("leaks", 1),
    ]
    edit(pets, "x2", "split", "train")
    assert "leaks" not in [c["check"] for c in data_of(pets)["counts"]]


def test_what_is_done_here_can_be_undone_after_a_reload(pets):
    row = data_of(pets)["rows"][3]
    dismissal = entry("*", "dismiss", row["id"], evidence={"issue_id": row["id"]})
    elsewhere = entry("x3", "label", "cat")
    assert send(pets, dismissal, elsewhere).refused == {}
    (step,) = data_of(pets)["history"]
    assert step["edits"][0]["edit_id"] == dismissal["edit_id"]
    assert step["edits"][0]["issue_id"] == row["id"]
    undo = entry("*", "undo", dismissal["edit_id"], previous=[dismissal["edit_id"]])
    assert send(pets, undo).refused == {}
    assert data_of(pets)["history"] == []
    assert len(open_issues(pets, "pets")) == 5


def test_sending_twice_changes_nothing(pets):
    tail = [entry("x1", "exclude"), entry("x2", "split", "train"), entry("x0", "dismiss", "a" * 16)]
    send(pets, *tail)
    again = send(pets, *tail)
    assert again.acked == [e["edit_id"] for e in tail]
    assert len(read_edits(pets, "pets").edits) == 3


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (entry("*", "exclude"), "stands for the whole dataset"),
        (entry("*", "label", "cat"), "stands for the whole dataset"),
        (entry("x1", "dismiss", "../../etc"), "not an issue_id"),
        (entry("x1", "dismiss"), "needs a value"),
        (entry("nobody", "dismiss", "a" * 16), "has no example"),
        (entry("x1", "split", "holdout"), "not a split"),
        (entry("x1", "comment", "hello"), "not one that is made here"),
    ],
)
def test_a_hostile_edit_is_refused_with_a_sentence(pets, bad, sentence):
    receipt = send(pets, bad, entry("x0", "exclude"))
    (refusal,) = receipt.refused.values()
    assert sentence in refusal
    assert list(dataset_state(pets, "pets")) == ["x0"]


@pytest.mark.parametrize("value", [None, 3, {}, {"cursor": True, "have": [5, 1]}, {"have": "all"}])
def test_what_is_no_place_is_the_beginning(value):
    assert parse_place(value) == Place()


def test_windows_of_a_long_list_meet_and_send_nothing_twice():
    found = np.arange(0, 100_000, 3)
    first = first_window(found, 30_000)
    assert len(first.positions) == N_BEFORE + N_AHEAD
    seen, have, cursor = set(first.positions), first.range, 30_000
    while cursor < 31_500:
        cursor += 30
        more = next_window(found, have, cursor)
        assert not seen & set(more.positions)
        seen |= set(more.positions)
        have = more.range
    assert seen == set(found[(found >= have[0]) & (found <= have[1])].tolist())
    assert first_window(found[:5], None).is_end
    assert first_window(found[:0], None).positions == []


def test_an_address_with_an_issue_begins_there_and_says_where_there_is_none(pets):
    row = data_of(pets)["rows"][2]
    other = row["issues"][1][0]  # another issue of the same group
    assert data_of(pets, start=other)["start"] == row["id"]
    assert "has no issue" in data_of(pets, start="0" * 16)["start_notice"]


@pytest.mark.parametrize(
    ("subject", "names"),
    [("cat", ("cat",)), ("cat | dog", ("cat", "dog")), ("cow", ()), ("cat | cow", ())],
)
def test_a_subject_names_classes(subject, names):
    assert names_in(subject, ("cat", "dog")) == names


def test_the_view_is_drawn_and_says_so_where_nothing_is_found(pets, open_view):  # noqa: F811
    app = open_view(pets, "problems", dataset="pets", check="exact_duplicates")
    assert is_calm(app)
    assert app.selectbox(key="check").value == "exact_duplicates"
    archive_issues(pets, "pets", issues(), "b2")
    app = open_view(pets, "problems", dataset="pets")
    assert "found nothing to mend" in app.success[0].value


def test_home_and_an_example_name_open_problems_and_text_stays_text(pets, open_view):  # noqa: F811
    home = open_view(pets, "home", dataset="pets")
    assert is_calm(home)
    assert "x1 " + HOSTILE in sentences(home)
    assert is_calm(open_view(pets, "example", dataset="pets", example="x1"))


def test_a_dismissal_of_the_whole_dataset_has_a_tile_in_changes(pets, open_view):  # noqa: F811
    edit(pets, "*", "dismiss", "a" * 16)
    app = open_view(pets, "changes", dataset="pets")
    assert is_calm(app)
    assert "1 dismissed" in sentences(app)


def test_what_a_check_found_without_a_build_is_listed_with_samples(tmp_path, open_view):  # noqa: F811
    pets = tiny_workspace(tmp_path / "w")
    assert "upwell check pets" in sentences(open_view(pets, "problems", dataset="pets"))
    write_findings(pets, "pets", issues(*FOUND))
    data = problem_data(
        Listing(pets, "pets", listed_build(pets, "pets"), IssueFilters(check="small_classes")),
        annotator="ada",
        start=None,
        message=None,
        place=Place(),
        receipt=None,
    )
    ((_, shown),) = data["samples"].items()
    assert shown == [{"title": "dog", "ids": ["x1", "x3"]}]
    app = open_view(pets, "problems", dataset="pets")
    assert is_calm(app)
    assert app.selectbox(key="check").options
    assert "x1 " + HOSTILE in sentences(open_view(pets, "home", dataset="pets"))
    write_findings(pets, "pets", issues())
    assert "6 examples" in open_view(pets, "problems", dataset="pets").success[0].value
