"""Review in a real browser: what is pressed is what is written, and nothing gets lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pytest

from benchmarks.synthetic import make_workspace
from ide.app.server import labeler_version
from ide.dataset.edit import make_edit
from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_parquet, write_text
from ide.store.queue import suspect_queue
from ide.store.state import dataset_state
from ide.store.workspace import Workspace
from tests.conftest import free_port, label_as, workbench
from tests.store.tiny import add_dataset

pytestmark = pytest.mark.browser

NAME = "glyphs"
# what the surface shows now, read from its shadow root
CURRENT = """() => {
  for (const host of document.querySelectorAll('[data-testid=stBidiComponentIsolated]')) {
    const root = host.shadowRoot?.querySelector('.labeler');
    if (!root) continue;
    const image = root.querySelector('.stage .picture img');
    return {
      id: (image?.alt ?? '').replace('example ', ''),
      given: root.querySelector('.claim .side b')?.textContent,
      suggested: root.querySelector('.claim .suggested b')?.textContent,
      keep: root.querySelector('.keep').textContent,
      unsaved: Number(root.dataset.unsaved),
    };
  }
  return null;
}"""


@pytest.fixture(scope="module")
def glyphs(tmp_path_factory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("glyphs") / "w", n=900, n_suspects=400)


@pytest.fixture(scope="module")
def address(glyphs) -> Iterator[str]:
    with workbench(glyphs) as url:
        yield url


@pytest.fixture(scope="module")
def tab(chromium, address, glyphs):
    """One tab that most tests go on in, as a person would; each counts only its own edits."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield open_review(context.new_page(), address, glyphs, "ada")
    context.close()


def open_review(tab, address: str, workspace: Workspace, annotator: str, *, at: str | None = None):
    example = f"&example={at}" if at else ""
    label_as(tab, address, workspace, annotator)
    tab.goto(f"{address}/review?dataset={NAME}{example}")
    ready(tab)
    return tab


@pytest.fixture
def fresh(glyphs):
    """Return the edits of an annotator that were written since the test began."""
    known = {e.edit_id for e in read_edits(glyphs, NAME).edits}

    def edits(annotator: str = "ada") -> list:
        found = read_edits(glyphs, NAME).edits
        return [e for e in found if e.annotator == annotator and e.edit_id not in known]

    return edits


def ready(tab) -> None:
    tab.locator(".labeler[data-ready] .stage .picture img").wait_for(timeout=30_000)
    tab.wait_for_timeout(100)


def current(tab) -> dict:
    return tab.evaluate(CURRENT)


def wait_until_saved(tab) -> None:
    tab.locator(".labeler[data-unsaved='0']").wait_for(timeout=10_000)


def press_fast(tab, keys: list[str], gap_ms: int) -> list[str]:
    """Press keys at a steady gap inside the page, and return the example each one met."""
    return tab.evaluate(PRESS_FAST.replace("CURRENT", CURRENT), [keys, gap_ms])


PRESS_FAST = """async ([keys, gap]) => {
          const current = CURRENT;
          const seen = [];
          const start = performance.now();
          for (let i = 0; i < keys.length; i += 1) {
            while (performance.now() < start + i * gap) await new Promise((r) => setTimeout(r, 1));
            seen.push(current().id);
            const options = { key: keys[i], bubbles: true, composed: true, cancelable: true };
            document.body.dispatchEvent(new KeyboardEvent('keydown', options));
            document.body.dispatchEvent(new KeyboardEvent('keyup', options));
          }
          return seen;
        }"""


def test_no_key_is_lost_and_none_is_wrong_at_30_ms(tab, fresh):
    keys = [str(i % 10) for i in range(60)]
    seen = press_fast(tab, keys, 30)
    wait_until_saved(tab)
    assert [(e.example_id, e.value) for e in fresh()] == list(zip(seen, keys, strict=True))
    assert len(set(seen)) == 60


def test_enter_takes_space_keeps_x_excludes_and_arrows_only_move(tab, fresh):
    seen = []
    for key in ("Enter", "ArrowRight", "Space", "x"):
        seen.append(current(tab))
        tab.keyboard.press(key)
    wait_until_saved(tab)
    found = [(e.example_id, e.action, e.value) for e in fresh()]
    assert found == [
        (seen[0]["id"], "label", seen[0]["suggested"]),
        (seen[2]["id"], "confirm", seen[2]["given"]),
        (seen[3]["id"], "exclude", None),
    ]
    line = tab.locator(".labeler .yield").inner_text()
    assert re.search(r"\d+ found\s*of \d+ judged", line)
    assert "left" in line
    evidence = fresh()[0].evidence
    assert evidence["suggested_label"] == seen[0]["suggested"]
    assert evidence["rank"] > 60


