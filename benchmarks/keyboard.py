"""Key to next example painted, and keys lost: Upwell's Review beside Streamlit shortcut buttons.

    python benchmarks/keyboard.py [--n 10000] [--keys 200] [--workspace DIR --dataset NAME]

A real server, a real Chromium, real key events. Two rounds for each page: keys one by one, each
after the last was painted (milliseconds from the event's own time stamp); then keys at a steady
30 ms, after which the edit log is compared with what was on the screen at each key.

"painted": the picture of the next example has loaded, and the animation frame that draws it is
over (the first task after it). "two frames": until the frame after that begins, which at 60 Hz
is 17 to 33 ms by itself, wherever in a frame the key falls.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.browsing import ARGUMENTS, chromium_path, served, workbench_command
from benchmarks.sizes import sized
from benchmarks.synthetic import make_workspace
from ide.app.state import annotator_cookie
from ide.store.edit_log import read_edits
from ide.store.workspace import Workspace

HERE = Path(__file__).parent
GAP_MS = 30
PAGES = ("review", "buttons")
ANNOTATOR = "bench"

# Loaded before the page: notes what each key met, and when the next picture was painted.
PROBE = """
window.probe = { seen: [], times: [] };
addEventListener('keydown', (event) => {
  if (!/^[0-9]$/.test(event.key) || !window.shown) return;
  const before = window.shown();
  if (!before.id) return; // nothing is shown that the key could mean
  window.probe.seen.push([before.id, event.key]);
  const index = window.probe.times.push(null) - 1;
  const until = performance.now() + 8000;
  const look = async () => {
    const now = window.shown();
    const isNext = now.id && now.id !== before.id && now.image?.complete;
    if (!isNext) {
      if (performance.now() < until) requestAnimationFrame(look);
      return;
    }
    const clock = () => performance.now() - event.timeStamp;
    const channel = new MessageChannel();
    const drawn = new Promise((resolve) => { channel.port1.onmessage = () => resolve(clock()); });
    channel.port2.postMessage(null);
    requestAnimationFrame(async () => {
      const two = clock();
      window.probe.times[index] = { painted: await drawn, two };
    });
  };
  requestAnimationFrame(look);
}, { capture: true });
"""
SHOWN = {
    "review": """window.shown = () => {
      for (const host of document.querySelectorAll('[data-testid=stBidiComponentIsolated]')) {
        const image = host.shadowRoot?.querySelector('.labeler .stage:not([hidden]) .picture img');
        if (image) return { id: image.alt.replace('example ', ''), image };
      }
      return { id: null };
    }""",
    "buttons": """window.shown = () => ({
      id: document.querySelector('.st-key-id')?.innerText.trim(),
      image: document.querySelector('[data-testid=stImage] img'),
    })""",
}


def main() -> None:
    """Measure both pages and print one table."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        workspace, name = _workspace(options, Path(folder))
        rows = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
            log = Path(folder) / "buttons.jsonl"
            for page_name, command, written in (
                ("review", workbench_command(workspace.root), lambda: _edits(workspace, name)),
                ("buttons", _buttons_command(), lambda: _lines(log)),
            ):
                if page_name not in options.pages:
                    continue
                environment = {
                    "UPWELL_WORKSPACE": str(workspace.root),
                    "BENCH_LOG": str(log),
                    "BENCH_DATASET": name,
                }
                with served(command, environment) as address:
                    url = f"{address}/{'review' if page_name == 'review' else ''}"
                    url += f"?dataset={name}"
                    cookie = {
                        "name": annotator_cookie(workspace), "value": ANNOTATOR, "url": address,
                    }  # fmt: skip
                    context = browser.new_context(viewport={"width": 1440, "height": 900})
                    context.add_cookies([cookie])
                    rows.append(_measure(context, page_name, url, options.keys, written))
            browser.close()
        _print(rows, options)


