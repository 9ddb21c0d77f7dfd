"""A server that is gone: our words, and every key is kept and written when it is back."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from benchmarks.synthetic import make_workspace
from ide.dataset.edit import make_edit
from ide.store.builds import require_build
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_parquet
from ide.store.reviews import reviews
from ide.store.state import current_labels
from ide.store.workspace import Workspace
from tests.conftest import free_port, git, label_as, workbench
from tests.found import issues

pytestmark = pytest.mark.browser

NAME = "glyphs"
N_KEYS = 10
GAP_MS = 400  # the dialog of Streamlit comes somewhere between
SURFACES = {"review": ".labeler", "problems": ".problems", "reviews": ".reviews"}


@pytest.fixture
def glyphs(tmp_path) -> Workspace:
    """Suspects to judge, problems to dismiss, and another person's edits to review."""
    workspace = make_workspace(tmp_path / "w", n=120, n_suspects=80, size=8)
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "begin")
    ids = [row["example_id"] for row in current_labels(workspace, NAME).to_pylist()]
    pairs = [("exact_duplicates", ids[2 * i], ids[2 * i + 1], {}) for i in range(30)]
    path = require_build(workspace, NAME).path / "issues.parquet"
    path.unlink()
    write_parquet(path, issues(*pairs))
    edits = [make_edit(i, "exclude", annotator="linus") for i in ids[80:110]]
    append_edits(workspace, NAME, edits)
    return workspace


def written(workspace: Workspace) -> Counter[str]:
    """Count what stands in the log, by view."""
    made = Counter(e.action for e in read_edits(workspace, NAME).edits if e.annotator == "ada")
    verdicts = sum(len(rows) for rows in reviews(workspace, NAME).values())
    judged = made["label"] + made["confirm"]  # a class key that is the given label confirms it
    return Counter(review=judged, problems=made["dismiss"], reviews=verdicts)


def press(tabs, numbers) -> None:
    """Press a key in each tab for each number: a class in Review, else Space."""
    for number in numbers:
        for view, tab in tabs.items():
            tab.keyboard.press(str(number) if view == "review" else " ")
        tabs["review"].wait_for_timeout(GAP_MS)


def test_keys_pressed_while_the_server_is_gone_are_written_when_it_is_back(chromium, glyphs):
    port, tabs = free_port(), {}
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    with workbench(glyphs, port=port) as address:
        for view, surface in SURFACES.items():
            tabs[view] = context.new_page()
            label_as(tabs[view], address, glyphs, "ada")
            tabs[view].goto(f"{address}/{view}?dataset={NAME}")
            tabs[view].locator(f"{surface}[data-ready]").wait_for(timeout=60_000)
            tabs[view].wait_for_timeout(300)
    press(tabs, range(N_KEYS // 2))  # from the moment in which it went
    for view, tab in tabs.items():
        tab.locator(".upwell-gone", has_text="upwell open").wait_for(timeout=30_000)
        assert not tab.get_by_test_id("stDialog").is_visible(), view
    press(tabs, range(N_KEYS // 2, N_KEYS))
    for view, tab in tabs.items():
        tab.locator(f"{SURFACES[view]}[data-unsaved='{N_KEYS}']").wait_for(timeout=5_000)
    assert written(glyphs).total() == 0
    with workbench(glyphs, port=port):
        deadline = time.monotonic() + 60
        while written(glyphs) != dict.fromkeys(SURFACES, N_KEYS):
            assert time.monotonic() < deadline, written(glyphs)
            tabs["review"].wait_for_timeout(200)
        for tab in tabs.values():
            tab.locator(".upwell-gone").wait_for(state="detached", timeout=30_000)
    context.close()