def test_a_held_key_a_chord_and_typing_in_a_field_judge_nothing(tab, fresh):
    first = current(tab)["id"]
    for key in ("Control+3", "Alt+3", "Meta+x", "Shift+U"):
        tab.keyboard.press(key)
    for _ in range(6):
        tab.keyboard.down("3")  # all but the first are auto-repeat
    tab.keyboard.up("3")
    tab.keyboard.press("/")
    tab.keyboard.type("7x")
    tab.keyboard.press("Escape")
    wait_until_saved(tab)
    assert [(e.example_id, e.value) for e in fresh()] == [(first, "3")]


def test_undo_returns_to_the_example_and_to_what_it_was_many_steps_back(tab, fresh, glyphs):
    before = current(tab)
    seen = press_fast(tab, ["1", "x", " ", "Enter"], 20)
    for example_id in reversed(seen):
        tab.keyboard.press("u")
        assert current(tab)["id"] == example_id
    wait_until_saved(tab)
    assert len(fresh()) == 8
    assert not any(dataset_state(glyphs, NAME)[x].is_judged for x in seen)
    assert {k: current(tab)[k] for k in ("id", "keep")} == {k: before[k] for k in ("id", "keep")}


def test_the_grid_judges_many_at_once_as_one_step(tab, fresh, glyphs):
    tab.keyboard.press("g")
    tiles = tab.locator(".labeler .tile")
    tiles.nth(1).click()
    tiles.nth(4).click(modifiers=["Shift"])
    tab.keyboard.press("Enter")
    wait_until_saved(tab)
    edits = fresh()
    assert len({e.example_id for e in edits}) == 4
    tab.keyboard.press("u")
    wait_until_saved(tab)
    tab.keyboard.press("g")
    assert len(fresh()) == 8
    assert not any(dataset_state(glyphs, NAME)[e.example_id].is_judged for e in edits)


def test_enter_never_takes_a_suggestion_that_is_less_likely_than_the_label(tab):
    found = tab.evaluate(TAKE, f"/labeler/{labeler_version()}/judgement.js")
    assert found == {
        "likelier": [{"action": "label", "value": "dog"}],
        "less likely": [],
        "surely right": [],
        "less likely, its odds unknown": [],
        "judged otherwise": [],
        "taken before": [{"action": "confirm", "value": "dog"}],
        "nothing known": [{"action": "label", "value": "dog"}],
        "by a class key": [{"action": "label", "value": "dog"}],
    }


TAKE = """async (address) => {
  const { verdict } = await import(new URL(address, location.origin));
  const row = (p, pSuggested, label = "cat", name = "take") => verdict(name, "dog", {
    p, p_suggested: pSuggested, given: "cat", suggested: "dog",
    state: { label, conflict: [], excluded: false },
  });
  return {
    "likelier": row(0.9, 0.8),
    "less likely": row(0.6, 0.3),
    "surely right": row(0.001, 0),
    "less likely, its odds unknown": row(0.4, null),
    "judged otherwise": row(0.001, 0, "cow"),
    "taken before": row(0.001, 0, "dog"),
    "nothing known": row(null, null),
    "by a class key": row(0.001, 0, "cat", "label"),
  };
}"""


def test_the_grid_asks_before_many_are_judged(tab, fresh):
    tab.keyboard.press("g")
    tab.keyboard.press("Control+a")
    asking = tab.locator(".labeler .asking")
    for key, n in (("Enter", "48"), ("x", "48")):
        tab.keyboard.press(key)
        assert n in asking.inner_text()
        tab.keyboard.press("Escape")
        assert not asking.is_visible()
    assert fresh() == []
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    wait_until_saved(tab)
    assert len({e.example_id for e in fresh()}) == 48
    tab.keyboard.press("u")
    wait_until_saved(tab)
    if tab.locator(".labeler .grid").is_visible():
        tab.keyboard.press("g")


