"""The surfaces' route: written before it is acknowledged, once, by the page's own name, bounded."""

from __future__ import annotations

import gc
import json
from functools import partial

import pytest

from benchmarks.synthetic import make_workspace
from ide.app.conversation import BURST, MAX_AT_ONCE, Conversation
from ide.app.labeler.component import labeler_data
from ide.app.labeler.sync import parse_message, receive
from ide.app.server import create_app
from ide.app.sync_route import MAX_BYTES, NAME_HEADER, ROUTE
from ide.dataset.edit import new_edit_id
from ide.store.builds import require_build
from ide.store.edit_log import parse_log
from ide.store.log_growth import Mark
from ide.store.state import edit_example, imported_labels
from tests.app.asgi import HOST, Ask, ask

NAME = "glyphs"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("route") / "w", n=300, n_suspects=300, size=8)


@pytest.fixture
def workspace(shared):
    for path in shared.edits_path(NAME).glob("*.jsonl"):
        path.unlink()
    return shared


@pytest.fixture(scope="module")
def app(shared):
    from streamlit.runtime import Runtime

    yield create_app(shared)._build_starlette_app()
    Runtime._instance = None  # the next test's server begins with a runtime of its own


@pytest.fixture
def ids(workspace):
    return list(imported_labels(workspace, NAME))


def talk(workspace, annotator="ada") -> Conversation:
    """Begin a conversation as a page of Review does."""
    build, mark = require_build(workspace, NAME), Mark()
    return Conversation(
        save=partial(receive, workspace, NAME, annotator=annotator),
        data_of=lambda value, receipt: labeler_data(
            workspace, NAME, build,
            annotator=annotator, start=None, message=parse_message(value), receipt=receipt,
            mark=mark,
        ),
    )  # fmt: skip


def said(edits, annotator="ada", **more) -> bytes:
    fields = {
        "client": "c" * 12, "annotator": annotator, "build_id": "5" * 16, "edits": edits,
        "held": {"near": [], "beyond": [], "first": None}, "wanted": None,
    }  # fmt: skip
    return json.dumps(fields | more).encode()


def label(example_id, value="3", **more):
    return {
        "edit_id": new_edit_id(), "example_id": example_id, "action": "label", "value": value,
        "previous": [], "made_at": "2026-01-02T03:04:05.678Z",
    } | more  # fmt: skip


def post(name: str | None, *parts: bytes) -> Ask:
    headers = {"Origin": f"http://{HOST}"} | ({NAME_HEADER: name} if name else {})
    return Ask("POST", ROUTE, headers, parts)


def send(app, conversation: Conversation, body: bytes):
    (answer,) = ask(app, post(conversation.name, body))
    return answer


def on_disk(workspace) -> list[str]:
    """The ids in the log's bytes, read by nobody before."""
    paths = sorted(workspace.edits_path(NAME).glob("*.jsonl"))
    return [e.edit_id for path in paths for e in parse_log(path.read_bytes(), "").edits]


def test_a_batch_is_on_the_disk_when_it_is_acknowledged_and_the_answer_is_what_is_lacking(
    workspace, app, ids
):
    batch = [label(x) for x in ids[:3]]
    answer = send(app, talk(workspace), said(batch))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["receipt"]["acked"] == [e["edit_id"] for e in batch] == on_disk(workspace)
    assert len(answer.json()["rows"]) == len(answer.json()["ahead"]) == 297


def test_a_batch_that_is_sent_twice_is_written_once(workspace, app, ids):
    ada, body = talk(workspace), said([label(ids[0]), label(ids[1])])
    first, again = ask(app, post(ada.name, body), post(ada.name, body))
    assert first.json()["receipt"] == again.json()["receipt"]
    assert len(on_disk(workspace)) == 2


def test_a_batch_without_the_pages_name_is_refused_and_nothing_is_written(workspace, app, ids):
    ada = talk(workspace)
    body = said([label(ids[0])])
    for name in (None, "x" * 43, ada.name[:-1], ada.name.swapcase()):
        (answer,) = ask(app, post(name, body))
        assert answer.status_code == 410
        assert "load it again" in answer.json()["error"]
    assert on_disk(workspace) == []


def test_a_batch_is_that_of_the_person_whom_the_page_was_drawn_for(workspace, app, ids):
    answer = send(app, talk(workspace), said([label(ids[0])], annotator="eve"))
    assert "eve's" in answer.json()["receipt"]["error"]
    assert on_disk(workspace) == []


