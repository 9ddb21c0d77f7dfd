"""What Review's component sends: right edits are written once, hostile ones never."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.app.labeler.component import labeler_data
from ide.app.labeler.sync import MAX_EDITS, parse_message, receive
from ide.dataset.edit import new_edit_id
from ide.store.builds import require_build
from ide.store.edit_log import append_edits, read_edits
from ide.store.state import dataset_state, edit_example, imported_labels

NAME = "glyphs"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("sync") / "w", n=400, n_suspects=120, size=8)


@pytest.fixture
def workspace(shared):
    """The shared workspace without edits: no test sees another's."""
    for path in shared.edits_path(NAME).glob("*.jsonl"):
        path.unlink()
    return shared


@pytest.fixture
def ids(workspace):
    return list(imported_labels(workspace, NAME))


def message(edits, **changes):
    fields = {
        "client": new_edit_id(), "annotator": "ada", "build_id": "5" * 16, "edits": edits,
        "held": {"near": [], "beyond": [], "first": None}, "wanted": None,
    }  # fmt: skip
    return parse_message(fields | changes)


def entry(example_id, action="label", value="3", **changes):
    fields = {
        "seq": 1, "edit_id": new_edit_id(), "example_id": example_id, "action": action,
        "value": value, "previous": [], "made_at": "2026-01-02T03:04:05.678Z",
        "evidence": {"build_id": "5" * 16, "rank": 4, "p_mislabeled": 0.9, "suggested_label": "3"},
    }  # fmt: skip
    return fields | changes


def send(workspace, *edits, annotator="ada"):
    return receive(workspace, NAME, message(list(edits)), annotator=annotator)


def test_sending_the_same_edits_again_writes_nothing_and_acknowledges_all(workspace, ids):
    tail = [entry(ids[0]), entry(ids[1], "confirm", "5"), entry(ids[2], "exclude", None)]
    first, again = send(workspace, *tail), send(workspace, *tail)
    assert first.acked == again.acked == [e["edit_id"] for e in tail]
    assert len(read_edits(workspace, NAME).edits) == 3


def test_an_edit_arrives_with_its_moment_its_heads_and_what_was_shown(workspace, ids):
    one, two = entry(ids[0]), entry(ids[0], value="4")
    send(workspace, one, two | {"previous": [one["edit_id"]]})
    first, second = read_edits(workspace, NAME).edits
    assert first.made_at.isoformat() == "2026-01-02T03:04:05.678000+00:00"
    assert first.evidence == one["evidence"]
    assert second.previous == (one["edit_id"],)
    assert dataset_state(workspace, NAME)[ids[0]].label == "4"


def test_an_undo_may_come_in_the_same_message_as_what_it_takes_back(workspace, ids):
    one = entry(ids[0])
    undo = entry(ids[0], "undo", one["edit_id"], previous=[one["edit_id"]], evidence=None)
    assert send(workspace, one, undo).refused == {}
    assert not dataset_state(workspace, NAME)[ids[0]].is_judged


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"value": "<script>alert(1)</script>"}, "is not a class"),
        ({"value": None}, "is not a class"),
        ({"value": ["3"]}, "not text"),
        ({"value": "3" * 100_000}, "is not a class"),
        ({"example_id": "../../etc/passwd"}, "has no example"),
        ({"example_id": 7}, "not text"),
        ({"action": "split", "value": "test"}, "not one that is made here"),
        ({"action": {"x": 1}}, "not one that is made here"),
        ({"action": "undo", "value": "nothing"}, "not one of this example"),
        ({"edit_id": "1; DROP TABLE edits"}, "not a UUIDv7"),
        ({"edit_id": None}, "not a UUIDv7"),
        ({"previous": "all"}, "not a list"),
        ({"previous": ["x"] * 1000}, "not a list of at most"),
    ],
)
def test_a_hostile_edit_is_refused_with_a_sentence_and_its_neighbours_are_written(
    workspace, ids, changes, sentence
):
    good, bad = entry(ids[1]), entry(ids[0]) | changes
    receipt = send(workspace, bad, good)
    assert receipt.acked == [good["edit_id"]]
    (refusal,) = receipt.refused.values()
    assert sentence in refusal
    assert len(refusal) < 500
    assert [e.example_id for e in read_edits(workspace, NAME).edits] == [ids[1]]