def test_a_reload_goes_on_where_it_was_and_undo_goes_on_too(tab, fresh, glyphs):
    seen = press_fast(tab, ["4", "5"], 20)
    tab.keyboard.press("ArrowRight")
    here = current(tab)["id"]
    wait_until_saved(tab)
    tab.wait_for_timeout(400)
    tab.reload()
    ready(tab)
    assert current(tab)["id"] == here
    for example_id in reversed(seen):
        tab.keyboard.press("u")
        assert current(tab)["id"] == example_id
    wait_until_saved(tab)
    assert not any(dataset_state(glyphs, NAME)[x].is_judged for x in seen)


def test_two_people_work_at_once_and_neither_loses_an_edit(tab, chromium, address, fresh, glyphs):
    context = chromium.new_context()
    bob = open_review(context.new_page(), address, glyphs, "bob")
    ada_seen = press_fast(tab, list("12345"), 30)
    bob_seen = press_fast(bob, list("67890"), 30)
    wait_until_saved(tab)
    wait_until_saved(bob)
    for name, seen, keys in (("ada", ada_seen, "12345"), ("bob", bob_seen, "67890")):
        written = [(e.example_id, e.value) for e in fresh(name)]
        assert written == list(zip(seen, keys, strict=True))
    context.close()


def test_edits_that_could_not_be_sent_survive_a_reload_and_are_sent_then(
    chromium, address, fresh, glyphs
):
    context = chromium.new_context()
    tab = context.new_page()
    tab.on("dialog", lambda dialog: dialog.accept())  # "leave?": there are unsent edits
    open_review(tab, address, glyphs, "eve")
    context.route("**/labeler/sync", lambda route: route.abort())
    seen = press_fast(tab, ["6", "7", "8"], 40)
    tab.wait_for_timeout(500)
    assert current(tab)["unsaved"] == 3
    assert fresh("eve") == []
    context.unroute("**/labeler/sync")
    tab.reload()
    ready(tab)
    wait_until_saved(tab)
    found = [(e.example_id, e.value) for e in fresh("eve")]
    assert found == list(zip(seen, ["6", "7", "8"], strict=True))
    context.close()


