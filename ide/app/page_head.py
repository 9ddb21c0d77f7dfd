"""What every page has in its head before Streamlit begins: see ``page_head.js``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPT_PATH = Path(__file__).with_suffix(".js")
_AFTER = b"<head>"
_OF_THE_FILE = (b"content-length", b"etag", b"last-modified", b"accept-ranges")


class PageHead:
    """Puts our script into the head of Streamlit's page, and leaves everything else as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; hold a page back until all of it is there."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        parts: list[bytes] = []

        async def send_page(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None or message["type"] != "http.response.body":
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(parts).replace(_AFTER, _AFTER + _script(), 1)
                    await send(_sized(start, len(body)))
                    await send({"type": "http.response.body", "body": body})

        # a page that is packed or cut could not be written into
        unwanted = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since")
        if _wants_page(scope):
            headers = [(k, v) for k, v in scope["headers"] if k.lower() not in unwanted]
            scope = {**scope, "headers": headers}
        await self.app(scope, receive, send_page)


def _wants_page(scope: Scope) -> bool:
    return any(k.lower() == b"accept" and b"text/html" in v for k, v in scope["headers"])


def _is_page(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start.get("headers", ())}
    is_plain = b"content-encoding" not in headers
    return is_plain and headers.get(b"content-type", b"").startswith(b"text/html")


def _sized(start: Message, n_bytes: int) -> Message:
    """Return the beginning of a response with its new length, and without what was of the file."""
    headers = [(k, v) for k, v in start.get("headers", ()) if k.lower() not in _OF_THE_FILE]
    return {**start, "headers": [*headers, (b"content-length", str(n_bytes).encode())]}


@lru_cache(maxsize=1)
def _script() -> bytes:
    return b"<script>" + _SCRIPT_PATH.read_bytes() + b"</script>"
