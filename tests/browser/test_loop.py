"""The loop in a real browser: keys, undo, commit, compile, and the delta."""

from __future__ import annotations

import pytest

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

    page.goto(f"{address}/changes?dataset={NAME}")
    page.locator(".st-key-commit button").click()
    page.get_by_text("Nothing to commit").wait_for(timeout=20_000)
    assert status(digits).n_edits == 0
    assert "4 relabelled" in log(digits, NAME, limit=1)[0].message
    assert git(digits.root, "status", "--porcelain", "datasets") == ""

    page.goto(f"{address}/compile?dataset={NAME}")
    page.locator(".st-key-compile_start button").click()
    page.locator(".st-key-compile_cancel button").wait_for(timeout=20_000)
    page.locator(".st-key-compile_start button").wait_for(timeout=90_000)
    after = current_build(digits, NAME)
    assert after.build_id != before.build_id
    assert after.compared_with == before.build_id
    assert len(list_builds(digits, NAME)) == 2

    page.goto(f"{address}/evals?dataset={NAME}")
    delta = page.locator("[data-testid=stMetricDelta]").first
    delta.wait_for(timeout=20_000)
    assert "pt" in delta.inner_text() or "%" in delta.inner_text()