def test_everything_works_by_touch_on_a_narrow_screen(chromium, address, fresh, glyphs):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    at = suspect_queue(glyphs, NAME)["example_id"][40].as_py()
    tab = open_review(context.new_page(), address, glyphs, "thumb", at=at)
    seen = []
    for button in (".class:nth-of-type(4)", ".take", ".keep", ".actions .exclude"):
        seen.append(current(tab)["id"])
        tab.locator(f".labeler {button}").first.tap()
        # a tap becomes a click when the browser is through with the touch: that is later, on a
        # busy machine by much
        tab.wait_for_function(f"(before) => ({CURRENT})()?.id !== before", arg=seen[-1])
    wait_until_saved(tab)
    actions = ["label", "label", "confirm", "exclude"]
    assert [(e.example_id, e.action) for e in fresh("thumb")] == list(
        zip(seen, actions, strict=True)
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_surface_moves_into_the_element_that_the_page_makes_anew(tab):
    """Streamlit may make the element anew while keys are pressed: nothing goes blank or is lost."""
    found = tab.evaluate(MOUNT_TWICE, f"/labeler/{labeler_version()}/mounting.js")
    assert found == [
        "made",
        "received",
        "closed",
        "moved",
        "renewed",
        "closed",
        "made",
        "received",
    ]


# the second element is of the same visit to the page as the first, the third of another
MOUNT_TWICE = """async (address) => {
  const { mount } = await import(new URL(address, location.origin));
  const seen = [];
  const identity = (data) => data.name;
  const show = (root, visit) => mount({
    root, data: { name: "test", visit }, setStateValue: () => {}, identity,
    make: () => {
      seen.push("made");
      return {
        root, identity: "test",
        receive: () => seen.push("received"), renew: () => seen.push("renewed"),
        close: () => seen.push("closed"),
        settleIn(next) { this.root = next; seen.push("moved"); },
      };
    },
  });
  const roots = [0, 1, 2].map(() => document.createElement("div"));
  const leaveFirst = show(roots[0], 1);
  const leaveSecond = show(roots[1], 1);
  leaveFirst(); // too late: the surface is elsewhere
  leaveSecond();
  show(roots[2], 2);
  return seen;
}"""


def test_a_refused_edit_says_why_and_is_not_written(tab, fresh, glyphs):
    """A class that dataset.toml lost since the page was opened is such a one.

    A conflict that the server tells of in the same breath must not wipe the sentence out.
    """
    path = glyphs.config_path(NAME)
    whole = path.read_text()
    disputed = suspect_queue(glyphs, NAME)["example_id"][-1].as_py()
    rivals = [make_edit(disputed, "label", v, annotator=a) for a, v in (("al", "1"), ("bo", "2"))]
    append_edits(glyphs, NAME, rivals)
    write_text(path, whole.replace(', "9"]', "]"))
    try:
        tab.keyboard.press("9")
        tab.locator(".labeler .notice", has_text="is not a class").wait_for(timeout=20_000)
        assert tab.locator(".labeler .notice", has_text="in conflict").is_visible()
        assert fresh() == []
        assert "1 refused" in tab.locator(".labeler .saved").inner_text()
        tab.keyboard.press("Escape")
        assert not tab.locator(".labeler .notice", has_text="is not a class").is_visible()
        assert tab.locator(".labeler .saved").inner_text() == "All saved"
    finally:
        write_text(path, whole)


def test_a_refusal_stands_until_it_is_read_or_something_made_after_it_is_saved(tab):
    found = tab.evaluate(REFUSE, f"/labeler/{labeler_version()}/notices.js")
    assert found == {
        "shown": ["Not saved: no class", "1 refused"],
        "made before": ["Not saved: no class", "1 refused"],
        "too soon": ["Not saved: no class", "1 refused"],
        "read": [None, None],
        "again": ["Not saved: no split (and 1 more)", "2 refused"],
        "clicked": [None, None],
    }


# the clock is the test's: a refusal can be read for five seconds, whatever is saved meanwhile
REFUSE = """async (address) => {
  const { Refusal } = await import(new URL(address, location.origin));
  const [now, later] = [Date.now, window.setTimeout];
  let [clock, due] = [1000, null];
  Date.now = () => clock;
  window.setTimeout = (run, ms) => { due = { run, at: clock + ms }; return 0; };
  const pass = (ms) => { clock += ms; if (due && due.at <= clock) { due.run(); due = null; } };
  const seen = {};
  const refusal = new Refusal({ onChange: () => {} });
  const { element } = refusal;
  const note = (what) => {
    seen[what] = [element.hidden ? null : element.textContent, refusal.words];
  };
  const follow = (acked, sentences, pending) => refusal.follow({ acked, sentences, pending });
  follow(["a"], ["no class"], ["a", "b", "c"]);
  note("shown");
  follow(["c"], [], ["c"]);
  pass(9000);
  note("made before");
  clock = 1500;
  follow(["d"], [], ["d"]);
  pass(4000);
  note("too soon");
  pass(1000);
  note("read");
  follow([], ["no split", "no class"], ["e", "f"]);
  note("again");
  element.click();
  note("clicked");
  [Date.now, window.setTimeout] = [now, later];
  return seen;
}"""


def test_a_server_that_is_started_anew_gets_every_edit_without_a_hand(page, tmp_path):
    workspace = make_workspace(tmp_path / "w", n=200, n_suspects=100)
    port = free_port()
    with workbench(workspace, port=port) as url:
        label_as(page, url, workspace, "ada")
        page.goto(f"{url}/review?dataset={NAME}")
        ready(page)
        seen = press_fast(page, ["1", "2"], 50)
        wait_until_saved(page)
    page.locator(".upwell-gone", has_text="upwell open").wait_for(timeout=30_000)  # our words
    assert not page.get_by_test_id("stDialog").is_visible()
    for key in "34":
        seen.append(current(page)["id"])
        page.keyboard.press(key)
    page.locator(".labeler[data-unsaved='2']").wait_for()
    with workbench(workspace, port=port):
        page.locator(".labeler[data-unsaved='0']").wait_for(timeout=60_000)
        page.locator(".upwell-gone").wait_for(state="detached", timeout=30_000)
    found = {(e.example_id, e.value) for e in read_edits(workspace, NAME).edits}
    assert found == set(zip(seen, "1234", strict=True))


def test_the_sidebar_and_the_status_line_follow_the_keys_and_no_page_is_drawn(tab, fresh):
    edits = tab.locator(".counts a[data-key=edits]")
    shown = re.search(r"([\d,]+) edits?\b", edits.inner_text()) if edits.count() else None
    before = int(shown[1].replace(",", "")) if shown else 0
    runs = "document.querySelector('[data-testid=stApp]').dataset.testScriptState"
    tab.evaluate(f"window.states = []; window.watch = setInterval(() => states.push({runs}), 5)")
    press_fast(tab, [" "] * 6, 60)
    wait_until_saved(tab)
    after = rf"(?<![\d,]){before + 6:,} edits(, [^\n]+)? "  # files may be beside them
    tab.locator(".counts a[data-key=edits]", has_text=re.compile(f"{after}uncommitted")).wait_for()
    assert re.search(f"{after}not committed", tab.locator(".line").inner_text())
    assert len(fresh()) == 6
    assert set(tab.evaluate("clearInterval(watch), states")) == {"notRunning"}


def test_a_part_of_the_queue_is_worked_by_the_same_keys_and_says_what_is_left(
    chromium, address, glyphs, fresh
):
    given = suspect_queue(glyphs, NAME).slice(0, 1)["label"][0].as_py()
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    label_as(tab, address, glyphs, "nell")
    tab.goto(f"{address}/review?dataset={NAME}&given={given}&split=train")
    ready(tab)
    place = tab.locator(".labeler .place")
    n, n_all = map(int, place.inner_text().removesuffix(" left").split(" of "))
    assert 3 < n <= n_all  # a test before may have judged some of them
    seen = press_fast(tab, [" ", " ", "x"], 60)
    wait_until_saved(tab)
    rows = {
        row["example_id"]: row for row in suspect_queue(glyphs, NAME, with_judged=True).to_pylist()
    }
    assert {(rows[i]["label"], rows[i]["split"]) for i in seen} == {(given, "train")}
    assert [e.example_id for e in fresh("nell")] == seen
    assert place.inner_text() == f"{n - 3} of {n_all} left"
    press_fast(tab, ["u"], 60)
    wait_until_saved(tab)
    assert place.inner_text() == f"{n - 2} of {n_all} left"
    tab.reload()  # the address says what it is
    ready(tab)
    assert place.inner_text() == f"{n - 2} of {n_all} left"
    context.close()


def test_what_has_no_label_is_labelled_by_keys_without_a_build_until_nothing_is_left(tab, glyphs):
    """Texts that came without a label; what another person labels meanwhile is passed by."""
    add_dataset(glyphs.root, "notes")
    (part,) = glyphs.examples_path("notes").glob("*.parquet")
    n = 40
    texts = pa.array([f"note {i}" for i in range(n)], PAYLOAD_TYPES["text"])
    ids = [f"n{i:02d}" for i in range(n)]
    nothing = pa.nulls(n, pa.string())
    write_parquet(
        part, pa.table({"example_id": ids, "split": ["pool"] * n, "label": nothing, "text": texts})
    )
    tab.goto(f"{tab.url.split('/review')[0]}/review?dataset=notes")  # it has no build
    tab.locator(".labeler[data-queue='unlabelled'] .stage .words").wait_for(timeout=30_000)
    append_edits(glyphs, "notes", [make_edit("n20", "label", "dog", annotator="bob")])
    for i in range(12):
        tab.keyboard.press("12"[i % 2])
    tab.keyboard.press("u")
    tab.keyboard.press("x")
    wait_until_saved(tab)
    states = dataset_state(glyphs, "notes")
    assert [states[x].label for x in ids[:11]] == ["cat", "dog"] * 5 + ["cat"]
    assert states["n11"].is_excluded and states["n11"].label is None
    tab.keyboard.press("g")  # the rest as one step, and what bob labelled is not among them
    tab.wait_for_timeout(400)
    tab.keyboard.press("Control+a")
    tab.keyboard.press("1")
    tab.keyboard.press("Enter")  # so many are asked about
    wait_until_saved(tab)
    tab.locator(".done:not([hidden]) h2", has_text="Nothing is without a label").wait_for()
    assert tab.locator(".done").inner_text().count("Commit next") == 1  # texts do not compile
    labels = {x: state.label for x, state in dataset_state(glyphs, "notes").items()}
    assert labels["n20"] == "dog" and list(labels.values()).count("cat") == 6 + n - 13
    tab.goto(f"{tab.url.split('/review')[0]}/example?dataset=notes&example=n05")
    tab.locator(".single[data-ready] .class.current", has_text="dog").wait_for(timeout=30_000)
    tab.keyboard.press("ArrowRight")
    tab.locator(".single .place", has_text="7 of 40").wait_for()
    tab.locator(".single .class.current", has_text="cat").wait_for(timeout=30_000)
    tab.keyboard.press("2")
    tab.locator(".single[data-unsaved='0'] .class.current", has_text="dog").wait_for()
    state = dataset_state(glyphs, "notes")["n06"]
    assert (state.label, state.annotator) == ("dog", "ada")