def _measure(context, page_name, url, n_keys, written) -> dict:
    """Open a page, press keys slowly, then fast; return what was found."""
    page = context.new_page()
    page.add_init_script(PROBE)
    page.goto(url)
    page.evaluate(SHOWN[page_name])
    page.wait_for_function(
        "() => window.shown().id && window.shown().image?.complete", timeout=60_000
    )
    page.wait_for_timeout(1500)
    random = Random(0)
    keys = [str(random.randrange(10)) for _ in range(n_keys)]
    for index, key in enumerate(keys):
        page.keyboard.press(key)
        page.wait_for_timeout(random.uniform(80, 120))  # anywhere in a frame, the page left alone
        page.wait_for_function(f"() => window.probe.times[{index}]", timeout=10_000)
    times = page.evaluate("window.probe.times")
    _settle(page, page_name)
    n_before = len(written())
    page.evaluate("window.probe.seen = []; window.probe.times = []")
    seconds = _press_steadily(page, keys)
    _settle(page, page_name)
    meant = [tuple(pair) for pair in page.evaluate("window.probe.seen")]
    found = written()[n_before:]
    page.close()
    return {
        "page": page_name,
        "painted": [t["painted"] for t in times],
        "two": [t["two"] for t in times],
        "gap": seconds * 1000 / n_keys,
        "n": n_keys,
        "lost": max(0, n_keys - len(found)),
        "wrong": sum(a != b for a, b in zip(meant, found, strict=False)),
    }


def _press_steadily(page, keys: list[str]) -> float:
    """Press real keys at 30 ms; return the seconds that it took."""
    start = time.perf_counter()
    for index, key in enumerate(keys):
        while time.perf_counter() < start + index * GAP_MS / 1000:
            time.sleep(0.0005)
        page.keyboard.down(key)
        page.keyboard.up(key)
    return time.perf_counter() - start


def _settle(page, page_name: str) -> None:
    if page_name == "review":
        page.locator(".labeler[data-unsaved='0']").wait_for(timeout=30_000)
    page.wait_for_timeout(1500)


def _edits(workspace: Workspace, name: str) -> list[tuple[str, str]]:
    """Return (example, label) of each edit, in the order in which they were written."""
    return [
        (e.example_id, e.value)
        for e in read_edits(workspace, name).edits
        if e.annotator == ANNOTATOR
    ]


def _lines(path: Path) -> list[tuple[str, str]]:
    return (
        [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
    )


def _workspace(options, folder: Path) -> tuple[Workspace, str]:
    if options.workspace:
        return Workspace.find(options.workspace), options.dataset
    n_suspects = min(options.n, 2 * options.keys + 100)
    return make_workspace(folder / "w", n=options.n, n_suspects=n_suspects), "glyphs"


def _buttons_command() -> list[str]:
    script = str(HERE / "keyboard_buttons.py")
    return [
        "-m", "streamlit", "run", script, "--server.headless=true", "--server.address=localhost",
        "--browser.gatherUsageStats=false", "--server.fileWatcherType=none", "--server.port",
    ]  # fmt: skip


def _print(rows: list[dict], options) -> None:
    print(f"{options.keys} keys, {options.n:,} images; milliseconds\n")
    head = ("page", "painted p50", "p95", "two frames p50", "p95", "at a gap of", "lost", "wrong")
    lines = [head]
    for row in rows:
        lines.append(
            (
                {"review": "Upwell Review", "buttons": "shortcut= buttons"}[row["page"]],
                *_quantiles(row["painted"]), *_quantiles(row["two"]),
                f"{row['gap']:.0f}", f"{row['lost']} of {row['n']}", str(row["wrong"]),
            )
        )  # fmt: skip
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _quantiles(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"{statistics.quantiles(values, n=20)[-1]:.1f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=10_000, help="images")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--workspace", help="a workspace with a build, instead of a made one")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    return sized(parser, n=100, keys=4, pages=["review"])


if __name__ == "__main__":
    main()
