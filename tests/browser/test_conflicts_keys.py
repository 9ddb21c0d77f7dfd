"""Two people, two clones, a bare repository between them: what they disagree on, by keys."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable

import pytest

from benchmarks.synthetic import make_workspace
from ide.dataset.edit import Edit, make_edit
from ide.store.committing import commit
from ide.store.edit_log import append_edits, read_edits
from ide.store.files import write_text
from ide.store.state import current_labels, dataset_state, imported_labels
from ide.store.workspace import Workspace
from tests.browser.test_review_keys import CURRENT, PRESS_FAST
from tests.conftest import git, label_as

pytestmark = pytest.mark.browser

NAME = "glyphs"
N_DISPUTED = 40  # labels; and then an exclusion and a split
SIDES = "[...root.querySelectorAll('.side')].map((side) => side.title)"


@pytest.fixture
def clones(tmp_path) -> tuple[Workspace, Workspace]:
    """Two clones of one repository; a build does not come with a clone."""
    origin = make_workspace(tmp_path / "origin", n=90, n_suspects=20, size=8)
    write_text(origin.root / ".gitattributes", "datasets/*/edits/*.jsonl merge=union -text\n")
    git(origin.root, "add", "-A")
    git(origin.root, "commit", "-qm", "the glyphs")
    git(origin.root, "branch", "-M", "main")
    git(tmp_path, "clone", "-q", "--bare", "origin", "hub.git")
    for name in ("ada", "bob"):
        git(tmp_path, "clone", "-q", "hub.git", name)
    return Workspace(tmp_path / "ada"), Workspace(tmp_path / "bob")


def label_all(workspace: Workspace, who: str, ids: list[str], shift: int) -> list[Edit]:
    """Label the first of ``ids`` as who sees them, the next as everybody does; and commit."""
    own = [
        make_edit(x, "label", str((i + shift) % 10), annotator=who, reason=f"{who} looked")
        for i, x in enumerate(ids[:N_DISPUTED])
    ]
    agreed = [make_edit(x, "label", "7", annotator=who) for x in ids[N_DISPUTED:][:5]]
    edits = [*own, *agreed]
    append_edits(workspace, NAME, edits)
    return edits


def test_what_two_people_disagree_on_is_resolved_by_keys_and_ends_equal(clones, serve, page):
    ada, bob = clones
    ids = list(imported_labels(ada, NAME))
    made = label_all(ada, "ada", ids, 0) + label_all(bob, "bob", ids, 3)
    others = [
        (ada, make_edit(ids[70], "exclude", annotator="ada")),
        (bob, make_edit(ids[70], "restore", annotator="bob")),
        (ada, make_edit(ids[71], "split", "train", annotator="ada")),
        (bob, make_edit(ids[71], "split", "test", annotator="bob")),
    ]
    for workspace, edit in others:
        append_edits(workspace, NAME, [edit])
    commit(ada, "ada's round", despite_errors="a test")
    git(ada.root, "push", "-q")
    commit(bob, "bob's round", despite_errors="a test")
    assert not pushes(bob)
    git(bob.root, "fetch", "-q")

    address = serve(bob)
    label_as(page, address, bob, "bob")
    page.goto(f"{address}/history?dataset={NAME}")
    page.locator(".branch", has_text="origin/main").get_by_text("Merge", exact=True).click()
    page.get_by_text("47 edits of ada brought").wait_for(timeout=30_000)
    page.get_by_text(f"Resolve {N_DISPUTED + 2} conflicts").first.click()
    each_tile_says_what_each_side_says(page)
    seen = resolve(page, [" ", "Enter", "5"] * 13 + [" ", "u", "Enter", "x", " "])
    page.get_by_text("Nothing is in conflict").wait_for(timeout=20_000)
    page.locator(".labeler[data-unsaved='0']").wait_for(timeout=20_000)
    seen += undo_and_leave_at_once(page, seen[-1])
    n_edits = len(made) + len(others) + len(seen)
    wait_until_written(page, bob, n_edits)
    states = dataset_state(bob, NAME)
    assert not any(state.is_conflict for state in states.values())
    known = {e.edit_id for e in made} | {e.edit_id for _, e in others}
    fresh = [e for e in read_edits(bob, NAME).edits if e.edit_id not in known]
    assert_each_names_all_heads(fresh, seen, [*made, *(e for _, e in others)])
    commit(bob, "resolved", despite_errors="a test")
    git(bob.root, "push", "-q")
    git(ada.root, "pull", "-q", "--no-rebase")
    assert dataset_state(ada, NAME) == states
    assert current_labels(ada, NAME) == current_labels(bob, NAME)
    assert known <= {e.edit_id for e in read_edits(ada, NAME).edits}


def each_tile_says_what_each_side_says(page) -> None:
    """Look at the grid: ada said i and bob i + 3 of the i-th; one's own side is the left one."""
    page.locator(".labeler[data-queue=conflicts] .side").first.wait_for(timeout=30_000)
    page.keyboard.press("g")
    tiles = page.locator(".tile .rivals")
    tiles.first.wait_for()
    assert tiles.nth(0).locator("b").all_inner_texts() == ["3", "0"]
    assert "ada" in page.locator(".tile").nth(0).get_attribute("title")
    page.keyboard.press("g")


