"""Which commit broke it: searched while people work on, gone on with, refused in a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from ide.cli import run
from ide.dataset.edit import make_edit
from ide.dataset.errors import BisectError, ConfigError, GateError, GitError
from ide.dataset.gates import parse_gate
from ide.store.bisect_path import read_path
from ide.store.bisect_state import load_progress
from ide.store.bisecting import bisect_status, cancel_bisect, run_bisect, start_bisect
from ide.store.edit_log import append_edits
from ide.store.gates import judge_gates
from ide.store.state import edit_example, imported_labels, imported_splits
from tests.conftest import git
from tests.small import compiled_workspace, copy_workspace
from tests.store.tiny import tiny_workspace

SLICE = "accuracy on label in ('0', '1', '6', '7')"
SWAP = {"0": "6", "6": "0", "1": "7", "7": "1"}


def commit(workspace, message: str, values: dict[str, str], *, action: str = "label") -> str:
    edits = [make_edit(i, action, value, annotator="ada") for i, value in values.items()]
    append_edits(workspace, "some", edits)
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", message)
    return git(workspace.root, "rev-parse", "HEAD").strip()


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A compiled base, and on branch work a confirmation, 87 wrong labels and two commits more."""
    made = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(made, tmp_path_factory.mktemp("bisect") / "w")
    root = workspace.root
    command = [sys.executable, "-m", "dvc", "add", "-q", "datasets/some/examples"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "examples of DVC's")
    git(root, "tag", "base")
    git(root, "switch", "-qc", "work")
    labels, splits = (f(workspace, "some") for f in (imported_labels, imported_splits))
    train = [i for i in sorted(labels) if splits[i] == "train"]
    rest = [i for i in train if labels[i] not in SWAP]
    commit(workspace, "looked at one", {rest[2]: labels[rest[2]]}, action="confirm")
    wrong = {i: SWAP[labels[i]] for i in train if labels[i] in SWAP}
    culprit = commit(workspace, "by the new annotator <script>", wrong)
    commit(workspace, "later", {rest[0]: "9"})
    commit(workspace, "last", {rest[1]: "9"})
    return workspace, culprit, len(wrong)


def bound(workspace) -> str:
    (base,) = judge_gates(workspace, "some", gates=[parse_gate(f"{SLICE} >= 0.1")])
    return f"{SLICE} >= {base.value - 0.1:.3f}"


