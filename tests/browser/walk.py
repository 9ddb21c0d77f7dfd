"""Going through every view, as a person does who tries the sidebar's entries one by one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from ide.app.navigate import HIDDEN, VIEWS

DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def walk(page, address: str, *, dataset: str, example: str) -> Iterator[str]:
    """Open every view, the one without an entry first; yield its name when it is drawn."""
    page.goto(f"{address}/example?{urlencode({'dataset': dataset, 'example': example})}")
    for view, (title, *_) in sorted(VIEWS.items(), key=lambda item: item[0] not in HIDDEN):
        if view not in HIDDEN:
            page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first.click()
        page.locator(".st-key-title", has_text=title).wait_for(timeout=30_000)
        page.locator(DRAWN).wait_for(timeout=30_000)
        yield view
