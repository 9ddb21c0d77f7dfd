"""The numbers that move while a person labels: each answer has those of a fresh page."""

from __future__ import annotations

import random
import subprocess
from dataclasses import asdict
from functools import partial

import pytest

from benchmarks.synthetic import make_workspace
from ide.app.conversation import Conversation
from ide.app.labeler.sync import receive
from ide.app.moving_counts import NO_LOOK, counts_of, line_items, sidebar_data, told_with
from ide.app.text import number
from ide.dataset.edit import make_edit, new_edit_id
from ide.store import issues, live_counts, live_queue
from ide.store.edit_log import append_edits
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.runs import Run, make_folder, new_run_id, progress_path, save_run
from ide.store.state import imported_labels
from tests.app.test_unlabelled import forget_labels
from tests.app.test_views import NAME, open_view, sentences  # noqa: F401

GLYPHS = "glyphs"


@pytest.fixture
def workspace(tmp_path):
    """What was imported is committed."""
    made = make_workspace(tmp_path / "w", n=300, n_suspects=80, size=8, name=GLYPHS)
    commit_all(made)
    return made


def commit_all(workspace):
    git = partial(subprocess.run, cwd=workspace.root, check=True, capture_output=True)
    git(["git", "add", "datasets", "params.yaml"])
    git(["git", "commit", "-qm", "labels"])


def counted_anew(workspace):
    """Count as a server that has just been started does."""
    for kept in (live_counts._KEPT, live_counts._COMMITTED, issues._FOLLOWED, live_queue._KEPT):
        kept.clear()
    return counts_of(workspace, GLYPHS)


def answer(conversation, edits):
    fields = {"client": "c" * 12, "annotator": "ada", "build_id": "5" * 16, "edits": edits}
    return conversation.answer(fields)


def talk(workspace) -> Conversation:
    """Begin a conversation that tells nothing but the numbers."""
    return Conversation(
        save=partial(receive, workspace, GLYPHS, annotator="ada"),
        data_of=told_with(lambda value, receipt: {"receipt": receipt}, workspace, GLYPHS),
    )


def entry(example_id, action="label", value="3", previous=()):
    return {
        "edit_id": new_edit_id(), "example_id": example_id, "action": action, "value": value,
        "previous": list(previous), "made_at": "2026-01-02T03:04:05.678Z",
    }  # fmt: skip


def texts(counts) -> dict[str, str]:
    return {each["key"]: each["text"] for side in counts.values() for each in side}


def test_numbers_after_any_edits_are_those_of_a_page_that_is_drawn_anew(workspace):
    chance, ids = random.Random(3), list(imported_labels(workspace, GLYPHS))
    conversation, made = talk(workspace), []
    for step in range(40):
        kind = chance.choice(["label", "label", "confirm", "exclude", "undo", "rival", "approve"])
        example_id = chance.choice(ids[:60])
        if kind == "rival" and made:  # somebody else's other label: a conflict
            other = make_edit(made[-1]["example_id"], "label", "7", annotator="bob")
            append_edits(workspace, GLYPHS, [other])
            edits = []
        elif kind == "approve" and made:
            last = made[-1]
            verdict = chance.choice(["approve", "request_change"])
            append_edits(
                workspace, GLYPHS,
                [make_edit(last["example_id"], verdict, last["edit_id"], annotator="cy")],
            )  # fmt: skip
            edits = []
        elif kind == "undo" and made:
            last = made.pop()
            edits = [entry(last["example_id"], "undo", last["edit_id"], [last["edit_id"]])]
        else:
            action = kind if kind in ("confirm", "exclude") else "label"
            edits = [entry(example_id, action, None if action == "exclude" else str(step % 10))]
            made += edits
        told = answer(conversation, edits)["moving_counts"]
        followed = counts_of(workspace, GLYPHS)
        assert told["sidebar"] == sidebar_data(GLYPHS, followed)
        if step % 8 == 7:
            assert followed == counted_anew(workspace), step
    assert counts_of(workspace, GLYPHS).n_conflicts > 0
    assert counts_of(workspace, GLYPHS).n_requests > 0


def test_an_answer_to_keys_brings_the_numbers_that_the_sidebar_and_the_status_line_say(workspace):
    conversation, ids = talk(workspace), list(imported_labels(workspace, GLYPHS))
    before = counts_of(workspace, GLYPHS)
    told = texts(answer(conversation, [entry(x) for x in ids[:5]])["moving_counts"])
    assert len(before.not_committed) == 0
    assert told["edits"] == "5 edits not committed"
    assert told["since"] == "5 edits since the build"
    after = counts_of(workspace, GLYPHS)
    assert told["suspects"] == f"{after.n_suspects_left} suspects left"
    assert "counts" not in conversation.given(1)  # a page draws its own


