"""Photograph every view, wide and narrow, light and dark, into docs/screenshots/.

It makes a workspace of its own (the handwritten digits with 60 labels made wrong, three builds,
two people's branches, a few edits not committed, one conflict), opens the workbench on it, and
drives Chromium over it:

    python docs/make_screenshots.py [--workspace DIR] [--views home,evals] [--to DIR]

With --workspace the folder is kept and used again, which saves the builds the next time.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sklearn.datasets import load_digits

from ide.store.branches import create_branch, list_branches, switch_branch
from ide.store.build_process import run_build
from ide.store.committing import commit
from ide.store.importing import import_source
from ide.store.merging import merge
from ide.store.new import new_workspace
from ide.store.queue import suspect_rows
from ide.store.report import make_report, report_html
from ide.store.state import edit_example, imported_labels
from ide.store.workspace import Workspace

HERE = Path(__file__).parent
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
N_WRONG = 60
NAME = "digits"
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
NOTHING_WAITS = """() => !document.querySelector('[data-testid="stSkeleton"]')"""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]


def main() -> None:
    """Make what is missing and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, help="keep the workspace here, and use it again")
    parser.add_argument("--views", help="only these, separated by commas")
    parser.add_argument("--to", type=Path, default=HERE / "screenshots")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.workspace or Path(folder) / "workspace"
        workspace = Workspace(root) if (root / "dvc.yaml").exists() else make_workspace(root)
        chosen = options.views.split(",") if options.views else None
        options.to.mkdir(parents=True, exist_ok=True)
        with serving(workspace) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            photograph(browser, url, views(workspace), chosen, options.to)
            if chosen is None or "report" in chosen:
                photograph_report(browser, workspace, options.to)
            browser.close()


def make_workspace(root: Path) -> Workspace:
    """Make a workspace in the middle of its work."""
    for role in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{role}_NAME"] = "Ada Lovelace"
        os.environ[f"GIT_{role}_EMAIL"] = "ada@example.org"
    workspace = new_workspace(root)
    for key, value in (("user.name", "Ada Lovelace"), ("user.email", "ada@example.org")):
        subprocess.run(["git", "config", key, value], cwd=root, check=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "digits.parquet"
        pq.write_table(wrong_digits(), source)
        import_source(workspace, str(source), name=NAME, title="Handwritten digits")
    toml = workspace.config_path(NAME)
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("image_size = 32", "image_size = 8"),
        encoding="utf-8",
    )
    commit(workspace, "Import the digits of 43 writers")
    run_build(workspace, [NAME])
    fix(workspace, 26)
    commit(workspace)
    run_build(workspace, [NAME])
    work_apart(workspace)
    fix(workspace, 9)
    leave_open_ends(workspace)
    return workspace


def wrong_digits() -> pa.Table:
    """Return scikit-learn's digits as a table, some of their labels wrong."""
    digits = load_digits()
    generator = random.Random(0)
    labels = [str(label) for label in digits.target]
    for row in generator.sample(range(len(labels)), N_WRONG):
        labels[row] = generator.choice([c for c in "0123456789" if c != labels[row]])
    payloads = []
    for image in digits.images:
        stream = io.BytesIO()
        Image.fromarray((image * 255 / 16).astype("uint8")).save(stream, "PNG")
        payloads.append(stream.getvalue())
    return pa.table({"image": payloads, "label": labels})


def fix(workspace: Workspace, n: int) -> None:
    """Take the network's suggestion for the first ``n`` suspects."""
    for row in suspect_rows(workspace, NAME, limit=n):
        evidence = {"rank": row["rank"], "p_mislabeled": round(row["p_mislabeled"], 3)}
        edit_example(
            workspace,
            NAME,
            row["example_id"],
            "label",
            row["suggested_label"],
            annotator="ada-lovelace",
            evidence=evidence,
        )


def work_apart(workspace: Workspace) -> None:
    """Have two people work on branches of their own, and disagree about one example."""
    home = list_branches(workspace)[0].name
    ids = [row["example_id"] for row in suspect_rows(workspace, NAME, limit=24)][19:]
    label(workspace, "linus", ids[:4], 4, "a hook at the top")
    switch_branch(workspace, home)
    label(workspace, "grace", ids[3:], 3, "the upper loop is open")
    switch_branch(workspace, home)
    merge(workspace, "grace")
    merge(workspace, "linus")