def wait(workspace, condition, *, seconds: float = 90):
    deadline = time.monotonic() + seconds
    while not condition(found := bisect_status(workspace)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_the_culprit_is_found_while_its_branch_is_deleted_and_people_label_on(
    history, capsys, monkeypatch
):
    workspace, culprit, n_wrong = history
    root, gate = workspace.root, bound(workspace)
    started = start_bisect(workspace, "some", good="base", bad="work", gate=gate)
    with pytest.raises(BisectError, match="running already"):
        start_bisect(workspace, "some", good="base", bad="work", gate=gate)
    git(root, "switch", "-q", "main")
    git(root, "branch", "-qD", "work")
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "-q", "--prune=now")  # only the private ref keeps the commits
    edit_example(workspace, "some", "x000", "label", "5", annotator="ben")
    found = wait(workspace, lambda b: b.state != "running")
    assert (found.state, found.message) == ("done", None)
    assert found.culprits == (culprit,)
    assert found.n_built == 1  # base was built; the confirmation needs no build of its own
    assert found.doubt == ""
    assert git(root, "for-each-ref", "refs/upwell") == ""
    assert git(root, "branch", "--show-current").strip() == "main"
    assert [c.subject for c in found.legs[0].candidates] == [
        *("by the new annotator <script>", "later", "last")
    ]
    again = ["bisect", "some", "--good", "base", "--bad", started.bad, "--gate", gate]
    assert run([*again, "--workspace", str(root)]) == 0
    said = capsys.readouterr().out
    assert f"{culprit[:10]} broke the gate: by the new annotator <script> (0 compiles" in said
    assert f"{n_wrong} relabelled: " in said
    assert run(["bisect", "--status", "--format", "json", "--workspace", str(root)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [c["verdict"] for c in facts["commits"]] == ["good", "good", "culprit", "bad", "bad"]
    assert len(facts["diff"]) == n_wrong
    monkeypatch.setenv("UPWELL_WORKSPACE", str(root))
    view = AppTest.from_file(str(Path(ide.app.__file__).parent / "main.py"), default_timeout=60)
    view.switch_page("views/bisect.py")
    view.query_params["dataset"] = "some"
    view.run()
    said = "\n".join(str(e.value) for e in (*view.markdown, *view.caption)).replace("\\", "")
    assert not view.exception and not view.error
    assert f"{culprit[:7]} broke the gate** · by the new annotator <script>" in said
    assert f"{n_wrong} changes" in said


def test_a_killed_one_is_noticed_a_cancelled_one_says_how_to_go_on_and_nothing_is_left(
    history, capsys
):
    workspace, _, _ = history
    root, gate = workspace.root, bound(workspace)
    git(root, "switch", "-qC", "slow", "base")
    path = workspace.config_path("some")
    path.write_text(path.read_text().replace("epochs = 3", "epochs = 10000"))
    git(root, "commit", "-qam", "trains for ever")

    def is_training(found):
        return "epoch" in load_progress(workspace, found.bisect_id)

    start_bisect(workspace, "some", good="base", gate=gate)
    os.kill(wait(workspace, is_training).pid, signal.SIGKILL)
    killed = wait(workspace, lambda b: b.state != "running")
    assert (killed.state, killed.exit_code) == ("failed", 3)
    assert "was killed" in killed.message
    assert processes_in(root) == []
    start_bisect(workspace, "some", good="base", gate=gate)
    wait(workspace, lambda b: b.probing)
    assert run(["bisect", "--cancel", "--workspace", str(root)]) == 0
    assert "Go on with: upwell bisect some --good " in capsys.readouterr().out
    assert bisect_status(workspace).state == "cancelled"
    assert processes_in(root) == []
    assert git(root, "for-each-ref", "refs/upwell") == ""
    assert cancel_bisect(workspace).state == "cancelled"  # again: nothing to do


def processes_in(root: Path) -> list[str]:
    """Return what runs anywhere below a folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        try:
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            if not is_zombie and process.cwd().startswith(str(root)):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_what_cannot_be_searched_is_said_in_a_sentence(history, tmp_path):
    workspace, _, _ = history
    root, gate = workspace.root, bound(workspace)
    git(root, "switch", "-qf", "main")
    git(root, "reset", "-q", "--hard", "base")
    other = commit(workspace, "on main", {"x000": "5"})
    git(root, "switch", "-qC", "aside", "base")
    confirmed = commit(workspace, "looked", {"x003": "3"}, action="tag")
    (root / "notes.txt").write_text("nothing of labels")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "notes")
    n_imported = git(root, "rev-list", "--max-parents=0", "HEAD").strip()

    def refused(error, match, **asked):
        asked = {"good": "base", "bad": "aside", "gate": gate, **asked}
        with pytest.raises(error, match=match):
            run_bisect(workspace, "some", **asked)

    refused(BisectError, "same commit", bad="base")
    refused(BisectError, "other way round", good="aside", bad="base")
    refused(BisectError, "common ancestor is", good=other)
    refused(GitError, "no revision here", good="nowhere")
    refused(GitError, "no revision here", good="--output=x")
    refused(GateError, "is no gate", gate="as good as ever")
    refused(GateError, "year", gate="accuracy on year > 3 >= 0.5")
    refused(BisectError, "names no example", gate="accuracy on label = 'zebra' >= 0.5")

    def failed(**asked):
        ended = run_bisect(workspace, "some", **{"good": "base", "gate": gate, **asked})
        assert ended.state == "failed"
        assert ended.exit_code == 2
        return ended.message

    assert "none changes what is trained on" in failed(bad="aside")
    assert "no commit between" in failed(good=confirmed, bad="aside")
    assert "there is no dataset 'some' at" in failed(good=n_imported, bad="aside")
    assert "good fails the gate already" in failed(bad="main", gate=f"{SLICE} >= 0.9999")

    pets = tiny_workspace(tmp_path / "pets")
    with pytest.raises(ConfigError, match="holds text, and only images compile"):
        run_bisect(pets, "pets", good="HEAD", gate="accuracy >= 0.5")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", "shallow")
    shallow = type(workspace)(tmp_path / "shallow")
    with pytest.raises(GitError, match="git fetch --unshallow"):
        run_bisect(shallow, "some", good=confirmed, gate=gate)


def test_a_merge_is_one_step_and_equal_revisions_have_equal_keys(tmp_path):
    workspace = tiny_workspace(tmp_path / "w")
    root = workspace.root

    def step(example_id, value, action="label"):
        edit_example(workspace, "pets", example_id, action, value, annotator="ada")
        git(root, "add", "-A")
        git(root, "commit", "-qm", f"{example_id} {value}")
        return git(root, "rev-parse", "HEAD").strip()

    good = git(root, "rev-parse", "HEAD").strip()
    git(root, "switch", "-qc", "side")
    aside = step("x0", "dog")
    git(root, "switch", "-q", "main")
    first = step("x1", "cat")
    git(root, "merge", "-q", "--no-edit", "side")
    merge = git(root, "rev-parse", "HEAD").strip()
    back = [step("x0", "cat"), step("x2", "a note", "comment"), step("x0", "dog")]
    key, stops = read_path(workspace, "pets", good, back[-1])
    assert [s.revision for s in stops] == [first, merge, *back]
    assert [s.n_changes for s in stops] == [1, 1, 1, 0, 1]
    assert stops[1].came_from == first
    assert stops[1].parents == (first, aside)
    assert stops[0].key == stops[2].key == stops[3].key != key  # taken back: as it was
    assert stops[1].key == stops[4].key
    assert [s.revision for s in read_path(workspace, "pets", good, aside)[1]] == [aside]
