"""A flood by a web socket: all of it arrives, at a pace, and the others have their turn."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from ide.app.paced_sockets import PacedSockets
from ide.app.server import server_config

N = 60


def flooded(kind: str) -> tuple[list[int], list[int]]:
    """Send N messages at once; return what arrived, and after which ones another had a turn."""
    arrived: list[int] = []
    turns: list[int] = []

    async def app(scope, receive, send):
        del scope, send
        while len(arrived) < N:
            arrived.append((await receive())["n"])

    async def another():
        while len(arrived) < N:
            turns.append(len(arrived))
            await asyncio.sleep(0)

    async def both():
        waiting = iter(range(N))

        async def receive():
            return {"type": f"{kind}.receive", "n": next(waiting)}

        paced = PacedSockets(app, rate=2000, burst=10)
        await asyncio.gather(paced({"type": kind}, receive, None), another())

    with ThreadPoolExecutor(1) as pool:  # Playwright's loop may be running in this thread
        pool.submit(lambda: asyncio.run(both())).result()
    return arrived, turns


def test_of_a_flood_every_message_arrives_in_order_and_others_have_a_turn_after_each():
    arrived, turns = flooded("websocket")
    assert arrived == list(range(N))
    assert set(turns) >= set(range(1, N))


def test_requests_are_passed_on_as_they_come():
    arrived, turns = flooded("http")
    assert arrived == list(range(N))
    assert len(turns) <= 2


def test_no_run_of_a_page_holds_the_server_up_with_a_full_collection():
    assert server_config(port=8501)["runner.postScriptGC"] is False