def resolve(page, keys: list[str]) -> list[dict]:
    """Press keys at 30 ms in the queue of conflicts; return what each met."""
    page.locator(".labeler[data-queue=conflicts] .side").first.wait_for(timeout=30_000)
    page.wait_for_timeout(200)
    current = CURRENT.replace("keep: root.querySelector('.keep').textContent", f"sides: {SIDES}")
    current = re.sub(r"given: .*\n|suggested: .*\n", "", current)
    press = PRESS_FAST.replace("CURRENT", current).replace(
        "seen.push(current().id)", "seen.push({ ...current(), key: keys[i] })"
    )
    return page.evaluate(press, [keys, 30])


def undo_and_leave_at_once(page, last: dict) -> list[dict]:
    """Take the last key back, press it again and open another view in the same moment.

    What was not sent yet is heard when its page is left already: the view that was opened stays.
    """
    page.keyboard.press("u")
    page.keyboard.press("Space")
    page.get_by_role("link", name="History").first.click()
    page.locator(".commit", has_text="Merge").wait_for(timeout=20_000)
    return [last | {"key": "u"}, last]


def wait_until_written(page, workspace: Workspace, n_edits: int) -> None:
    """Wait for edits to be on the disk; the browser keeps what it could not send any more.

    On a busy machine a view may be gone before its last keys are heard: they are sent when the
    surface is opened again.
    """
    for _ in range(2):
        for _ in range(50):
            if len(read_edits(workspace, NAME).edits) >= n_edits:
                return
            page.wait_for_timeout(100)
        start = page.url.partition("/history")[0]
        page.goto(f"{start}/review?dataset={NAME}&queue=conflicts")
        page.locator(".labeler[data-ready]").wait_for(timeout=30_000)
    raise AssertionError(f"{len(read_edits(workspace, NAME).edits)} of {n_edits} edits are written")


def assert_each_names_all_heads(
    fresh: Iterable[Edit], seen: list[dict], made: Iterable[Edit]
) -> None:
    """What a key took is what was written, and it names both people's edits."""
    heads: dict[str, list[str]] = {}
    for edit in made:
        heads.setdefault(edit.example_id, []).append(edit.edit_id)
    for edit, met in zip(fresh, seen, strict=True):
        if met["key"] == "u":
            assert edit.action == "undo"
            heads[edit.example_id] = [edit.edit_id]
            continue
        assert edit.example_id == met["id"]
        side = {" ": 0, "Enter": 1}.get(met["key"])
        wanted = met["sides"][side] if side is not None else met["key"]
        assert (edit.value or edit.action) == wanted.replace("x", "exclude")
        assert set(edit.previous) == set(heads[edit.example_id])


def pushes(workspace: Workspace) -> bool:
    """Whether a plain ``git push`` is taken."""
    command = ["git", "push", "-q"]
    done = subprocess.run(command, cwd=workspace.root, capture_output=True, check=False)
    return done.returncode == 0
