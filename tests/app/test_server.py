"""The server: payloads by hash and nothing else, headers on everything, one port, one machine."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.requests import Request

from benchmarks.synthetic import make_workspace
from ide.app.listening import PortInUseError
from ide.app.payload import id_of, path_of, payload_url
from ide.app.server import (
    create_app,
    labeler_modules,
    labeler_version,
    payload_response,
    serve,
)
from ide.dataset.ids import content_id
from ide.store.state import imported_labels
from tests.drawn import strokes_workspace

NAME = "glyphs"
ODD_IDS = [
    "a/../../etc/passwd", "..", "C:\\x", "//host/share", "%2e%2e%2f", "naïve – ☃", "~tilde",
    "<script>alert(1)</script>", "a b?c#d&e", ".hidden", "x" * 300,
]  # fmt: skip
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = make_workspace(tmp_path_factory.mktemp("server") / "w", n=60, n_suspects=10, size=8)
    payloads = [HTML, *[b"\xff\xd8\xff" + bytes([i]) for i in range(len(ODD_IDS) - 1)]]
    table = pa.table(
        {
            "example_id": ODD_IDS,
            "split": ["train"] * len(ODD_IDS),
            "label": ["1"] * len(ODD_IDS),
            "image": pa.array(payloads, pa.binary()),
        }
    )
    pq.write_table(table, made.examples_path(NAME) / "part-111111111111.parquet")
    return made


@dataclass
class Answer:
    status_code: int
    headers: dict[str, str]
    content: bytes


class Client:
    """Asks an ASGI application as uvicorn would, without a socket between."""

    def __init__(self, app):
        self.app = app

    def request(self, method, path, headers=None) -> Answer:
        fields = {"host": "localhost:8501", **{k.lower(): v for k, v in (headers or {}).items()}}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
            "query_string": b"", "server": ("127.0.0.1", 8501), "client": ("127.0.0.1", 1),
            "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
        }  # fmt: skip
        sent = []

        begun = []

        async def receive():
            if begun:
                await asyncio.Event().wait()  # nobody hangs up
            begun.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event):
            sent.append(event)

        with ThreadPoolExecutor(1) as pool:  # Playwright's loop may be running in this thread
            pool.submit(lambda: asyncio.run(self.app(scope, receive, send))).result()
        start = next(event for event in sent if event["type"] == "http.response.start")
        body = b"".join(event.get("body", b"") for event in sent)
        found = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        return Answer(start["status"], found, body)

    def get(self, path, headers=None) -> Answer:
        return self.request("GET", path, headers)


@pytest.fixture(scope="module")
def client(workspace):
    app = Client(create_app(workspace)._build_starlette_app())
    yield app
    _forget_runtime()


def _forget_runtime() -> None:
    """The next test's server, if any, begins with a runtime of its own."""
    from streamlit.runtime import Runtime

    Runtime._instance = None


@pytest.fixture(scope="module")
def example_id(workspace):
    return next(iter(imported_labels(workspace, NAME)))


def test_a_payload_is_served_for_ever_under_its_hash(client, workspace, example_id):
    url = payload_url(workspace, NAME, example_id)
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert content_id(answer.content) == url.split("/")[3]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(url, headers=tag).status_code == 304
    assert client.request("HEAD", url).status_code == 200


@pytest.mark.parametrize("odd", ODD_IDS)
def test_any_text_is_an_example_id_and_its_path_leads_to_it(client, workspace, odd):
    assert id_of(path_of(odd)) == odd
    answer = client.get(payload_url(workspace, NAME, odd))
    assert answer.status_code == 200


def test_what_is_no_picture_is_a_download(client, workspace):
    answer = client.get(payload_url(workspace, NAME, ODD_IDS[0]))
    assert answer.content == HTML
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


def test_another_hash_another_dataset_and_paths_out_are_not_found(client, workspace, example_id):
    good = payload_url(workspace, NAME, example_id)
    other = "0" * 16
    for path in (
        f"/payload/{NAME}/{other}/{example_id}",
        f"/payload/{NAME}/{good.split('/')[3]}/nobody",
        f"/payload/nothing/{other}/{example_id}",
        f"/payload/%2e%2e/{other}/{example_id}",
        f"/payload/{NAME}/..%2f/{example_id}",
        f"/payload/{NAME}/{other}/~!!!",
        "/labeler/0/labeler.js",
        f"/labeler/{labeler_version()}/component.py",
        f"/labeler/{labeler_version()}/..%2fserver.py",
    ):
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert b"root:" not in answer.content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_payloads_are_only_read(client, workspace, example_id, method):
    answer = client.request(method, payload_url(workspace, NAME, example_id))
    assert answer.status_code == 405


def test_the_labelers_modules_are_served_under_their_version(client):
    for name, body in labeler_modules().items():
        answer = client.get(f"/labeler/{labeler_version()}/{name}")
        assert answer.content == body
        assert answer.headers["content-type"].startswith("text/javascript")


def test_pages_carry_the_headers_that_keep_a_page_to_itself(client):
    headers = client.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    policy = headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "http" not in policy


def test_a_foreign_name_for_this_machine_gets_no_answer(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_port_in_use_is_refused_in_one_sentence_before_anything_starts(workspace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} is in use.*--port {port + 1}"):
            serve(workspace, port=port, headless=True)


def answered(workspace, address: str):
    """Ask the payload route alone: a process has one application."""
    _, _, dataset, content_hash, path = address.split("/", 4)
    parameters = {"dataset": dataset, "content_hash": content_hash, "path": unquote(path)}
    scope = {"type": "http", "headers": [], "path_params": parameters}
    return payload_response(workspace, Request(scope))


def test_strokes_are_served_as_a_picture_that_can_run_nothing(tmp_path):
    pens = strokes_workspace(tmp_path / "pens")
    for example_id in imported_labels(pens, "pens"):
        answer = answered(pens, payload_url(pens, "pens", example_id))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "content-disposition" not in answer.headers
        assert answer.body.startswith(b"<svg ") and b"script" not in answer.body


def test_an_svg_that_somebody_imported_as_an_image_is_no_picture(tmp_path):
    """Only strokes are drawn as SVG, and by us."""
    made = make_workspace(tmp_path / "w", n=60, n_suspects=10, size=8)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    table = {"example_id": ["s"], "split": ["train"], "label": ["1"], "image": [svg]}
    pq.write_table(pa.table(table), made.examples_path(NAME) / "part-2.parquet")
    answer = answered(made, payload_url(made, NAME, "s"))
    assert answer.headers["content-disposition"] == "attachment"
    assert "svg" not in answer.headers["content-type"]
