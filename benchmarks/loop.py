"""Seconds from a key to the delta on the screen: edit, commit, recompile, evals.

Makes a temporary workspace with the digits, compiles it once (cold), then drives a real Chromium
through the loop and prints what each step took.

    python benchmarks/loop.py [--loops 3] [--workspace DIR]

With --workspace it is a workspace that has the digits and a build, and that is changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.browsing import ARGUMENTS, chromium_path, served, workbench_command
from benchmarks.sizes import sized
from ide.store import git
from ide.store.build_process import run_build
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.workspace import Workspace

NAME = "digits"


def main() -> None:
    """Print a row a loop: seconds of each step, and from the first key to the delta."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", type=int, default=3)
    parser.add_argument("--workspace", type=Path, help="instead of one that is made")
    options = sized(parser, loops=1)
    with tempfile.TemporaryDirectory() as folder:
        if options.workspace:
            workspace, cold_s = Workspace.find(options.workspace), None
        else:
            workspace, cold_s = compiled(Path(folder) / NAME)
        command = workbench_command(workspace.root)
        with served(command) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            rows = [loop(page, address, NAME) for _ in range(options.loops)]
            browser.close()
    if cold_s is not None:
        print(f"compile from cold: {cold_s:.1f} s")
    print("loop  " + "  ".join(f"{step:>16}" for step in rows[0]))
    for number, row in enumerate(rows, start=1):
        print(f"{number:>4}  " + "  ".join(f"{seconds:>14.2f} s" for seconds in row.values()))


def compiled(folder: Path) -> tuple[Workspace, float]:
    """Make and compile a workspace with the digits; return it and the seconds of the compile."""
    workspace = new_workspace(folder)
    import_source(workspace, "sklearn:digits", name=NAME)
    git.run(folder, "config", "user.name", "b")
    git.run(folder, "config", "user.email", "b@example.com")
    git.run(folder, "add", "-A")
    git.run(folder, "commit", "-qm", NAME)
    begun = time.monotonic()
    run_build(workspace, [NAME], on_progress=lambda _: None)
    return workspace, time.monotonic() - begun


def loop(page: Page, address: str, name: str) -> dict[str, float]:
    """Go round once: one key, a commit, a recompile, the delta; seconds by step."""
    page.goto(f"{address}/review?dataset={name}")
    page.locator(".labeler[data-ready] .stage .picture img").wait_for(timeout=60_000)
    given = page.locator(".labeler .claim .side b").first.inner_text()
    key = next(k for k in "0123456789" if k != given)

    def edit() -> None:
        page.keyboard.press(key)
        page.locator(".labeler[data-unsaved='0']").wait_for(timeout=30_000)

    def commit() -> None:
        page.goto(f"{address}/changes?dataset={name}")
        page.locator(".st-key-commit button").click()
        page.get_by_text("Nothing to commit").wait_for(timeout=30_000)

    def recompile() -> None:
        page.goto(f"{address}/compile?dataset={name}")
        page.locator(".st-key-compile_start button").click()
        page.locator(".st-key-compile_cancel button").wait_for(timeout=30_000)
        page.locator(".st-key-compile_start button").wait_for(timeout=120_000)

    def evals() -> None:
        page.goto(f"{address}/evals?dataset={name}")
        page.locator("[data-testid=stMetricDelta]").first.wait_for(timeout=30_000)

    steps: dict[str, Callable[[], None]] = {
        "key to saved": edit,
        "commit": commit,
        "recompile": recompile,
        "evals": evals,
    }
    begun = time.monotonic()
    taken = {}
    for title, step in steps.items():
        start = time.monotonic()
        step()
        taken[title] = time.monotonic() - start
    taken["key to delta"] = time.monotonic() - begun
    return taken


if __name__ == "__main__":
    main()
