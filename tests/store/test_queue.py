"""The queue: the compile's order, moved by every verdict since."""

from __future__ import annotations

import json

import pytest

from benchmarks.synthetic import make_workspace
from ide.cli import run
from ide.store.builds import build_table, require_build
from ide.store.files import write_text
from ide.store.queue import queue_of, suspect_queue
from ide.store.state import edit_example, undo_last

NAME = "glyphs"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("queue") / "w", n=200, n_suspects=80, size=8)


@pytest.fixture(autouse=True)
def _untouched(workspace):
    for path in workspace.edits_path(NAME).glob("*.jsonl"):
        path.unlink()


def test_without_a_verdict_the_queue_is_the_compiles_list(workspace):
    table = build_table(require_build(workspace, NAME), "suspects")
    found = suspect_queue(workspace, NAME)
    assert found["example_id"].equals(table["example_id"])
    p = zip(found["p_mislabeled"].to_pylist(), table["p_mislabeled"].to_pylist(), strict=True)
    assert all(a == pytest.approx(b, abs=1e-5) for a, b in p)


def test_a_verdict_leaves_the_queue_and_an_undo_brings_it_back(workspace):
    before = suspect_queue(workspace, NAME)["example_id"].to_pylist()
    edit_example(workspace, NAME, before[3], "exclude", annotator="ada")
    queue = queue_of(workspace, NAME, require_build(workspace, NAME))
    assert len(queue.order) == len(before) - 1
    assert (queue.found.n_judged, queue.found.n_errors) == (1, 1)
    assert sorted(suspect_queue(workspace, NAME, with_judged=True)["example_id"].to_pylist()) == (
        sorted(before)
    )
    undo_last(workspace, NAME, before[3], annotator="ada")
    assert suspect_queue(workspace, NAME)["example_id"].to_pylist() == before


def test_many_confirmations_lower_the_odds_of_the_rest(workspace):
    rows = suspect_queue(workspace, NAME).to_pylist()
    left = queue_of(workspace, NAME, require_build(workspace, NAME)).found.n_left
    for row in rows[:20]:
        edit_example(workspace, NAME, row["example_id"], "confirm", annotator="ada")
    found = queue_of(workspace, NAME, require_build(workspace, NAME)).found
    assert found.precision == 0
    assert found.n_left < 0.7 * (left - sum(row["p_mislabeled"] for row in rows[:20]))


def test_what_an_error_costs_is_read_from_the_dataset(workspace):
    build = require_build(workspace, NAME)
    path = workspace.config_path(NAME)
    text = path.read_text()
    try:
        write_text(path, text + "\n[review]\nerror_cost = 1.5\n")
        assert queue_of(workspace, NAME, build).found.error_cost == 1.5
    finally:
        write_text(path, text)


def test_the_command_line_tells_the_yield_and_follows_the_verdicts(workspace, capsys):
    first = suspect_queue(workspace, NAME)["example_id"][0].as_py()
    edit_example(workspace, NAME, first, "confirm", annotator="ada")
    at = ["--format", "json", "--workspace", str(workspace.root)]
    assert run(["suspects", NAME, "--yield", *at]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["n_judged"], row["n_errors"], row["n_unjudged"]) == (1, 0, 79)
    assert row["n_left_low"] <= row["n_left"] <= row["n_left_high"]
    assert run(["suspects", NAME, "--limit", "100", *at]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 79
    assert [r["p_mislabeled"] for r in rows] == sorted(r["p_mislabeled"] for r in rows)[::-1]
