"""How long a build will take: by its last ones, by others here, by a rule, and what is left."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from benchmarks.synthetic import make_workspace
from ide.cli.building import compile_
from ide.store.build_process import build_status
from ide.store.build_time import START_S, build_time, roughly
from ide.store.builds import current_build, require_build
from ide.store.files import write_json
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.progress import VARIABLE, report_progress
from ide.store.runs import Run, left_words, make_folder, new_run_id, progress_path, status_of

NAME = "glyphs"


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "w", n=60, n_suspects=10, size=8)


def took(workspace, seconds):
    """Have the workspace's build say what it took."""
    path = require_build(workspace, NAME).path / "build.json"
    write_json(path, json.loads(path.read_text()) | {"seconds": seconds})


def test_the_last_builds_tell_best_and_a_guess_is_named_one(workspace):
    took(workspace, None)
    guess = build_time(workspace, [NAME])
    assert "guessed by the number of examples" in str(guess)
    assert guess.seconds > START_S
    took(workspace, 21.0)
    assert str(build_time(workspace, [NAME])) == "about 20 s, as its last builds took"
    shutil.copytree(workspace.root / "datasets" / NAME, workspace.root / "datasets" / "other")
    other = build_time(workspace, ["other"])
    assert "by what other datasets took here" in str(other)
    assert other.seconds == pytest.approx(21.0)
    assert build_time(workspace, ["no-such-dataset"]) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "5 s"), (13, "15 s"), (56, "55 s"), (58, "1 min"), (150, "2 min"), (7_000, "2 h")],
)
def test_a_time_is_said_as_exactly_as_it_is_known(seconds, said):
    assert roughly(seconds) == said


def test_what_is_left_is_of_the_whole_build_and_goes_by_the_training_once_it_runs(
    workspace, monkeypatch
):
    now = time.time()
    run = Run(new_run_id(), "running", (NAME,), now - 10, os.getpid(), None, expected_s=40.0)
    make_folder(workspace, run.run_id)
    assert status_of(workspace, run).seconds_left == pytest.approx(30, abs=1)
    assert "about 30 s left" in str(status_of(workspace, run))
    monkeypatch.setenv(VARIABLE, str(progress_path(workspace, run.run_id)))
    report_progress("compile", dataset=NAME, epoch=3, n_epochs=30, seconds_left=50.0)
    assert status_of(workspace, run).seconds_left == pytest.approx(58)
    late = replace(run, started_at=now - timedelta(minutes=5).total_seconds())
    report_progress("evaluate", dataset=NAME)
    assert status_of(workspace, late).seconds_left is None  # nobody knows any more
    assert left_words(None) == ""
    assert left_words(0.5) == "nearly done"
    assert status_of(workspace, replace(run, state="done")).seconds_left is None


def test_a_dry_run_says_how_long_and_builds_nothing(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, "sklearn:digits", name="digits", track=False)
    said = CliRunner().invoke(compile_, ["--dry-run", "--workspace", str(workspace.root)])
    assert said.exit_code == 0
    assert "digits: its first build; about 35 s, guessed by the number of examples" in said.output
    assert current_build(workspace, "digits") is None
    assert build_status(workspace).state == "idle"
