"""Asks an ASGI application as uvicorn would, without a socket between; several at once, too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

HOST = "localhost:8501"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Ask:
    """One request; ``parts`` is its body as it comes in."""

    method: str
    path: str
    headers: dict[str, str]
    parts: tuple[bytes, ...] = (b"",)


def ask(app: Any, *asks: Ask) -> list[Answer]:
    """Ask all at once; return the answers in the order of the questions."""

    async def all_of() -> list[Answer]:
        return await asyncio.gather(*(_ask(app, each) for each in asks))

    with ThreadPoolExecutor(1) as pool:  # Playwright's loop may be running in this thread
        return pool.submit(lambda: asyncio.run(all_of())).result()


async def _ask(app: Any, question: Ask) -> Answer:
    fields = {"host": HOST} | {k.lower(): v for k, v in question.headers.items()}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
        "method": question.method, "scheme": "http", "path": unquote(question.path),
        "raw_path": question.path.encode(), "root_path": "", "query_string": b"",
        "server": ("127.0.0.1", 8501), "client": ("127.0.0.1", 1),
        "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
    }  # fmt: skip
    waiting = list(question.parts)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # nobody hangs up
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await app(scope, receive, send)
    start = next(event for event in sent if event["type"] == "http.response.start")
    headers = {k.decode().lower(): v.decode() for k, v in start["headers"]}
    return Answer(start["status"], headers, _joined(sent))


def _joined(sent: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(event.get("body", b"") for event in sent)