def test_a_conversation_ends_with_the_session_that_began_it(workspace, app, ids):
    ada = talk(workspace)
    name = ada.name
    del ada
    gc.collect()
    (answer,) = ask(app, post(name, said([label(ids[0])])))
    assert answer.status_code == 410


@pytest.mark.parametrize("n_parts", [1, 40])
def test_a_body_that_is_too_large_is_refused_whatever_its_headers_say(workspace, app, ids, n_parts):
    ada = talk(workspace)
    body = said([label(ids[0], reason="x" * MAX_BYTES)])
    size = len(body) // n_parts + 1
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    (answer,) = ask(app, post(ada.name, *parts))
    assert answer.status_code == 413
    assert on_disk(workspace) == []
    assert send(app, ada, said([label(ids[0])])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 500_000, b'{"client": ' * 100_000, b"{}",
     b'{"edits": 1e999}', b"9" * 10_000],
)  # fmt: skip
def test_what_is_no_message_is_refused_and_harms_nothing(workspace, app, ids, body):
    ada = talk(workspace)
    answer = send(app, ada, body)
    assert answer.status_code == 400
    assert "no message" in answer.json()["error"]
    assert send(app, ada, said([label(ids[0])])).status_code == 200


def test_of_a_flood_few_are_taken_and_the_others_key_is_saved_meanwhile(workspace, app, ids):
    eve, ada = talk(workspace, "eve"), talk(workspace)
    flood = [post(eve.name, said([], annotator="eve")) for _ in range(300)]
    *flooded, saved = ask(app, *flood, post(ada.name, said([label(ids[0])])))
    assert saved.json()["receipt"]["acked"] == on_disk(workspace)
    refused = [answer for answer in flooded if answer.status_code == 429]
    assert len(flooded) - len(refused) == MAX_AT_ONCE
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}


def test_one_after_another_no_more_are_taken_than_a_surface_has_to_say(workspace, app, ids):
    eve = talk(workspace, "eve")
    taken = [eve.may_speak() for _ in range(1000)]
    assert BURST <= sum(taken) <= BURST + 10
    ada = talk(workspace)
    assert all(send(app, ada, said([label(x)])).status_code == 200 for x in ids[:20])


def test_what_another_person_did_is_told_with_the_next_answer_and_once(workspace, app, ids):
    ada = talk(workspace)
    held = {"near": ids[:5], "beyond": ids[5:], "first": None}
    mark = send(app, ada, said([], held=held)).json()["mark"]
    edit_example(workspace, NAME, ids[4], "label", "7", annotator="bob")
    own = label(ids[0])
    found = send(app, ada, said([own], held=held, mark=mark)).json()
    assert found["states"].keys() == {ids[0], ids[4]}
    assert found["states"][ids[4]]["label"] == "7"
    after = send(app, ada, said([], held=held, mark=found["mark"])).json()
    assert after["states"] == {}
    # an answer that never arrived is told again, whole
    again = send(app, ada, said([], held=held, mark=mark)).json()
    assert again["states"].keys() == {ids[0], ids[4]}


def test_a_page_that_is_left_is_told_only_what_became_of_its_edits(workspace, app, ids):
    own = label(ids[0])
    answer = send(app, talk(workspace), said([own], is_leaving=True)).json()
    assert answer.keys() == {"receipt"}
    assert answer["receipt"]["acked"] == [own["edit_id"]]


def test_what_was_saved_is_acknowledged_also_where_no_more_can_be_told(workspace, app, ids):
    def broken(value, receipt):
        del value, receipt
        require_build(workspace, "nothing")

    own = label(ids[0])
    ada = Conversation(partial(receive, workspace, NAME, annotator="ada"), broken)
    answer = send(app, ada, said([own])).json()
    assert answer["receipt"]["acked"] == [own["edit_id"]] == on_disk(workspace)
    assert "'nothing'" in answer["problem"]


def test_a_page_that_is_drawn_again_and_again_costs_no_look_at_the_queue(workspace):
    calls = []
    one = Conversation(
        partial(receive, workspace, NAME, annotator="ada"),
        lambda value, receipt: calls.append((value, receipt)) or {"rows": [7], "n": 1},
    )
    drawn = [one.given(3) for _ in range(1000)]
    assert len(calls) == 1
    assert [d["is_repeat"] for d in drawn[:3]] == [False, True, True]
    assert [(d["rows"], d["n"]) for d in drawn[:3]] == [([7], 1), ([], 1), ([], 1)]
    assert not one.given(4)["is_repeat"]
