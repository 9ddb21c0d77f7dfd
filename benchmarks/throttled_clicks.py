"""Clicks on tiles of Browse that lead elsewhere than to their example, on a slow machine.

    python benchmarks/throttled_clicks.py [--clicks 200] [--browser-slowdown 6] [--server-share 0.2]

A real server that is stopped and let go on many times a second, so that it has a share of a core,
and a real Chromium whose main thread is slowed down. Each round comes to Browse in one of the ways
a person does, clicks a tile as soon as it is there, and looks where that led once the page rests.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.browsing import ARGUMENTS, chromium_path, served, workbench_command
from benchmarks.sizes import sized
from benchmarks.synthetic import make_workspace

NAME = "glyphs"
PERIOD_S = 0.1  # of stopping the server and letting it go on
PATIENCE_MS = 30_000
UNTRIED = "nothing to click in time"
RESTS_MS = 700  # that nothing may move any more, before a page counts as arrived
# ways to come to Browse: by its address, by the sidebar, by turning a page, by the Back button
WAYS = ("address", "sidebar", "page", "back")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
TILE = ".grid a.open"
SKELETON = "[data-testid=stSkeleton]"  # of a part whose code is on its way
# whose tile was under the pointer as it was pressed: tiles may be others a moment later
WATCH = """addEventListener("pointerdown", (event) => {
  const tile = event.composedPath().find((each) => each.matches?.("a.open"));
  if (tile) sessionStorage.setItem("pressed", tile.dataset.example);
}, { capture: true })"""
FORGET = """() => sessionStorage.removeItem("pressed")"""
PRESSED = """() => sessionStorage.getItem("pressed")"""


def main() -> None:
    """Click and count."""
    options = _options()
    random = Random(0)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        workspace = make_workspace(Path(folder) / "w", n=options.n, n_suspects=options.n // 2)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        with served(workbench_command(workspace.root)) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            page.goto(f"{address}/browse?dataset={NAME}")  # once at full speed: code is loaded
            page.locator(TILE).first.wait_for(timeout=60_000)
            throttle(page, options.browser_slowdown)
            with slowed(server_pid(address), options.server_share):
                _click_all(page, address, options, random)
        browser.close()


def _click_all(page: Page, address: str, options: argparse.Namespace, random: Random) -> None:
    ends: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
    seconds = []
    for n in range(options.clicks):
        way = WAYS[n % len(WAYS)]
        started_at = time.monotonic()
        end = click_one(page, address, way, random)
        ends[way][end] += 1
        seconds.append(time.monotonic() - started_at)
        print(f"{n + 1:3d} {way:8s} {seconds[-1]:5.1f} s  {end}", file=sys.stderr, flush=True)
    total: Counter[str] = sum(ends.values(), Counter())
    for way, counts in ends.items():
        print(f"{way:8s}  " + ", ".join(f"{end}: {n}" for end, n in counts.most_common()))
    n_tried = options.clicks - total[UNTRIED]
    print(
        f"{n_tried - total['arrived']} of {n_tried} clicks led elsewhere; "
        f"{statistics.median(seconds):.1f} s a round (median)"
    )


def click_one(page: Page, address: str, way: str, random: Random) -> str:
    """Come to Browse, click a tile, and return what came of it: ``arrived``, or where that led."""
    try:
        come_to_browse(page, address, way)
        page.evaluate(FORGET)
        page.locator(TILE).nth(random.randrange(8)).click(timeout=PATIENCE_MS)
        wanted = page.evaluate(PRESSED)
    except NotInTime:
        return UNTRIED
    if wanted is None:
        return "a press on no tile"
    try:
        page.wait_for_url(lambda url: f"example={wanted}" in url, timeout=PATIENCE_MS)
    except NotInTime:
        return f"{page.url.removeprefix(address)}, not {wanted}"
    rest(page)
    title = page.locator(".st-key-title").inner_text().strip()
    if f"example={wanted}" not in page.url or title != "Example":
        return f"{title} at {page.url.partition('?')[2]}"
    page.locator(SKELETON).first.wait_for(state="detached", timeout=PATIENCE_MS)
    text = page.locator('[data-testid="stMain"]').inner_text()
    is_there = wanted in text.replace("\\", "") and "no example is open" not in text
    return "arrived" if is_there else "an empty page"


def come_to_browse(page: Page, address: str, way: str) -> None:
    """Come to a first look at Browse, whose script may still be running."""
    if way == "back" and "/example" in page.url:
        page.go_back()
    elif way == "sidebar" and "/example" in page.url:
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Browse").first.click()
    else:
        page.goto(f"{address}/browse?dataset={NAME}")
    page.locator(".st-key-title", has_text="Browse").wait_for(timeout=PATIENCE_MS)
    page.locator(TILE).first.wait_for(timeout=PATIENCE_MS)
    if way == "page":
        before = page.locator(TILE).first.get_attribute("data-example")
        page.locator('[class*="st-key-pages_"]').get_by_text("2", exact=True).first.click()
        page.locator(f'{TILE}:not([data-example="{before}"])').first.wait_for(timeout=PATIENCE_MS)


def rest(page: Page) -> None:
    """Wait until no script runs and the address has stayed the same for a while."""
    for _ in range(40):
        before = page.url
        page.locator(READY).wait_for(timeout=PATIENCE_MS)
        page.wait_for_timeout(RESTS_MS)
        if page.url == before and page.locator(READY).count():
            return


def throttle(page: Page, slowdown: float) -> None:
    """Have the page's main thread take so many times as long."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})


@contextmanager
def slowed(pid: int, share: float) -> Iterator[None]:
    """Let a process have a share of the time, and all of it again afterwards."""
    is_over = threading.Event()

    def alternate() -> None:
        while not is_over.is_set():
            os.kill(pid, signal.SIGSTOP)
            is_over.wait(PERIOD_S * (1 - share))
            os.kill(pid, signal.SIGCONT)
            is_over.wait(PERIOD_S * share)

    thread = threading.Thread(target=alternate, daemon=True)
    if share < 1:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        if share < 1:
            thread.join()
            os.kill(pid, signal.SIGCONT)


def server_pid(address: str) -> int:
    """Return the process that listens at an address."""
    import psutil

    port = int(address.rpartition(":")[2])
    for process in psutil.Process().children(recursive=True):
        if any(c.laddr and c.laddr.port == port for c in process.net_connections()):
            return process.pid
    raise SystemExit(f"no process of ours listens at {address}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clicks", type=int, default=200)
    parser.add_argument("--n", type=int, default=600, help="images")
    parser.add_argument("--browser-slowdown", type=float, default=6.0, help="times as long")
    parser.add_argument("--server-share", type=float, default=0.2, help="of the time, 0 … 1")
    return sized(parser, clicks=2, n=80, browser_slowdown=1.0, server_share=0.8)


if __name__ == "__main__":
    main()
