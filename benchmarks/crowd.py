"""Many people label at once: when each label is on the disk, and what it costs the server.

    python benchmarks/crowd.py [--labellers 20] [--rate 10] [--seconds 600] [--n 10000] [--flood]

The real server as a process of its own, on a scratch workspace. Each labeller opens Review as a
browser does (Streamlit's web socket) and then talks as the surface does: a message a label, with
the window of the queue that it holds, answered with what it lacks. ``--rate`` is the labels a
second of all together, each at its own time. Afterwards every label that was acknowledged is looked
for in the edit log.

"acknowledged": from the moment a label is given to the answer that says it is on the disk, its
waiting for the answer before included. CPU is that of the server and its children
by psutil, from the first label to the last; memory their resident set before the first label and
after the last.

``--flood``: meanwhile one more page sends 1,000 tiny messages at once by the route, then 1,000
states of its component by the web socket; the latencies of the others are told by themselves.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from benchmarks.synthetic import make_workspace
from ide.app.state import annotator_cookie
from ide.dataset.edit import new_edit_id
from ide.store.edit_log import read_edits
from ide.store.workspace import Workspace

NAME = "glyphs"
FIXED = 60  # as queue.js has it: what stays ahead of the cursor, and what is asked about behind it
N_FLOOD = 1000
BEFORE = "p50 8.9 s, p95 22 s, 127 ms of CPU a label, 111 to 431 MB, at 10 labels/s"


class Page:
    """A page of Review as a browser has it: its web socket, and what its surface was given."""

    def __init__(self, port: int, annotator: str, workspace: Workspace) -> None:
        """Open the page and wait for the surface's data."""
        address = f"ws://localhost:{port}/_stcore/stream"
        origin = f"http://localhost:{port}"
        options = {"subprotocols": ["streamlit"], "max_size": None, "legacy": True}
        cookie = {"Cookie": f"{annotator_cookie(workspace)}={annotator}"}
        self.socket = connect(address, origin=origin, additional_headers=cookie, **options)
        self.annotator = annotator
        message = BackMsg()
        message.rerun_script.query_string = f"dataset={NAME}"
        message.rerun_script.page_name = "review"
        self.socket.send(message.SerializeToString())
        self.component_id, self.data = self._surface()
        self.reader = threading.Thread(target=self._read_on, daemon=True)
        self.reader.start()

    def _surface(self) -> tuple[str, dict]:
        found = None
        while True:
            message = ForwardMsg.FromString(self.socket.recv(timeout=60))
            element = message.delta.new_element
            if element.WhichOneof("type") == "bidi_component":
                component = element.bidi_component
                if component.component_name == "upwell_labeler":
                    text = component.mixed.json if component.HasField("mixed") else component.json
                    found = component.id, json.loads(text)
            if message.WhichOneof("type") == "script_finished" and found:
                return found

    def _read_on(self) -> None:
        """Read what the server sends, so that its buffers stay empty."""
        with suppress(ConnectionClosed):  # the server is stopped in the end
            for _ in self.socket:
                pass

    def send_state(self, value: object) -> None:
        """Send a state of the component, as a page that means harm would."""
        message = BackMsg()
        message.rerun_script.query_string = f"dataset={NAME}"
        message.rerun_script.page_name = "review"
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.json_value = self.component_id, json.dumps({"sync": value})
        self.socket.send(message.SerializeToString())


class Labeller(threading.Thread):
    """One person: opens Review, then judges the example at the cursor at a steady pace."""

    def __init__(self, port: int, number: int, gap_s: float, workspace: Workspace) -> None:
        """Open the page; the labels begin with ``start``."""
        super().__init__(daemon=True)
        self.port, self.gap_s, self.random = port, gap_s, Random(number)
        self.page = Page(port, f"person{number:02d}", workspace)
        data = self.page.data
        self.conversation, self.build_id = data["conversation"], data["build"]["id"]
        self.client, self.mark = new_edit_id(), data["mark"]
        self.behind: list[str] = []
        self.ahead = [data["start"], *(x for x, _ in data["ahead"])]
        self.is_begin = data["is_begin"]
        self.connection = http.client.HTTPConnection("localhost", port, timeout=120)
        self.sent, self.acked, self.waits_s = [], set(), []
        self.until = 0.0
        self.error: Exception | None = None

    def run(self) -> None:
        """Label until the time is over."""
        try:
            due = time.monotonic() + self.random.uniform(0, self.gap_s)
            while due < self.until and self.ahead:
                time.sleep(max(0.0, due - time.monotonic()))
                self._label()
                self.waits_s.append(time.monotonic() - due)  # what it waited for before counts too
                due += self.gap_s
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            self.error = error

    def _label(self) -> None:
        example_id = self.ahead.pop(0)
        edit = {
            "edit_id": new_edit_id(), "example_id": example_id, "action": "label",
            "value": str(self.random.randrange(10)), "previous": [],
            "made_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "evidence": {"build_id": self.build_id, "rank": 1, "p_mislabeled": 0.5},
        }  # fmt: skip
        self.behind.append(example_id)
        self.sent.append(edit["edit_id"])
        near = [*self.behind[-FIXED:], *self.ahead[:FIXED]]
        first = None if self.is_begin or len(self.behind) >= 10 else near[0]
        answer = self._post(
            {
                "client": self.client, "annotator": self.page.annotator, "build_id": self.build_id,
                "edits": [edit], "wanted": None, "mark": self.mark,
                "held": {"near": near, "beyond": self.ahead[FIXED:], "first": first},
            }
        )  # fmt: skip
        receipt = answer["receipt"]
        if receipt["refused"] or receipt["error"]:
            raise RuntimeError(f"a label was refused: {receipt}")
        self.acked |= set(receipt["acked"])
        self.mark, held = answer["mark"], set(near)
        self.is_begin = self.is_begin or answer["is_begin"]
        self.ahead = self.ahead[:FIXED] + [x for x, _ in answer["ahead"] if x not in held]

    def _post(self, message: dict) -> dict:
        headers = {
            "Content-Type": "application/json", "X-Upwell-Conversation": self.conversation,
            "Origin": f"http://localhost:{self.port}", "Accept-Encoding": "gzip",
        }  # fmt: skip
        for _ in range(600):
            self.connection.request("POST", "/labeler/sync", json.dumps(message), headers)
            response = self.connection.getresponse()
            body = response.read()
            if response.status == 200:
                return json.loads(body)
            if response.status != 429:
                raise RuntimeError(f"{response.status}: {body[:200]!r}")
            time.sleep(float(response.headers["Retry-After"]))
        raise RuntimeError("the server never took the message")


