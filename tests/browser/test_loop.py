"""The loop in a real browser: keys, undo, and once round as ``benchmarks/loop.py`` goes."""

from __future__ import annotations

import pytest

from benchmarks.loop import loop
from ide.store.builds import current_build, list_builds
from ide.store.commits import log
from ide.store.edit_log import read_edits
from ide.store.queue import suspect_queue
from ide.store.state import dataset_state
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.conftest import git, label_as
from tests.small import compiled_workspace, copy_workspace

pytestmark = [pytest.mark.browser, pytest.mark.flow]

NAME = "some"


@pytest.fixture
def digits(tmp_path_factory, tmp_path):
    return copy_workspace(compiled_workspace(tmp_path_factory.getbasetemp()), tmp_path / "w")


def open_review(tab, address: str, workspace: Workspace, annotator: str) -> None:
    label_as(tab, address, workspace, annotator)
    tab.goto(f"{address}/review?dataset={NAME}")
    tab.locator(".labeler[data-ready] .stage .picture img").wait_for(timeout=30_000)


def shown(tab) -> str:
    alt = tab.locator(".labeler .stage .picture img").first.get_attribute("alt")
    return alt.replace("example ", "")


def wait_until_saved(tab) -> None:
    tab.locator(".labeler[data-unsaved='0']").wait_for(timeout=10_000)


def test_five_keys_in_a_second_an_undo_a_commit_a_compile_and_the_delta(digits, page, serve):
    address = serve(digits)
    before = current_build(digits, NAME)
    open_review(page, address, digits, "ada")
    queue = suspect_queue(digits, NAME).slice(0, 5).to_pylist()
    pressed = [(row["example_id"], str((int(row["label"]) + 1) % 10)) for row in queue]
    for _, key in pressed:
        page.keyboard.press(key)  # as fast as the driver can: five take far less than a second
    wait_until_saved(page)
    written = [(e.example_id, e.value) for e in read_edits(digits, NAME).edits]
    assert written == pressed, "a key was lost, or labelled another example"

    page.keyboard.press("u")
    wait_until_saved(page)
    undone, _ = pressed[-1]
    assert not dataset_state(digits, NAME)[undone].is_judged
    assert shown(page) == undone

    taken = loop(page, address, NAME)  # a key more, a commit, a compile, the delta
    assert list(taken) == ["key to saved", "commit", "recompile", "evals", "key to delta"]
    assert status(digits).n_edits == 0
    assert "5 relabelled" in log(digits, NAME, limit=1)[0].message
    assert git(digits.root, "status", "--porcelain", "datasets") == ""
    after = current_build(digits, NAME)
    assert after.build_id != before.build_id
    assert after.compared_with == before.build_id
    assert len(list_builds(digits, NAME)) == 2
    delta = page.locator("[data-testid=stMetricDelta]").first.inner_text()
    assert "pt" in delta or "%" in delta
