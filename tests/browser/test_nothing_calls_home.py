"""Every view in a real browser: nothing leaves this machine, and everybody can use it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from ide.app.navigate import VIEWS
from ide.dataset.edit import make_edit
from ide.store.edit_log import append_edits
from ide.store.queue import suspect_rows
from ide.store.state import edit_example
from tests.app.test_guard import handshake
from tests.browser.accessibility import THEMES, violations, without_ring
from tests.browser.walk import DRAWN, walk
from tests.conftest import free_port, workbench
from tests.network import outside, watched
from tests.small import compiled_workspace, copy_workspace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # one walk is all of it

NAME = "some"


@dataclass(frozen=True, slots=True)
class Walked:
    """What was seen on a walk through every view."""

    port: int
    asked: list[str]  # addresses that the page asked for
    missing: list[str]  # those of them that are not there
    left: list[tuple[str, list[str]]]  # what the server and its children did beyond this machine
    statuses: list[int]  # of handshakes of strangers
    violations: dict[str, list[str]]  # view and theme → what axe-core finds
    without_ring: dict[str, list[str]]  # view → what has the focus and does not show it


@pytest.fixture(scope="module")
def walked(chromium, tmp_path_factory) -> Walked:
    """Walk once, for all that is to be seen on the way."""
    folder = tmp_path_factory.mktemp("walk")
    workspace = worked_on(
        copy_workspace(compiled_workspace(tmp_path_factory.getbasetemp()), folder / "w")
    )
    example_id = suspect_rows(workspace, NAME, limit=1, with_judged=True)[0]["example_id"]
    asked, missing, port = [], [], free_port()
    found, hidden, kinds = {}, {}, set()
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    context.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda r: missing.append(r.url) if r.status == 404 else None)
    page.on("websocket", lambda websocket: asked.append(websocket.url))
    with watched(folder / "watch") as log, workbench(workspace, port=port) as address:
        for view in walk(page, address, dataset=NAME, example=example_id):
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                found[f"{view}, {theme}"] = violations(page, is_whole=theme == THEMES[0])
            hidden[view] = without_ring(page, kinds)
            page.emulate_media(color_scheme=THEMES[0])
        page.wait_for_load_state("networkidle")
        back_takes_one_press(page, [title for title, *_ in VIEWS.values()])
        strangers = ("http://evil.example", "http://[::1]:1", "http://10.0.0.7")
        statuses = [handshake(port, f"localhost:{port}", origin) for origin in strangers]
        left = outside(log, port=port)
    context.close()
    return Walked(port, asked, missing, left, statuses, found, hidden)


def back_takes_one_press(page, titles: list[str]) -> None:
    """Go back from the last view by one press a view, also over one whose filters were changed."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Browse").first.click()
    drawn(page, "Browse")
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="edited").first.click()
    page.wait_for_url("**show=**")
    for title in [titles[-1], titles[-2], titles[-3]]:
        page.go_back()
        drawn(page, title)


def drawn(page, title: str) -> None:
    page.locator(".st-key-title", has_text=title).wait_for(timeout=30_000)
    page.locator(DRAWN).wait_for(timeout=30_000)


def worked_on(workspace):
    """Leave edits, a conflict and an exclusion, so that no view is empty."""
    ids = [row["example_id"] for row in suspect_rows(workspace, NAME, limit=6)]
    edit_example(workspace, NAME, ids[0], "exclude", annotator="ada")
    edit_example(workspace, NAME, ids[1], "confirm", annotator="ada")
    edit_example(workspace, NAME, ids[2], "comment", "is it a 3?", annotator="ada")
    rivals = [make_edit(ids[3], "label", v, annotator=a) for a, v in (("a", "1"), ("b", "2"))]
    append_edits(workspace, NAME, rivals)
    return workspace


def test_every_view_is_drawn_and_neither_the_page_nor_the_server_calls_anybody(walked):
    assert walked.statuses == [403, 403, 403]
    assert walked.left == [] and walked.missing == []
    assert {urlsplit(url).scheme for url in walked.asked} >= {"http", "ws"}
    address = f"localhost:{walked.port}/"
    inside = ("data:", "blob:", f"http://{address}", f"ws://{address}")
    assert [url for url in walked.asked if not url.startswith(inside)] == []


def test_axe_core_finds_nothing_serious_in_any_view_light_and_dark(walked):
    assert {key.partition(",")[0] for key in walked.violations} == set(VIEWS)
    assert {view: found for view, found in walked.violations.items() if found} == {}


def test_whatever_a_key_reaches_shows_that_it_has_the_focus(walked):
    assert {view: found for view, found in walked.without_ring.items() if found} == {}