def test_a_commit_elsewhere_is_noticed_by_the_next_answer(workspace):
    conversation, ids = talk(workspace), list(imported_labels(workspace, GLYPHS))
    answer(conversation, [entry(x) for x in ids[:5]])
    commit_all(workspace)
    told = texts(answer(conversation, [entry(ids[9])])["moving_counts"])
    assert told["edits"] == "1 edit not committed"


def test_files_count_as_not_committed_and_the_edits_beside_them_follow_the_keys(workspace):
    conversation, ids = talk(workspace), list(imported_labels(workspace, GLYPHS))
    config = workspace.config_path(GLYPHS)
    config.write_text(config.read_text() + "\n# a remark\n")
    side = {
        each["key"]: each["text"] for each in sidebar_data(GLYPHS, counts_of(workspace, GLYPHS))
    }
    assert side["edits"] == "dataset.toml uncommitted"
    told = answer(conversation, [entry(x) for x in ids[:5]])["moving_counts"]
    assert told["sidebar"][0]["text"] == "5 edits, dataset.toml uncommitted"
    assert told["line"][0]["text"] == "5 edits, dataset.toml not committed"
    (workspace.root / "dvc.lock").write_text("schema: '2.0'\n")  # as a build does meanwhile
    told = answer(conversation, [entry(ids[5])])["moving_counts"]
    assert told["sidebar"][0]["text"] == "6 edits, 2 files uncommitted"
    assert "dvc.lock" in told["line"][0]["title"]
    assert told["line"] == [
        asdict(i) for i in line_items(GLYPHS, counts_of(workspace, GLYPHS)).values()
    ]


def test_what_has_no_label_is_one_less_with_each_label(workspace):
    forget_labels(workspace, GLYPHS, n=7)
    conversation, ids = talk(workspace), list(imported_labels(workspace, GLYPHS))
    told = texts(answer(conversation, [])["moving_counts"])
    assert told["unlabelled"] == "7 without a label"
    made = [entry(x) for x in ids[:3]]
    assert texts(answer(conversation, made)["moving_counts"])["unlabelled"] == "4 without a label"
    last = made[-1]
    undo = entry(last["example_id"], "undo", last["edit_id"], [last["edit_id"]])
    assert texts(answer(conversation, [undo])["moving_counts"])["unlabelled"] == "5 without a label"
    told = texts(answer(conversation, [entry(x) for x in ids[2:7]])["moving_counts"])
    assert told["unlabelled"] == ""  # and is not seen


def test_a_label_asks_git_nothing(workspace, monkeypatch):
    conversation, ids = talk(workspace), list(imported_labels(workspace, GLYPHS))
    answer(conversation, [entry(ids[0])])
    monkeypatch.setenv("PATH", "")  # whoever asked git now would be refused
    told = texts(answer(conversation, [entry(ids[1])])["moving_counts"])
    assert told["edits"] == "2 edits not committed"


def test_before_anything_has_looked_suspects_and_problems_are_a_dash_and_not_0(
    tmp_path,
    open_view,  # noqa: F811
):
    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, "sklearn:digits", name=NAME, track=False)
    found = counts_of(workspace, NAME)
    side = {each["key"]: each["text"] for each in sidebar_data(NAME, found)}
    assert (side["suspects"], side["problems"]) == (f"{NO_LOOK} suspects", f"{NO_LOOK} problems")
    line = line_items(NAME, found)
    assert line["errors"].text == line["warnings"].text == NO_LOOK == number(None)
    home = open_view(workspace, "home", dataset=NAME)
    shown = {metric.label: metric.value for metric in home.metric}
    assert (shown["Suspects left"], shown["Problems"]) == (NO_LOOK, NO_LOOK)
    assert "None known" not in sentences(home)
    assert "about" in sentences(open_view(workspace, "compile", dataset=NAME))


def test_while_the_first_build_runs_every_view_says_so_and_how_long_it_still_takes(
    tmp_path,
    open_view,  # noqa: F811
):
    import os
    import time

    from ide.app.navigate import VIEWS
    from ide.store.repro import started_at

    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, "sklearn:digits", name=NAME, track=False)
    own = os.getpid()
    run = Run(new_run_id(), "running", (NAME,), time.time(), own, started_at(own), expected_s=60)
    make_folder(workspace, run.run_id)
    progress_path(workspace, run.run_id).touch()
    save_run(workspace, run)
    some_id = next(iter(imported_labels(workspace, NAME)))
    for view in sorted(VIEWS.keys() - {"compile"}):
        app = open_view(workspace, view, dataset=NAME, example=some_id)
        said = sentences(app)
        assert "first build of digits is running" in said, view
        assert "No build yet" not in said
        assert "has no build yet" not in said
