"""Who labels, in a real browser: kept by the tab, and every key is the right person's."""

from __future__ import annotations

import pytest

from benchmarks.synthetic import make_workspace
from ide.store.edit_log import read_edits
from ide.store.workspace import Workspace
from tests.conftest import free_port, workbench

pytestmark = pytest.mark.browser

NAME = "glyphs"
FIELD = 'input[aria-label="Annotator"]'


def open_review(tab, address: str, more: str = "") -> None:
    tab.goto(f"{address}/review?dataset={NAME}{more}")
    ready(tab)


def ready(tab) -> None:
    tab.locator(".labeler[data-ready] .stage .picture img").wait_for(timeout=60_000)


def wait_until_saved(tab) -> None:
    tab.locator(".labeler[data-unsaved='0']").wait_for(timeout=20_000)


def written(workspace: Workspace) -> list[tuple[str, str | None]]:
    edits = sorted(read_edits(workspace, NAME).edits, key=lambda e: e.edit_id)
    return [(e.annotator, e.value) for e in edits]


def wait_for_edits(tab, workspace: Workspace, n: int) -> None:
    for _ in range(200):
        if len(written(workspace)) >= n:
            return
        tab.wait_for_timeout(100)
    raise AssertionError(f"{written(workspace)} are all that is written")


def test_keys_after_a_name_are_judgements_of_that_person_also_after_a_reload_and_a_new_server(
    chromium, tmp_path
):
    """And a click on the film strip, with the name typed and not yet entered, loses none."""
    workspace = make_workspace(tmp_path / "w", n=120, n_suspects=80, size=8)
    port, context = free_port(), chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    with workbench(workspace, port=port) as address:
        open_review(tab, address, "&annotator=eve")
        assert "eve" not in tab.url
        tab.locator(FIELD).fill("mia")
        tab.keyboard.press("Enter")
        tab.keyboard.type("573", delay=60)
        wait_for_edits(tab, workspace, 3)
        tab.locator(FIELD).fill("noa")
        tab.locator(".labeler .strip .frame:not(.here)").last.click()
        tab.keyboard.type("123456789", delay=40)
        wait_for_edits(tab, workspace, 12)
        other = context.new_page()  # a tab of another person, of one browser
        open_review(other, address)
        assert other.locator(FIELD).input_value() == "noa"
        other.locator(FIELD).fill("Zoë")
        other.keyboard.press("Enter")
        other.keyboard.type("0")
        wait_for_edits(other, workspace, 13)
        tab.reload()
        ready(tab)
        tab.keyboard.type("1")
        wait_for_edits(tab, workspace, 14)
    with workbench(workspace, port=port):
        for each in (tab, other):
            each.reload()
            ready(each)
        tab.keyboard.type("2")
        wait_for_edits(tab, workspace, 15)
        other.keyboard.type("3")
        wait_for_edits(other, workspace, 16)
    assert written(workspace) == [
        *[("mia", key) for key in "573"],
        *[("noa", key) for key in "123456789"],
        *[("zoë", "0"), ("noa", "1"), ("noa", "2"), ("zoë", "3")],
    ]
    context.close()
