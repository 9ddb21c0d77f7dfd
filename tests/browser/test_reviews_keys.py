"""Reviews in a real browser: each key is a verdict on what the screen showed, and none is lost."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ide.dataset.edit import make_edit
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_parquet
from ide.store.reviews import reviews
from tests.browser.test_review_keys import PRESS_FAST
from tests.conftest import label_as, workbench
from tests.store.tiny import tiny_workspace

pytestmark = pytest.mark.browser

N = 300  # more than are sent at once
SURFACE = ".reviews[data-ready]"
# what the surface shows now, read from its shadow root
CURRENT = """() => {
  for (const host of document.querySelectorAll('[data-testid=stBidiComponentIsolated]')) {
    const root = host.shadowRoot?.querySelector('.reviews');
    const here = root?.querySelector('.row.here .id');
    if (here) return { id: here.textContent, judged: Number(root.dataset.judged) };
  }
  return null;
}"""


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """300 labels that ada changed and nobody committed."""
    workspace = tiny_workspace(tmp_path_factory.mktemp("reviews") / "w")
    ids = [f"y{i:03}" for i in range(N)]
    table = {"example_id": ids, "split": ["train"] * N, "label": ["cat"] * N, "text": ids}
    write_parquet(workspace.examples_path("pets") / "part-000000000002.parquet", pa.table(table))
    append_edits(workspace, "pets", [make_edit(i, "label", "dog", annotator="ada") for i in ids])
    return workspace


def test_no_key_is_lost_and_undo_takes_verdicts_back(chromium, pets):
    with workbench(pets) as address:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        tab = context.new_page()
        label_as(tab, address, pets, "rita")
        tab.goto(f"{address}/reviews?dataset=pets")
        tab.locator(f"{SURFACE} .row.here").wait_for(timeout=60_000)
        keys = [" ", "a", " ", "ArrowDown"] * 12
        seen = tab.evaluate(PRESS_FAST.replace("CURRENT", CURRENT), [keys, 40])
        wanted = [i for i, key in zip(seen, keys, strict=True) if key != "ArrowDown"]
        assert len(set(seen)) == len(keys)
        tab.keyboard.press("r")
        tab.keyboard.type("a cat: u see?")  # letters that are keys elsewhere
        asked = tab.evaluate(CURRENT)["id"]
        tab.keyboard.press("Enter")
        for _ in range(2):
            tab.keyboard.press("u")
        tab.keyboard.press("r")
        tab.keyboard.press("Enter")
        tab.locator(".reviews[data-unsaved='0']").wait_for(timeout=20_000)
        assert tab.evaluate(CURRENT)["judged"] == len(wanted)
        label_of = {e.edit_id: e.example_id for e in read_edits(pets, "pets").edits}
        said = {label_of[i]: row["verdict"] for i, (row,) in reviews(pets, "pets").items()}
        assert said == {
            **dict.fromkeys(wanted[:-1], "approved"),
            wanted[-1]: "change_requested",
        }
        texts = [e.reason for e in read_edits(pets, "pets").edits if e.example_id == asked]
        assert "a cat: u see?" in texts  # what was taken back is kept
        tab.wait_for_timeout(400)  # the address follows the cursor
        tab.reload()
        tab.locator(f"{SURFACE} .row.here").wait_for(timeout=60_000)
        tab.keyboard.press("u")  # goes on with what was done before the reload
        tab.locator(".reviews[data-unsaved='0']").wait_for(timeout=20_000)
        tab.wait_for_timeout(300)
        assert len(reviews(pets, "pets")) == len(wanted) - 1
        tab.keyboard.press("c")
        field = tab.locator(".reviews .asked input")
        field.evaluate("(element) => element.removeAttribute('maxlength')")  # as an older page's
        field.fill("x" * 3000)
        tab.keyboard.press("Enter")
        refused = tab.locator(".reviews .notice", has_text="longer than 2,000 characters")
        refused.wait_for(timeout=20_000)
        refused.click()
        assert not refused.is_visible()
        assert tab.locator(".reviews .saved").inner_text() == "All saved"
        tab.locator("p", has_text=f"{len(wanted) - 1} of {N} changes judged").wait_for()
        tab.keyboard.press("a")
        tab.get_by_role("link", name="History").first.click()  # in the same moment
        tab.locator(".commit", has_text="begin").wait_for(timeout=20_000)
        tab.wait_for_timeout(1_000)  # what was not sent yet has been heard
        assert tab.locator(".commit", has_text="begin").count() == 1
        context.close()
