"""Nothing of a workspace runs before a person has said that it may."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ide import cli
from ide.dataset.errors import UntrustedError
from ide.store import git as adapter
from ide.store.new import new_workspace
from ide.store.trust import is_trusted, require_trust, revoke, trust
from ide.store.what_runs import what_runs
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.tiny import tiny_workspace
from tests.traps import HOOKS, SETTINGS, trapped_workspace

LOOKING = [
    ["status"],
    ["status", "--format", "json"],
    ["diff"],
    ["diff", "HEAD~1", "HEAD"],
    ["log"],
    ["blame", "pets", "x0"],
    ["branch"],
    ["sql", "SELECT * FROM pets.examples"],
    ["sql", "SELECT count(*) FROM pets.commits"],
    ["edit", "pets", "x2", "--label", "dog"],
    ["suspects", "pets"],
    ["test"],
    ["check"],
    ["report"],
    ["bisect", "--status"],
    ["export", "pets", "--to", "OUT/pets.csv"],
]
RUNNING = [
    ["compile"],
    ["compile", "pets", "--at", "HEAD"],
    ["compile", "--verify"],
    ["import", "sklearn:digits", "--name", "more"],
    ["commit"],
    ["merge", "other"],
    ["switch", "other"],
    ["branch", "third"],
    ["revert", "HEAD"],
    ["push"],
    ["pull"],
    ["drill", "pets", "--errors", "1"],
    ["bisect", "pets", "--good", "HEAD~1", "--gate", "accuracy >= 0.9"],
]


@pytest.fixture(autouse=True)
def asked(monkeypatch, tmp_path):
    """As a person has it: nothing is trusted by a variable, and what is, is kept in a folder."""
    monkeypatch.delenv("UPWELL_TRUST")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    return trapped_workspace(folder / "w", folder / "fired"), folder / "fired"


def fired(folder: Path) -> list[str]:
    """Return what ran, and forget it."""
    names = sorted(path.name for path in folder.iterdir())
    for name in names:
        (folder / name).unlink()
    return names


def test_the_traps_are_set(trapped):
    workspace, folder = trapped
    git(workspace.root, "--no-optional-locks", "status", "--porcelain")
    assert {"core.fsmonitor", "filter.trap.clean", "include"} <= set(fired(folder))
    subprocess.run([sys.executable, "-m", "dvc", "version"], cwd=workspace.root, check=False)
    assert "module-dvc" in fired(folder)


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_an_untrusted_workspace_is_looked_at_and_labelled_and_runs_nothing(
    trapped, command, monkeypatch, tmp_path, capsys
):
    workspace, folder = trapped
    monkeypatch.chdir(workspace.root)
    code = cli.run([word.replace("OUT", str(tmp_path)) for word in command])
    said = capsys.readouterr().err
    assert fired(folder) == []
    assert "something broke" not in said
    if command[0] not in ("suspects", "check", "report", "bisect"):
        assert code == 0, said


def test_checks_of_ours_run_and_own_ones_say_why_not(trapped, monkeypatch, capsys):
    workspace, folder = trapped
    monkeypatch.chdir(workspace.root)
    assert cli.run(["check", "pets"]) == 2
    shown = capsys.readouterr()
    assert "small_classes" in shown.out
    assert "datasets/pets/checks/night.py did not run" in shown.err
    assert "upwell trust" in shown.err
    assert fired(folder) == []


@pytest.mark.parametrize("command", RUNNING, ids=" ".join)
def test_what_would_run_code_is_refused_in_a_sentence(trapped, command, monkeypatch, capsys):
    workspace, folder = trapped
    monkeypatch.chdir(workspace.root)
    before = (workspace.root / ".git/HEAD").read_text(), adapter.head_revision(workspace.root)
    assert cli.run(command) == 2
    said = capsys.readouterr().err
    assert "is not trusted yet" in said and "upwell trust" in said
    assert len(said.strip().splitlines()) == 1
    after = (workspace.root / ".git/HEAD").read_text(), adapter.head_revision(workspace.root)
    assert after == before
    assert fired(folder) == []


def test_git_brings_nothing_that_a_partial_clone_lacks_until_it_is_trusted(trapped):
    workspace, folder = trapped
    done = adapter.attempt(workspace.root, "cat-file", "-p", "1" * 40)
    assert done.returncode != 0
    assert fired(folder) == []


def test_a_folder_that_looks_like_a_repository_is_none_until_it_is_trusted(tmp_path):
    """A clone may hold one as plain files; git would take it, and the programs it names."""
    root = tmp_path / "clone"
    tiny_workspace(root / "data", is_repository=False)
    git(tmp_path, "init", "-q", "--bare", "inner")
    git(tmp_path / "inner", "config", "core.bare", "false")
    git(tmp_path / "inner", "config", "core.worktree", "..")
    git(tmp_path / "inner", "config", "core.fsmonitor", f"touch {tmp_path}/fired;")
    shutil.copytree(tmp_path / "inner", root / "data", dirs_exist_ok=True)
    git(tmp_path, "init", "-q", "clone")
    workspace = Workspace(root / "data")
    adapter.attempt(workspace.root, "status")
    assert not (tmp_path / "fired").exists()


def test_what_would_run_is_all_listed(trapped):
    workspace, folder = trapped
    lines = [str(one) for one in what_runs(workspace)]
    assert fired(folder) == []
    for key in SETTINGS:
        assert any(key.lower() in line.lower() for line in lines), key
    for name in HOOKS:
        assert any(f"git hook {name}" in line for line in lines), name
    for what in ("dvc.yaml: ", "checks/night.py", "filter.more.process", "ext::", "fired/far"):
        assert any(what in line for line in lines), what


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("dvc.yaml", 'vars: [{datasets: {pets: "pets; touch x"}}]\nSTAGES'),
        ("params.yaml", 'datasets: {pets: "pets; touch x"}\n'),
        ("params.yaml", 'datasets: ["pets; touch x"]\n'),
        ("dvc.yaml", "STAGES".replace("STAGES", "FOREACH")),
        ("sub/dvc.yaml", "stages: {a: {cmd: touch x}}\n"),
        ("datasets/pets/examples.dvc", "cmd: touch x\nouts: [{path: examples}]\n"),
    ],
)
def test_a_command_hidden_in_an_item_or_another_file_is_listed(tmp_path, path, text):
    workspace = new_workspace(tmp_path / "w")
    assert what_runs(workspace) == []
    stages = (workspace.root / "dvc.yaml").read_text()
    hidden = stages.replace("foreach: ${datasets}", 'foreach: {pets: "pets; touch x"}', 1)
    (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
    (workspace.root / path).write_text(text.replace("STAGES", stages).replace("FOREACH", hidden))
    assert what_runs(workspace)


def test_what_is_made_here_is_trusted_and_a_copy_elsewhere_is_not(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    assert is_trusted(workspace.root)
    (workspace.root / ".upwell/at/work/0/sub").mkdir(parents=True)
    assert is_trusted(workspace.root / ".upwell/at/work/0/sub")
    shutil.copytree(workspace.root, tmp_path / "copy")
    assert not is_trusted(tmp_path / "copy")
    (tmp_path / "link").symlink_to(workspace.root)
    assert is_trusted(tmp_path / "link")


def test_another_clone_at_the_same_place_is_asked_for_anew(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    workspace.root.rename(tmp_path / "old")
    new = tiny_workspace(tmp_path / "w")
    assert not is_trusted(new.root)
    trust(new)
    assert is_trusted(new.root)
    revoke(new)
    with pytest.raises(UntrustedError, match="is not trusted yet, and it runs"):
        require_trust(new, "it runs")


def test_a_workspace_cannot_bring_its_own_trust(tmp_path, monkeypatch):
    """Nor where it is a person's home, nor by a path that means the folder one is in."""
    workspace = tiny_workspace(tmp_path / "w")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    trust(workspace)
    shutil.copytree(tmp_path / "config", workspace.root / ".config")
    shutil.rmtree(tmp_path / "config")
    monkeypatch.chdir(workspace.root)
    for folder in (str(workspace.root / ".config"), ".config"):
        monkeypatch.setenv("XDG_CONFIG_HOME", folder)
        monkeypatch.setenv("HOME", str(workspace.root))
        assert not is_trusted(workspace.root)


