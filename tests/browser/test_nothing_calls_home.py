"""Every view in a real browser with the network watched: nothing leaves this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from benchmarks.synthetic import make_workspace
from ide.app.navigate import HIDDEN, VIEWS
from ide.store.queue import suspect_queue
from tests.app.test_guard import handshake
from tests.conftest import free_port, workbench
from tests.network import outside, watched

pytestmark = pytest.mark.browser

NAME = "glyphs"
DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def test_every_view_is_drawn_and_neither_the_page_nor_the_server_calls_anybody(page, tmp_path):
    workspace = make_workspace(tmp_path / "w", n=120, n_suspects=20)
    example_id = suspect_queue(workspace, NAME)["example_id"][0].as_py()
    asked, missing, port = [], [], free_port()
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda r: missing.append(r.url) if r.status == 404 else None)
    page.on("websocket", lambda websocket: asked.append(websocket.url))
    with watched(tmp_path / "watch") as log, workbench(workspace, port=port) as address:
        page.goto(f"{address}/example?dataset={NAME}&example={example_id}")
        for view, (title, *_) in sorted(VIEWS.items(), key=lambda item: item[0] not in HIDDEN):
            if view not in HIDDEN:  # from the one without a link to the others
                page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first.click()
            drawn(page, title)
        page.wait_for_load_state("networkidle")
        back_takes_one_press(page, [title for title, *_ in VIEWS.values()])
        for origin in ("http://evil.example", "http://[::1]:1", "http://10.0.0.7"):
            assert handshake(port, f"localhost:{port}", origin) == 403
        assert outside(log, port=port) == []
    assert missing == []
    assert {urlsplit(url).scheme for url in asked} >= {"http", "ws"}
    inside = ("data:", "blob:", f"http://localhost:{port}/", f"ws://localhost:{port}/")
    assert [url for url in asked if not url.startswith(inside)] == []


def back_takes_one_press(page, titles: list[str]) -> None:
    """Go back from the last view by one press a view, also over one whose filters were changed."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Browse").first.click()
    drawn(page, "Browse")
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="edited").first.click()
    page.get_by_text("Nothing matches").wait_for(timeout=30_000)
    for title in [titles[-1], titles[-2], titles[-3]]:
        page.go_back()
        drawn(page, title)


def drawn(page, title: str) -> None:
    page.locator(".st-key-title", has_text=title).wait_for(timeout=30_000)
    page.locator(DRAWN).wait_for(timeout=30_000)
