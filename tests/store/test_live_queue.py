"""The live queue: the queue of the log, at what an edit costs; a hundredth behind at most."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.synthetic import make_workspace
from ide.dataset.edit import make_edit
from ide.store.builds import require_build
from ide.store.edit_log import append_edits, read_edits
from ide.store.live_queue import live_queue
from ide.store.queue import queue_of, ranked
from ide.store.replaying import replayed
from ide.store.state import edit_example, undo_last

NAME = "glyphs"


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "w", n=400, n_suspects=400, size=8)


def live(workspace):
    return live_queue(workspace, NAME, require_build(workspace, NAME), replayed(workspace, NAME))


def judge(workspace, ids, who="ada") -> None:
    edits = [make_edit(x, "label", str(i % 10), annotator=who) for i, x in enumerate(ids)]
    append_edits(workspace, NAME, edits)


def assert_same(workspace) -> None:
    found, n_conflicts = live(workspace)
    wanted = queue_of(workspace, NAME, require_build(workspace, NAME))
    np.testing.assert_allclose(found.p_mislabeled, wanted.p_mislabeled)
    assert found.order.tolist() == wanted.order.tolist()
    assert found.found == wanted.found
    states = replayed(workspace, NAME).states
    assert n_conflicts == sum(state.is_conflict for state in states.values())


def test_whatever_is_done_the_first_hundred_verdicts_count_at_once(workspace):
    ids = ranked(require_build(workspace, NAME)).ids
    assert_same(workspace)
    for x in ids[:6]:
        judge(workspace, [x])
        assert_same(workspace)
    judge(workspace, ids[4:30:5], who="bob")  # some agree, some do not
    assert_same(workspace)
    undo_last(workspace, NAME, ids[0], annotator="ada")
    edit_example(workspace, NAME, ids[1], "exclude", annotator="eve")
    edit_example(workspace, NAME, ids[2], "comment", "blurred", annotator="eve")
    assert_same(workspace)
    judge(workspace, ids[40:90])
    assert_same(workspace)


def test_later_verdicts_are_counted_at_once_and_move_the_odds_a_hundredth_late(workspace):
    ids = ranked(require_build(workspace, NAME)).ids
    judge(workspace, ids[:300])
    before, _ = live(workspace)
    for n, x in enumerate(ids[300:303], start=301):
        judge(workspace, [x])
        found, _ = live(workspace)
        wanted = queue_of(workspace, NAME, require_build(workspace, NAME)).found
        assert found.p_mislabeled is before.p_mislabeled
        assert len(found.order) == 400 - n
        assert (found.found.n_judged, found.found.n_errors) == (wanted.n_judged, wanted.n_errors)
        assert found.found.n_left == pytest.approx(wanted.n_left, rel=0.1)
        assert found.found.n_left_low <= found.found.n_left <= found.found.n_left_high
    judge(workspace, ids[303:305])
    assert_same(workspace)


def test_a_log_that_git_put_in_the_place_of_another_is_the_queues(workspace):
    ids = ranked(require_build(workspace, NAME)).ids
    judge(workspace, ids[:20])
    judge(workspace, ids[10:15], who="bob")
    assert_same(workspace)
    path = workspace.edits_path(NAME) / "ada.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    path.write_text("".join(lines[5:9]))
    assert len(read_edits(workspace, NAME).edits) == 9
    assert_same(workspace)
    (workspace.edits_path(NAME) / "bob.jsonl").unlink()
    assert_same(workspace)
