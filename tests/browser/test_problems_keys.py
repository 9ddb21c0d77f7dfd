"""Problems in a real browser: a key does what the screen says, and nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.synthetic import make_workspace
from ide.store.builds import require_build
from ide.store.edit_log import read_edits
from ide.store.files import write_parquet, write_text
from ide.store.issues import open_issues
from ide.store.state import current_labels, dataset_state
from ide.store.workspace import Workspace
from tests.browser.test_review_keys import PRESS_FAST
from tests.conftest import label_as, workbench
from tests.found import issues

pytestmark = pytest.mark.browser

NAME = "glyphs"
N_PAIRS = 140  # more than are sent at once
SURFACE = ".problems[data-ready]"
# what the surface shows now, read from its shadow root
CURRENT = """() => {
  for (const host of document.querySelectorAll('[data-testid=stBidiComponentIsolated]')) {
    const root = host.shadowRoot?.querySelector('.problems');
    if (!root) continue;
    const cards = [...root.querySelectorAll('.card')];
    return {
      id: root.querySelector('.messages .id')?.textContent,
      cards: cards.map((card) => card.querySelector('.id').textContent),
      splits: cards.map((card) => card.querySelector('.split span').textContent),
      check: root.querySelector('.check').textContent,
      open: Number(root.dataset.open),
    };
  }
  return null;
}"""


@pytest.fixture(scope="module")
def glyphs(tmp_path_factory) -> Workspace:
    """Pairs of examples with equal content and different labels, leaks, and a small class."""
    workspace = make_workspace(tmp_path_factory.mktemp("problems") / "w", n=400, n_suspects=20)
    labels = current_labels(workspace, NAME).to_pylist()
    ids = [row["example_id"] for row in labels]
    test = [row["example_id"] for row in labels[300:] if row["split"] == "test"]
    train = [row["example_id"] for row in labels[300:] if row["split"] == "train"]
    found = issues(
        *(("exact_duplicates", ids[2 * i], ids[2 * i + 1], {}) for i in range(N_PAIRS)),
        *(("leaks", a, b, {}) for a, b in zip(test[:3], train[:3], strict=True)),
        ("small_classes", None, None, {"subject": "3", "message": "<b>class</b> 3 is small"}),
    )
    path = require_build(workspace, NAME).path / "issues.parquet"
    path.unlink()
    write_parquet(path, found)
    return workspace


@pytest.fixture(scope="module")
def address(glyphs) -> Iterator[str]:
    with workbench(glyphs) as url:
        yield url


@pytest.fixture(scope="module")
def tab(chromium, address, glyphs):
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield open_problems(context.new_page(), address, glyphs, "ada")
    context.close()


def open_problems(tab, address: str, workspace: Workspace, annotator: str, **parameters: str):
    more = "".join(f"&{key}={value}" for key, value in parameters.items())
    label_as(tab, address, workspace, annotator)
    tab.goto(f"{address}/problems?dataset={NAME}{more}")
    tab.locator(f"{SURFACE} .check").wait_for(timeout=60_000)
    return tab


def wait_until_saved(tab) -> None:
    tab.locator(".problems[data-unsaved='0']").wait_for(timeout=20_000)


def edits_of(glyphs, annotator: str) -> list[tuple[str, str, str | None]]:
    found = read_edits(glyphs, NAME).edits
    return [(e.example_id, e.action, e.value) for e in found if e.annotator == annotator]


def test_keys_do_what_they_say_and_undo_takes_it_back(tab, glyphs):
    before = tab.evaluate(CURRENT)
    assert before["check"] == "leaks"  # errors first
    left, right = before["cards"]
    other = before["splits"][1]
    tab.keyboard.press(".")
    second = tab.evaluate(CURRENT)
    tab.keyboard.press("=")
    third = tab.evaluate(CURRENT)
    tab.keyboard.press(" ")
    assert len({left, second["id"], third["id"]}) == 3  # each went off the list at once
    assert tab.evaluate(CURRENT)["open"] == before["open"] - 3
    wait_until_saved(tab)
    (dismissed,) = dataset_state(glyphs, NAME)[third["id"]].dismissed
    assert edits_of(glyphs, "ada") == [
        (right, "exclude", None),
        (second["id"], "split", other),
        (third["id"], "dismiss", dismissed),
    ]
    assert "leaks" not in open_issues(glyphs, NAME)["check"].to_pylist()
    for expected in (third["id"], second["id"], left):
        tab.keyboard.press("u")
        assert tab.evaluate(CURRENT)["id"] == expected
    wait_until_saved(tab)
    assert tab.evaluate(CURRENT) == before
    assert open_issues(glyphs, NAME)["check"].to_pylist().count("leaks") == 3


def test_no_key_is_lost_and_none_is_wrong_in_a_burst(chromium, address, glyphs):
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = open_problems(context.new_page(), address, glyphs, "bob", check="exact_duplicates")
    keys = [" ", ".", "x"] * 20
    seen = tab.evaluate(PRESS_FAST.replace("CURRENT", CURRENT), [keys, 40])
    wait_until_saved(tab)
    found = edits_of(glyphs, "bob")
    assert [action for _, action, _ in found] == ["dismiss", "exclude", "exclude"] * 20
    assert len(set(seen)) == len(keys)
    assert [e for e, a, _ in found if a == "dismiss"] == seen[::3]
    assert len(open_issues(glyphs, NAME)) == N_PAIRS + 4 - len(keys)
    tab.keyboard.press("u")
    wait_until_saved(tab)
    tab.wait_for_timeout(400)  # the address follows the cursor
    tab.reload()
    tab.locator(f"{SURFACE} .check").wait_for(timeout=60_000)
    assert tab.evaluate(CURRENT)["id"] == seen[-1]
    tab.keyboard.press("u")  # goes on with what was done before the reload
    wait_until_saved(tab)
    assert len(open_issues(glyphs, NAME)) == N_PAIRS + 4 - len(keys) + 2
    context.close()


def test_a_refused_edit_never_was_and_its_sentence_goes_when_it_is_read(tab, glyphs):
    """A class that dataset.toml lost since the page was opened is refused."""
    n_before = len(edits_of(glyphs, "ada"))
    before, label = tab.evaluate(CURRENT), tab.locator(".problems .card.focus .label b")
    was = label.inner_text()
    path = glyphs.config_path(NAME)
    whole = path.read_text()
    write_text(path, whole.replace(', "9"]', "]"))
    try:
        tab.keyboard.press("9")
        refused = tab.locator(".problems .notice", has_text="is not a class")
        refused.wait_for(timeout=20_000)
    finally:
        write_text(path, whole)
    assert len(edits_of(glyphs, "ada")) == n_before
    assert tab.evaluate(CURRENT)["id"] == before["id"]
    assert tab.locator(".problems .saved").inner_text() == "1 refused"
    assert label.inner_text() == was != "9"
    tab.keyboard.press("Escape")
    assert not refused.is_visible()
    assert tab.locator(".problems .saved").inner_text() == "All saved"


def test_everything_works_by_touch_on_a_narrow_screen(chromium, address, glyphs):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    tab = open_problems(context.new_page(), address, glyphs, "thumb", check="small_classes")
    assert tab.locator(".problems .messages").inner_text().strip() == "<b>class</b> 3 is small"
    tab.locator(".problems .card").first.wait_for(timeout=20_000)
    tab.locator(".problems .actions .dismiss").tap()
    wait_until_saved(tab)
    tab.locator(".problems .done", has_text="No problem is left here").wait_for()
    ((example_id, action, _),) = edits_of(glyphs, "thumb")
    assert (example_id, action) == ("*", "dismiss")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
