"""Seconds from a key to the delta on the screen: edit, commit, recompile, evals.

Makes a temporary workspace with the digits, compiles it once (cold), then drives a real Chromium
through the loop and prints what each step took. Run: python benchmarks/loop.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ide.store.build_process import run_build
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.workspace import Workspace
from tests.browser.test_loop import open_review, wait_until_saved
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path, git, workbench

N_LOOPS = 3


def main() -> None:
    """Print a row a loop: seconds of each step, and from the first key to the delta."""
    with tempfile.TemporaryDirectory() as folder:
        workspace, cold_s = compiled(Path(folder) / "digits")
        with workbench(workspace) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            rows = [loop(page, address) for _ in range(N_LOOPS)]
            browser.close()
    print(f"compile from cold: {cold_s:.1f} s")
    print("loop  " + "  ".join(f"{step:>16}" for step in rows[0]))
    for number, row in enumerate(rows, start=1):
        print(f"{number:>4}  " + "  ".join(f"{seconds:>14.2f} s" for seconds in row.values()))


def compiled(folder: Path) -> tuple[Workspace, float]:
    """Make and compile a workspace with the digits; return it and the seconds of the compile."""
    workspace = new_workspace(folder)
    import_source(workspace, "sklearn:digits", name="digits")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-qm", "digits")
    git(folder, "config", "user.name", "b")
    git(folder, "config", "user.email", "b@example.com")
    begun = time.monotonic()
    run_build(workspace, ["digits"], on_progress=lambda _: None)
    return workspace, time.monotonic() - begun


def loop(page: Page, address: str) -> dict[str, float]:
    """Go round once: one key, a commit, a recompile, the delta; seconds by step."""
    open_review(page, address, "bench")
    given = page.locator(".labeler .claim .side b").first.inner_text()
    key = next(k for k in "0123456789" if k != given)

    def edit() -> None:
        page.keyboard.press(key)
        wait_until_saved(page)

    def commit() -> None:
        page.goto(f"{address}/changes?dataset=digits")
        page.locator(".st-key-commit button").click()
        page.get_by_text("Nothing to commit").wait_for(timeout=30_000)

    def recompile() -> None:
        page.goto(f"{address}/compile?dataset=digits")
        page.locator(".st-key-compile_start button").click()
        page.locator(".st-key-compile_cancel button").wait_for(timeout=30_000)
        page.locator(".st-key-compile_start button").wait_for(timeout=120_000)

    def evals() -> None:
        page.goto(f"{address}/evals?dataset=digits")
        page.locator("[data-testid=stMetricDelta]").first.wait_for(timeout=30_000)

    steps: dict[str, Callable[[], None]] = {
        "key to saved": edit,
        "commit": commit,
        "recompile": recompile,
        "evals": evals,
    }
    begun = time.monotonic()
    taken = {}
    for name, step in steps.items():
        start = time.monotonic()
        step()
        taken[name] = time.monotonic() - start
    taken["key to delta"] = time.monotonic() - begun
    return taken


if __name__ == "__main__":
    main()