def label(workspace: Workspace, who: str, ids: list[str], digit: int, reason: str) -> None:
    """Label examples on a branch named after who did it."""
    create_branch(workspace, who)
    imported = imported_labels(workspace, NAME)
    for example_id in ids:
        value = next(c for c in "0123456789"[digit:] if c != imported[example_id])
        given = {"annotator": who, "reason": reason}
        edit_example(workspace, NAME, example_id, "label", value, **given)
    commit(workspace, f"{who}'s second look")


def leave_open_ends(workspace: Workspace) -> None:
    """Confirm some and exclude one."""
    rows = suspect_rows(workspace, NAME, limit=40)
    for row in rows[30:33]:
        edit_example(workspace, NAME, row["example_id"], "confirm", annotator="ada-lovelace")
    unreadable = rows[34]["example_id"]
    reason = "unreadable"
    edit_example(workspace, NAME, unreadable, "exclude", annotator="ada-lovelace", reason=reason)


def views(workspace: Workspace) -> dict[str, str]:
    """Return the address of each picture."""
    example = suspect_rows(workspace, NAME, limit=1, with_judged=True)[0]["example_id"]
    query = f"SELECT rank, example_id, label, suggested_label, reason FROM {NAME}.suspects"
    addresses = {
        "home": "/",
        "review": "/review",
        "problems": "/problems",
        "browse": "/browse",
        "example": f"/example?{urlencode({'example': example})}",
        "conflicts": "/review?queue=conflicts",
        "compile": "/compile",
        "evals": "/evals",
        "history": "/history",
        "changes": "/changes",
        "reviews": "/reviews?a=HEAD~3&b=HEAD~2",
        "bisect": "/bisect",
        "sql": f"/sql?{urlencode({'sql': query})}",
    }
    return {
        view: f"{path}{'&' if '?' in path else '?'}dataset={NAME}"
        for view, path in addresses.items()
    }


@contextmanager
def serving(workspace: Workspace) -> Iterator[str]:
    """Open the workbench in a process of its own and yield its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ide.cli", "open", "--workspace", str(workspace.root)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--headless"],
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )
    url = f"http://localhost:{port}"
    try:
        while process.poll() is None and not is_up(url):
            pass
        yield url
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
        sys.stderr.write(said)


def is_up(url: str) -> bool:
    """Whether the workbench answers yet."""
    try:
        with urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def chromium() -> str | None:
    """Return the browser of the system, else None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def photograph(
    browser: Browser, url: str, addresses: dict[str, str], chosen: list[str] | None, to: Path
) -> None:
    """Take every picture."""
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page = context.new_page()
            for view, path in addresses.items():
                if chosen is None or view in chosen:
                    visit(page, url + path)
                    if view == "sql":  # a query in the address waits for a press
                        page.get_by_role("button", name="Run").click()
                        page.wait_for_selector("[data-testid=stDataFrame]", timeout=60_000)
                        page.wait_for_timeout(900)
                    shrink(page.screenshot(), to / f"{view}-{size}-{scheme}.png")
            context.close()


def photograph_report(browser: Browser, workspace: Workspace, to: Path) -> None:
    """Take pictures of the page of `upwell report`, of the fixes since the import."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        base = subprocess.run(
            ["git", "rev-list", "--max-count=1", "--skip=1", "HEAD"],
            cwd=workspace.root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        path.write_text(report_html(workspace, make_report(workspace, base, "HEAD")), "utf-8")
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                page.goto(path.as_uri())
                shrink(page.screenshot(), to / f"report-{size}-{scheme}.png")
                page.close()


def visit(page: Page, url: str) -> None:
    """Open an address and wait until it is drawn."""
    page.goto(url)
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(NOTHING_WAITS, timeout=60_000)
    page.wait_for_timeout(900)


def shrink(picture: bytes, path: Path) -> None:
    """Write a picture with at most 256 colours, a third of the size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


if __name__ == "__main__":
    main()