def test_an_undo_of_another_examples_edit_is_refused(workspace, ids):
    other = edit_example(workspace, NAME, ids[5], "label", "1", annotator="bob")
    undo = entry(ids[0], "undo", other.edit_id, previous=[other.edit_id])
    assert "not one of this example" in send(workspace, undo).refused[undo["edit_id"]]


def test_an_edit_id_that_another_edit_has_is_refused(workspace, ids):
    one = entry(ids[0])
    send(workspace, one)
    stolen = entry(ids[1], edit_id=one["edit_id"])
    assert "belongs to another" in send(workspace, stolen).refused[one["edit_id"]]


def test_evidence_keeps_what_it_may_hold_and_drops_the_rest(workspace, ids):
    evidence = {"build_id": "../x", "rank": True, "p_mislabeled": 7, "suggested_label": "nine",
                "more": "x" * 10_000}  # fmt: skip
    send(workspace, entry(ids[0], evidence=evidence))
    assert read_edits(workspace, NAME).edits[0].evidence is None


def test_edits_made_under_another_name_wait_in_the_browser(workspace, ids):
    receipt = send(workspace, entry(ids[0]), annotator="bob")
    assert receipt.acked == []
    assert "ada" in receipt.error
    assert read_edits(workspace, NAME).edits == ()


@pytest.mark.parametrize(
    "value",
    [None, [], "text", {}, {"client": "x"},
     {"client": "c" * 12, "annotator": "a", "build_id": "../..", "edits": []},
     {"client": "c" * 12, "annotator": "a", "build_id": "5", "edits": [{}] * (MAX_EDITS + 1)}],
)  # fmt: skip
def test_what_is_no_message_is_passed_over(value):
    assert parse_message(value) is None


def test_a_disk_that_refuses_leaves_the_edits_with_the_browser(workspace, ids):
    folder = workspace.edits_path(NAME)
    aside = folder.rename(folder.with_name("aside"))
    folder.write_text("not a folder")
    try:
        receipt = send(workspace, entry(ids[0]))
    finally:
        folder.unlink()
        aside.rename(folder)
    assert receipt.acked == []
    assert "could not save edits" in receipt.error


# ---- what the component is given ----


def data(workspace, **changes):
    fields = {"annotator": "ada", "start": None, "message": None, "receipt": None}
    return labeler_data(workspace, NAME, require_build(workspace, NAME), **(fields | changes))


def held(near=(), beyond=(), first=None):
    return {"near": list(near), "beyond": list(beyond), "first": first}


def test_the_judged_are_left_out_ahead_and_stay_behind_in_the_order_of_their_verdicts(workspace):
    rows = data(workspace)["rows"]
    assert [row["rank"] for row in rows] == list(range(1, 121))
    judged = [rows[i] for i in (2, 0, 51, 1, 50)]
    for row in judged:
        edit_example(workspace, NAME, row["id"], "label", row["suggested"], annotator="bob")
    found = data(workspace)
    assert found["start"] == rows[3]["id"]
    assert (found["yield"]["n_judged"], found["yield"]["n_errors"]) == (5, 5)
    assert found["before"] == [row["id"] for row in judged]
    assert found["is_begin"]
    ahead = [x for x, _ in found["ahead"]]
    assert {found["start"], *ahead} == {row["id"] for row in rows} - {r["id"] for r in judged}


def test_an_answer_brings_what_the_browser_lacks_and_nothing_that_it_shows(workspace):
    rows = data(workspace)["rows"]
    ids = [row["id"] for row in rows]
    found = data(workspace, message=message([], held=held(ids[:60], ids[60:100])))
    assert {row["id"] for row in found["rows"]} == set(ids[100:])
    assert {x for x, _ in found["ahead"]} == set(ids[60:])
    assert found["before"] == []
    assert found["is_end"]
    whole = data(workspace, message=message([], held=held(ids[:60], ids[60:])))
    assert whole["rows"] == []


