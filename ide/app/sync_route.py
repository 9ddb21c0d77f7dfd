"""The route by which keyboard surfaces talk with the server: no page is drawn for a label.

A message is written, acknowledged and answered with what the surface lacks. What may be said is
bounded before it is read: its bytes, how many at once, how many a second.
"""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ide.app.conversation import Conversation, conversation_named

ROUTE = "/labeler/sync"
NAME_HEADER = "x-upwell-conversation"  # a page of another origin cannot set it
MAX_BYTES = 2 * 2**20  # of a message; the surfaces send at most half of that
HOLD_S = 0.5  # that an answer to one message too many waits
MAX_THREADS = 8  # of all conversations together: pages and pictures have others
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Encoding": "identity",  # packing what goes to this machine costs more than it saves
}


async def sync_route(request: Request) -> Response:
    """Take one message of a surface and answer it."""
    conversation = conversation_named(request.headers.get(NAME_HEADER))
    if conversation is None:
        return _refusal(410, "this page is older than the server: load it again")
    if not conversation.may_speak():
        await asyncio.sleep(HOLD_S)  # its line is busy meanwhile: a flood becomes a trickle
        return _refusal(429, "too many messages at once: send them again later")
    conversation.n_at_once += 1
    try:
        body = await _body(request)
        if body is None:
            return _refusal(413, f"the message has more than {MAX_BYTES:,} bytes")
        async with conversation.turn:
            answer = await run_sync(_answer, conversation, body, limiter=_threads())
    except ClientDisconnect:
        return _refusal(400, "the message broke off")
    finally:
        conversation.n_at_once -= 1
    if answer is None:
        return _refusal(400, "this is no message of a keyboard surface")
    return Response(answer, media_type="application/json", headers=_HEADERS)


def _answer(conversation: Conversation, body: bytes) -> bytes | None:
    """Return the answer to a message; None where it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = conversation.answer(value) if isinstance(value, dict) else None
    return None if found is None else _json(found)


async def _body(request: Request) -> bytes | None:
    """Read the body; None where it is too long, whatever its headers say."""
    parts, n_bytes = [], 0
    async for part in request.stream():
        n_bytes += len(part)
        if n_bytes > MAX_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _refusal(status: int, sentence: str) -> Response:
    headers = _HEADERS | ({"Retry-After": "1"} if status == 429 else {})
    body = _json({"error": sentence})
    return Response(body, status, media_type="application/json", headers=headers)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


@lru_cache(maxsize=1)
def _threads() -> CapacityLimiter:
    return CapacityLimiter(MAX_THREADS)