def main() -> None:
    """Have a crowd label, and print what was measured."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder) / "w", n=options.n, n_suspects=options.n, size=8)
        with _server(workspace) as (port, process):
            gap_s = options.labellers / options.rate
            crowd = [Labeller(port, i, gap_s, workspace) for i in range(options.labellers)]
            time.sleep(2)
            before = _usage(process)
            begun = time.monotonic()
            for person in crowd:
                person.until = begun + options.seconds
                person.start()
            floods = _flood(port, crowd, workspace) if options.flood else []
            for person in crowd:
                person.join()
            seconds = time.monotonic() - begun
            after = _usage(process)
        _print(options, workspace, crowd, seconds=seconds, before=before, after=after)
        for line in floods:
            print(line)


def _flood(port: int, crowd: list[Labeller], workspace: Workspace) -> list[str]:
    """Send a thousand tiny messages both ways, a while apart; say how the others fared."""
    lines = []
    time.sleep(4)
    page = Page(port, "mallory", workspace)
    name = page.data["conversation"]
    for title, flood in (
        ("by the route", lambda: _flood_route(port, name)),
        ("by the web socket", lambda: [page.send_state({"x": i}) for i in range(N_FLOOD)]),
    ):
        n_before = [len(person.waits_s) for person in crowd]
        begun = time.monotonic()
        flood()
        seconds = time.monotonic() - begun
        time.sleep(8)
        pairs = zip(crowd, n_before, strict=True)
        waits = [wait for person, n in pairs for wait in person.waits_s[n:]]
        lines.append(
            f"{N_FLOOD:,} messages {title}, sent in {seconds:.1f} s: "
            f"the others' {len(waits)} labels within {_ms(waits)}"
        )
    return lines


def _flood_route(port: int, name: str) -> None:
    request = (
        f"POST /labeler/sync HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 2\r\n"
        f"Origin: http://localhost:{port}\r\nX-Upwell-Conversation: {name}\r\n\r\n{{}}"
    ).encode()
    lines = [socket.create_connection(("localhost", port)) for _ in range(50)]
    for line in lines:
        line.sendall(request * (N_FLOOD // len(lines)))
    for line in lines:
        line.settimeout(60)
        n_answers = 0
        while n_answers < N_FLOOD // len(lines):
            n_answers += line.recv(65536).count(b"HTTP/1.1 ")
        line.close()


def _usage(process: psutil.Process) -> tuple[float, int]:
    """Return CPU seconds and resident bytes of a process and its children."""
    all_ = [process, *process.children(recursive=True)]
    times = [p.cpu_times() for p in all_]
    return sum(t.user + t.system for t in times), sum(p.memory_info().rss for p in all_)


def _print(options, workspace: Workspace, crowd, *, seconds: float, before, after) -> None:
    waits = [wait for person in crowd for wait in person.waits_s]
    acked = set().union(*(person.acked for person in crowd))
    n_sent = sum(len(person.sent) for person in crowd)
    written = [edit.edit_id for edit in read_edits(workspace, NAME).edits]
    errors = [person.error for person in crowd if person.error]
    print(
        f"{options.labellers} labellers, {n_sent / seconds:.1f} labels/s for {seconds:.0f} s, "
        f"{options.n:,} examples"
    )
    print(f"acknowledged within {_ms(waits)}")
    print(f"CPU {1000 * (after[0] - before[0]) / max(1, n_sent):.1f} ms a label")
    print(f"memory {before[1] / 1e6:.0f} MB before, {after[1] / 1e6:.0f} MB after")
    n_lost, n_twice = len(acked - set(written)), len(written) - len(set(written))
    print(
        f"of {n_sent:,} labels {n_sent - len(acked)} not acknowledged, {n_lost} lost, "
        f"{n_twice} written twice"
    )
    print(f"before there was a route, not measured in this run: {BEFORE}")
    if errors:
        raise SystemExit(f"{len(errors)} labellers broke off: {errors[0]!r}")


def _ms(waits: list[float]) -> str:
    if len(waits) < 2:
        return "(no labels)"
    p95 = statistics.quantiles(waits, n=20)[-1]
    p50, most = statistics.median(waits), max(waits)
    return f"p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, max {1000 * most:.0f} ms"


@contextmanager
def _server(workspace: Workspace):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "ide.cli", "open", "--headless", "--workspace", str(workspace.root)]
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--labellers", type=int, default=20)
    parser.add_argument("--rate", type=float, default=10, help="labels a second, of all together")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--n", type=int, default=10_000, help="examples")
    parser.add_argument("--flood", action="store_true", help="a page that means harm joins in")
    return sized(parser, labellers=3, rate=6, seconds=2, n=100)


if __name__ == "__main__":
    main()