def test_verdicts_reorder_what_is_ahead_at_once_and_leave_what_is_held_near(workspace):
    rows = data(workspace)["rows"]
    ids = [row["id"] for row in rows]
    for row in rows[:40]:
        action = "confirm" if int(row["given"]) % 2 else "label"
        value = row["given"] if action == "confirm" else row["suggested"]
        edit_example(workspace, NAME, row["id"], action, value, annotator="ada")
    found = data(workspace, message=message([], held=held(ids[40:70], ids[70:])))
    ahead = [x for x, _ in found["ahead"]]
    assert sorted(ahead) == sorted(ids[70:])
    assert ahead != ids[70:]
    odds = [p for _, p in found["ahead"]]
    assert odds == sorted(odds, reverse=True)
    is_odd = {row["id"]: int(row["given"]) % 2 for row in rows}
    half = len(ahead) // 2
    assert sum(is_odd[x] for x in ahead[:half]) < sum(is_odd[x] for x in ahead[half:])


def test_a_page_that_holds_nothing_is_told_all_whatever_an_earlier_one_said(workspace):
    row = data(workspace)["rows"][0]
    edit_example(workspace, NAME, row["id"], "confirm", annotator="ada")
    asked = message([], held=None)
    found, fresh = data(workspace, message=asked), data(workspace)
    assert found["to"] == asked.client
    assert fresh["to"] is None
    assert {k: v for k, v in found.items() if k != "to"} == {
        k: v for k, v in fresh.items() if k != "to"
    }
    assert len(found["history"]) == 1


@pytest.mark.parametrize("bad", [7, [], {"near": "x", "beyond": []}, {"near": [1], "beyond": []}])
def test_what_the_browser_cannot_hold_is_passed_over(bad):
    assert message([], held=bad).held is None


def test_an_example_in_the_address_is_the_one_that_is_shown_even_if_judged(workspace):
    rows = data(workspace)["rows"]
    edit_example(workspace, NAME, rows[9]["id"], "exclude", annotator="bob")
    found = data(workspace, start=rows[9]["id"])
    assert found["start"] == rows[9]["id"]
    assert found["start_notice"] is None
    assert "no example" in data(workspace, start="nobody")["start_notice"]


def test_others_verdicts_and_conflicts_come_with_each_answer(workspace):
    row = data(workspace)["rows"][0]
    for annotator, label in (("bob", "1"), ("eve", "2")):
        one = entry(row["id"], value=label)
        receive(workspace, NAME, message([one], annotator=annotator), annotator=annotator)
    found = data(workspace, message=message([], held=held([row["id"]])))
    state = found["states"][row["id"]]
    assert state["conflict"] == ["1", "2"]
    assert state["label"] is None
    assert len(state["heads"]["label"]) == 2
    assert any("conflict" in problem for problem in found["problems"])


def test_damage_in_the_log_is_named_with_its_file_and_line(workspace):
    (workspace.edits_path(NAME) / "eve.jsonl").write_text("no edit\n")
    assert any("eve.jsonl, line 1" in p for p in data(workspace)["problems"])


def test_a_reload_can_undo_what_was_made_before_it_as_the_steps_it_was_made_in(workspace, ids):
    send(workspace, entry(ids[0]), entry(ids[1]), entry(ids[2], made_at="2026-01-02T04:00:00Z"))
    steps = data(workspace)["history"]
    found = [{e["example_id"] for e in step["edits"]} for step in steps]
    assert found == [set(ids[:2]), {ids[2]}]
    undo = entry(ids[2], "undo", steps[-1]["edits"][0]["edit_id"],
                 previous=steps[-1]["edits"][0]["heads"])  # fmt: skip
    send(workspace, undo)
    assert len(data(workspace)["history"]) == 1


def test_a_card_has_probabilities_neighbours_and_the_training_record(workspace):
    row = data(workspace)["rows"][0]
    assert len(row["probs"]) == 10
    assert sum(p for _, p in row["probs"]) == pytest.approx(1, abs=0.01)
    assert len(row["neighbors"]) == 10
    assert len(row["loss"]) == len(row["margin"]) == 20
    assert row["margin"][-1] < row["margin"][0]


def test_append_edits_is_what_writes(workspace, ids):
    """The component's path and the command line's are one log."""
    send(workspace, entry(ids[0]))
    known = read_edits(workspace, NAME).edits
    assert append_edits(workspace, NAME, known) == [known[0].edit_id]
