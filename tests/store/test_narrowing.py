"""Review of a part of the queue: what belongs to it, what is left, and what a verdict does."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.app import review_part
from ide.app.labeler.component import labeler_data
from ide.dataset.errors import QueryError
from ide.store.browse import Filters
from ide.store.builds import require_build
from ide.store.narrowing import Narrowing, givers, narrowed
from ide.store.queue import suspect_queue
from ide.store.state import edit_example, undo_last

NAME = "glyphs"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("part") / "w", n=400, n_suspects=120, size=8)


@pytest.fixture
def workspace(shared):
    for path in shared.edits_path(NAME).glob("*.jsonl"):
        path.unlink()
    return shared


def part_of(workspace, **asked):
    suggested, by = asked.pop("suggested", None), asked.pop("by", None)
    narrowing = Narrowing(Filters(**asked), suggested, by)
    return narrowed(workspace, NAME, require_build(workspace, NAME), narrowing)


def data(workspace, part, *, start=None, annotator="ada"):
    return labeler_data(
        workspace, NAME, require_build(workspace, NAME),
        annotator=annotator, start=start, message=None, receipt=None, part=part,
    )  # fmt: skip


def ahead(found) -> list[str]:
    return [i for i in (found["here"], *(i for i, _ in found["ahead"])) if i]


def pair_of(workspace):
    row = suspect_queue(workspace, NAME).slice(0, 1).to_pylist()[0]
    return row["label"], row["suggested_label"]


def ids_of(workspace, **wanted) -> list[str]:
    rows = suspect_queue(workspace, NAME).to_pylist()
    return [r["example_id"] for r in rows if all(r[k] == v for k, v in wanted.items())]


def test_a_pair_a_class_and_a_split_leave_what_they_name_in_the_queues_order(workspace):
    given, suggested = pair_of(workspace)
    for asked, wanted in (
        ({"label": given}, {"label": given}),
        ({"suggested": suggested}, {"suggested_label": suggested}),
        ({"label": given, "suggested": suggested}, {"label": given, "suggested_label": suggested}),
        ({"split": "train"}, {"split": "train"}),
        ({"label": given, "split": "train"}, {"label": given, "split": "train"}),
    ):
        found = data(workspace, part_of(workspace, **asked))
        ids = ids_of(workspace, **wanted)
        assert ahead(found) == ids[: len(ahead(found))] and ids
        assert found["part"]["n_left"] == found["part"]["n_total"] == len(ids)
        assert found["yield"] is None  # which is of the whole queue


def test_a_verdict_takes_an_example_off_what_is_left_and_an_undo_brings_it_back(workspace):
    given, suggested = pair_of(workspace)
    part = part_of(workspace, label=given, suggested=suggested)
    first = ahead(data(workspace, part))[0]
    edit_example(workspace, NAME, first, "label", suggested, annotator="ada")
    edit_example(workspace, NAME, _outside(workspace, part), "exclude", annotator="ada")
    found = data(workspace, part)
    assert first not in ahead(found)
    assert found["part"]["n_left"] == found["part"]["n_total"] - 1
    assert found["before"] == [first]  # the verdict outside is behind another queue
    undo_last(workspace, NAME, first, annotator="ada")
    assert ahead(data(workspace, part))[0] == first


def _outside(workspace, part) -> str:
    return next(i for i in ids_of(workspace) if i not in part.ids)


def test_a_tag_and_a_search_of_browse_are_parts_too(workspace):
    some = ids_of(workspace)[3:6]
    for example_id in some:
        edit_example(workspace, NAME, example_id, "tag", "hard", annotator="ben")
    assert ahead(data(workspace, part_of(workspace, tag="hard"))) == some
    assert part_of(workspace, search=some[0]).ids == {some[0]}
    assert not part_of(workspace, tag="none").ids
    empty = data(workspace, part_of(workspace, tag="none"))
    assert empty["is_all_judged"] and empty["part"]["n_total"] == 0
    with pytest.raises(QueryError):
        part_of(workspace, where="nope = 1")


def test_somebodys_labels_are_reviewed_until_anybody_confirms_or_changes_them(workspace):
    one, two, three, four = ids_of(workspace)[:4]
    for example_id in (one, two, three):
        edit_example(workspace, NAME, example_id, "label", "7", annotator="ben")
    edit_example(workspace, NAME, four, "confirm", annotator="ben")  # the import gave that label
    assert givers(workspace, NAME) == ["ben"]
    part = part_of(workspace, by="ben")
    found = data(workspace, part)
    assert set(ahead(found)) == {one, two, three} and found["part"]["n_left"] == 3
    assert not any(row["state"]["judged"] for row in found["rows"])
    edit_example(workspace, NAME, one, "confirm", annotator="ada")
    edit_example(workspace, NAME, two, "label", "4", annotator="ada")
    edit_example(workspace, NAME, three, "exclude", annotator="ben")
    found = data(workspace, part)
    assert ahead(found) == [] and found["is_all_judged"]
    assert set(found["before"]) == {one, two, three}
    assert all(row["state"]["judged"] for row in found["rows"])


def test_an_example_in_the_address_that_is_not_of_the_part_is_told_of(workspace):
    part = part_of(workspace, search=ids_of(workspace)[5])
    other = ids_of(workspace)[0]
    found = data(workspace, part, start=other)
    assert found["start"] == ids_of(workspace)[5]
    assert other in found["start_notice"]


def test_surfaces_over_two_parts_are_two_and_the_whole_queue_keeps_its_name(workspace):
    build = require_build(workspace, NAME)
    parts = [
        Narrowing(),
        Narrowing(Filters(label="1")),
        Narrowing(suggested="1"),
        Narrowing(by="b"),
    ]
    names = [review_part.queue_name(build, part) for part in parts]
    assert names[0] == build.build_id and len(set(names)) == 4
    assert review_part.words(Narrowing(Filters(label="<b>", split="test"), by="x")) == [
        "given <b>", "in test", "labelled by x",
    ]  # fmt: skip


def test_the_address_of_what_browse_shows_is_read_as_the_same_filters(monkeypatch):
    asked = Filters("3", "8", "test", "wrong", "loss > 1", "loss", "a  b", "hard")
    address = review_part.parameters_of(asked)
    monkeypatch.setattr(review_part.state, "parameter", address.get)
    found = review_part.asked().filters
    assert (found.label, found.predicted, found.split, found.show) == ("3", "8", "test", "wrong")
    assert (found.where, found.search, found.tag) == ("loss > 1", "a  b", "hard")
    assert review_part.parameters_of(Filters()) == {}