def test_trust_is_a_file_of_the_person_alone(tmp_path):
    trust(tiny_workspace(tmp_path / "w"))
    (record,) = (tmp_path / "config/upwell/trusted").iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    assert record.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(record.read_text())["workspace"] == str(tmp_path / "w")


def test_a_repository_that_was_there_is_not_trusted_where_it_brings_hooks(tmp_path):
    git(tmp_path, "init", "-q", "theirs")
    hook = tmp_path / "theirs/.git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    assert not is_trusted(new_workspace(tmp_path / "theirs").root)


def test_trust_is_asked_for_and_not_given_where_nobody_answers(tmp_path, monkeypatch, capsys):
    workspace = tiny_workspace(tmp_path / "w")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert cli.run(["trust", "--workspace", str(workspace.root)]) == 2
    assert "upwell trust --yes" in capsys.readouterr().err
    assert not is_trusted(workspace.root)
    assert cli.run(["trust", "--yes", "--workspace", str(workspace.root)]) == 0
    assert is_trusted(workspace.root)
    assert cli.run(["trust", "--revoke", "--workspace", str(workspace.root)]) == 0
    assert not is_trusted(workspace.root)


def test_in_a_trusted_workspace_hooks_run_and_its_modules_still_do_not(tmp_path, monkeypatch):
    workspace = trapped_workspace(tmp_path / "w", tmp_path / "fired")
    trust(workspace)
    for key in ("diff.external", "core.fsmonitor", "gpg.program"):
        git(workspace.root, "config", "--unset", key)
    git(workspace.root, "config", "log.showSignature", "false")
    monkeypatch.chdir(workspace.root)
    assert cli.run(["check", "pets"]) in (0, 1, 2)
    ran = fired(tmp_path / "fired")
    assert "own-check" in ran
    shutil.rmtree(workspace.root / ".dvc")  # else a commit has DVC track the examples, first
    assert cli.run(["commit", "--despite-errors", "a test"]) == 0
    ran += fired(tmp_path / "fired")
    assert "hook-pre-commit" in ran
    assert not [name for name in ran if name.startswith(("module-", "package-", "pipelines-"))]
