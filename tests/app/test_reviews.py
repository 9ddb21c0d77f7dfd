"""Changes of any two revisions, and their review: the views, and what the keys send."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest

from ide.app.labeler.sync import parse_message
from ide.app.problems.data import Place
from ide.app.problems.rows import examples
from ide.app.reviews.data import Listing, review_data, reviewable, save
from ide.dataset.change_list import change_list
from ide.dataset.changes import Imported, changes
from ide.dataset.edit import new_edit_id
from ide.dataset.evidence import evidence_words
from ide.store.committing import commit
from ide.store.edit_log import read_edits
from ide.store.files import write_parquet
from ide.store.reviews import Verdict, reviews, save_verdicts
from ide.store.revisions import changes_of_span, span_of
from ide.store.state import current_labels
from tests.app.test_views import is_calm, open_view, sentences  # noqa: F401 – a fixture
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

HOSTILE = "<img src=x onerror=alert(1)> **bold** :material/home: $x$"


@pytest.fixture
def pets(tmp_path):
    """A branch ``fixes`` with three changes of two kinds, and a comment, one commit from main."""
    workspace = tiny_workspace(tmp_path / "w")
    git(workspace.root, "switch", "-qc", "fixes")
    edit(
        workspace, "x0", "label", "<b>|pig</b>", reason=HOSTILE, evidence={"rank": 4, "build": "b1"}
    )
    edit(workspace, "x1", "label", "cat")
    edit(workspace, "x2", "exclude", annotator="ben")
    edit(workspace, "x2", "comment", "smudged")
    commit(workspace, "three changes", None)
    return workspace


def listing_of(pets) -> Listing:
    span = span_of(pets, "pets", "main")
    labels = current_labels(pets, "pets")
    columns = (labels[c].combine_chunks() for c in ("example_id", "split"))
    table = change_list(changes_of_span(pets, "pets", span.start, span.end), *columns)
    return Listing(pets, "pets", reviewable(table), span)


def data_of(listing, *, message=None, start=None):
    given = {"annotator": "rita", "start": start, "receipt": None}
    return review_data(listing, message=message, place=Place(), **given)


def message_of(listing, *entries, **more):
    fields = {"client": "1" * 12, "annotator": "rita", "build_id": listing.view_id}
    return parse_message({**fields, "edits": list(entries), **more})


def entry(row, action, text=None, **more):
    fields = {"edit_id": new_edit_id(), "example_id": row["example_id"], "action": action}
    return fields | {"value": row["edit"], "text": text} | more


def test_the_list_has_both_labels_who_and_why_and_no_talk(pets):
    data = data_of(listing_of(pets))
    rows = {row["example_id"]: row for row in data["rows"]}
    assert list(rows) == ["x0", "x1", "x2"]  # relabelled first, by pair; no comment
    x0 = rows["x0"]
    assert (x0["before"], x0["after"], x0["annotator"]) == ("cat", "<b>|pig</b>", "ada")
    assert (x0["reason"], x0["evidence"]) == (HOSTILE, "rank 4 of build b1")
    assert [(g["kind"], g["n"]) for g in data["groups"]] == [
        *[("relabelled", 1)] * 2,
        ("excluded", 1),
    ]
    assert data_of(listing_of(pets), start=x0["id"])["start"] == x0["id"]


def test_a_key_is_an_edit_once_and_comes_back_with_the_next_answer(pets):
    listing = listing_of(pets)
    row = data_of(listing)["rows"][0]
    sent = [
        entry(row, "approve"),
        entry(row, "request_change", "a dog"),
        entry(row, "comment", "?"),
    ]
    for _ in range(2):
        receipt = save(listing, message_of(listing, *sent), annotator="rita")
        assert receipt.acked == [e["edit_id"] for e in sent]
    data = data_of(listing_of(pets))
    assert data["view"] == listing.view_id  # verdicts change no list
    (verdict,) = data["said"][row["id"]]["verdicts"]
    assert (verdict["verdict"], verdict["text"]) == ("request_change", "a dog")
    assert [c["text"] for c in data["said"][row["id"]]["comments"]] == ["?"]
    assert data["n_judged"] == 1
    assert [step["row"] for step in data["history"]] == [row["id"]] * 2
    evidence = read_edits(pets, "pets").edits[-1].evidence["review"]
    assert (evidence["base"], evidence["head"]) == (listing.span.start, None)


def test_what_a_browser_may_not_send_is_refused_with_a_sentence(pets):
    listing = listing_of(pets)
    row = data_of(listing)["rows"][0]
    bad = [
        entry(row, "label", "cat"),
        entry(row, "approve", edit_id="../x"),
        entry(row, "comment", "x" * 3000),
        entry(row, "approve", example_id="x1"),
        entry(row, "approve", value=None),
    ]
    receipt = save(listing, message_of(listing, *bad, entry(row, "approve")), annotator="rita")
    assert len(receipt.refused) == len(bad)
    assert len(receipt.acked) == 1
    other = save(listing, message_of(listing, entry(row, "approve")), annotator="someone")
    assert other.error == "these verdicts are rita's"


def test_an_example_that_came_anew_with_another_label_and_split_is_two_rows(pets):
    anew = {"x0": Imported("dog", "test")}
    table = changes({}, {}, {"x0": "cat"}, splits={"x0": "train"}, reimported=anew)
    listed = change_list(table, pa.array(["x0"]), pa.array(["test"]))
    listing = Listing(pets, "pets", listed, span_of(pets, "pets", "main"))
    assert len(set(listing.ids)) == 2
    assert [row["kind"] for row in data_of(listing)["rows"]] == ["relabelled", "moved"]


def test_a_long_list_is_sent_in_windows(pets):
    listing = listing_of(pets)
    many = Listing(pets, "pets", pa.concat_tables([listing.table] * 400), listing.span)
    data = data_of(many)
    assert (data["n"], data["is_end"]) == (1200, False)
    assert len(data["rows"]) < 300


def test_reviews_compares_with_main_and_approves_all_that_is_shown(pets, open_view):  # noqa: F811
    app = open_view(pets, "reviews", dataset="pets", annotator="rita", kind="relabelled")
    assert is_calm(app)
    assert "2 changes that you have not judged" in sentences(app)
    assert data_of(listing_of(pets))["tally"] == "0 of 3 changes judged"
    app.button(key="approve_all").click().run()
    assert is_calm(app)
    said = reviews(pets, "pets")
    assert [r["annotator"] for rows in said.values() for r in rows] == ["rita", "rita"]
    assert data_of(listing_of(pets))["tally"] == "2 of 3 changes judged · verdicts: rita 2"
    app.button(key="take_back_all").click().run()
    assert not reviews(pets, "pets")


def test_reviews_says_where_there_is_nothing_to_review(pets, open_view):  # noqa: F811
    same = open_view(pets, "reviews", dataset="pets", a="fixes", b="fixes")
    assert "Nothing to review" in sentences(same)
    bare = open_view(pets, "reviews", dataset="pets", show="metrics")
    assert "nothing is measured" in sentences(bare)
    wrong = open_view(pets, "reviews", dataset="pets", a="nope")
    assert "'nope' is no revision here" in sentences(wrong)


def test_changes_shows_any_two_revisions_and_what_is_wrong_with_them(pets, open_view):  # noqa: F811
    app = open_view(pets, "changes", dataset="pets", a="main", b="fixes")
    assert is_calm(app)
    assert "4 changes: 2 relabelled, 1 excluded, 1 commented" in sentences(app).replace("**", "")
    one = open_view(pets, "changes", dataset="pets", b="fixes", kind="excluded")
    assert "1 change: 1 excluded" in sentences(one).replace("**", "")
    assert one.selectbox(key="filter_kind_excluded").value == "excluded"
    assert "same labels" in sentences(open_view(pets, "changes", dataset="pets", a="HEAD"))
    wrong = open_view(pets, "changes", dataset="pets", a="--output=x", b="fixes")
    assert "is no revision here" in sentences(wrong)
    shutil.rmtree(pets.root / ".git")
    assert "git init" in sentences(open_view(pets, "changes", dataset="pets", a="main"))
    assert "git init" in sentences(open_view(pets, "reviews", dataset="pets"))


def test_an_example_tells_under_which_review_each_edit_stands(pets, open_view):  # noqa: F811
    label = next(e for e in read_edits(pets, "pets").edits if e.example_id == "x0")
    for who, action, text in (("ben", "approve", None), ("cyd", "request_change", HOSTILE)):
        save_verdicts(pets, "pets", [Verdict("x0", action, label.edit_id, text)], annotator=who)
    app = open_view(pets, "example", dataset="pets", example="x0")
    assert is_calm(app)
    said = sentences(app)
    assert "approved] by **ben**" in said
    assert "change requested] by **cyd**: " + HOSTILE in said
    assert "rank 4 of build b1" in said
    assert "labelled <b>|pig</b>" in said
    edit(pets, "x0", "label", "dog")
    answered = sentences(open_view(pets, "example", dataset="pets", example="x0"))
    assert "answered" in answered


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (None, ""),
        ({"rank": 4, "build_id": "b843de98b0", "p_mislabeled": 0.98}, "rank 4 of build b843de9"),
        ({"suggested_label": "8"}, "8 suggested"),
        ({"review": {"base": "a" * 40, "head": None}}, "in the review of aaaaaaa … the working"),
        ({"review": "?", "x": {"y": 1}}, "x {'y': 1}"),
        ({"p_mislabeled": "high", "long": "z" * 999}, "long zzz"),
    ],
)
def test_evidence_is_said_in_words_whatever_a_log_holds(evidence, words):
    assert evidence_words(evidence).startswith(words)
    assert len(evidence_words(evidence)) <= 300


def test_a_sound_is_played_where_a_picture_would_be_shown(tmp_path, open_view):  # noqa: F811
    tones = tiny_workspace(tmp_path / "w", "tones")
    path = tones.config_path("tones")
    path.write_text(path.read_text().replace('"text"', '"audio"'))
    part = tones.examples_path("tones") / "part-000000000001.parquet"
    wav = b"RIFF\x24\x00\x00\x00WAVEfmt "
    table = pa.table({"example_id": ["x0"], "split": ["train"], "label": ["cat"], "audio": [wav]})
    part.unlink()
    write_parquet(part, table)
    (found,) = examples(tones, "tones", ["x0"]).values()
    assert list(found) == ["sound"]
    edit(tones, "x0", "label", "dog", name="tones")
    for view in ("changes", "example"):
        app = open_view(tones, view, dataset="tones", example="x0")
        assert is_calm(app)
        assert not app.error
