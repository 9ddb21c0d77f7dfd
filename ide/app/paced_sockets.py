"""Web sockets at a pace: what one page sends without end holds up that page and nobody else.

Streamlit takes every message of a web socket as soon as it is there, and many of them start a run
of the script on the loop that serves all others. Here a message waits its turn: some come at once,
as a page that is opened sends them, and then so many a second. None is dropped; what is not taken
waits with whoever sends it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RATE = 8.0  # messages a second; a person at a slider sends fewer
BURST = 30.0  # at once, after a rest


class PacedSockets:
    """Passes everything on, and the messages of a web socket at a pace."""

    def __init__(self, app: ASGIApp, *, rate: float = RATE, burst: float = BURST) -> None:
        self.app, self.rate, self.burst = app, rate, burst

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or a web socket until it is closed."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        credit, credited_at = self.burst, time.monotonic()

        async def receive_in_turn() -> Message:
            nonlocal credit, credited_at
            message = await receive()
            now = time.monotonic()
            credit = min(self.burst, credit + self.rate * (now - credited_at)) - 1
            credited_at = now
            # the others have a turn after each message, also while there is credit
            await asyncio.sleep(max(0.0, -credit / self.rate))
            return message

        await self.app(scope, receive_in_turn, send)
