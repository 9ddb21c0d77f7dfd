"""A workspace as a stranger may send it: wherever something could run, something would."""

from __future__ import annotations

import os
from pathlib import Path

from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

MODULES = ("dvc", "json", "numpy", "sitecustomize", "usercustomize", "click", "duckdb", "psutil")
PACKAGES = ("pipelines", "ide", "models", "PIL")
HOOKS = (
    *("pre-commit", "commit-msg", "post-commit", "prepare-commit-msg", "post-checkout"),
    *("post-merge", "pre-merge-commit", "pre-push", "reference-transaction", "post-index-change"),
    *("fsmonitor-watchman", "pre-auto-gc"),
)
SETTINGS = {
    "alias.status": "!{}",
    "core.alternateRefsCommand": "{}",
    "core.askPass": "{}",
    "core.editor": "{}",
    "core.fsmonitor": "{}",
    "core.pager": "{}",
    "core.sshCommand": "{}",
    "credential.helper": "!{}",
    "diff.external": "{}",
    "diff.trap.command": "{}",
    "diff.trap.textconv": "{}",
    "filter.trap.clean": "{}",
    "filter.trap.smudge": "{}",
    "gpg.program": "{}",
    "merge.trap.driver": "{} %A %O %B",
    "remote.origin.uploadpack": "{}",
}


def trapped_workspace(root: Path, fired: Path) -> Workspace:
    """Make a workspace in which each thing that runs leaves a file of its name in ``fired``."""
    workspace = tiny_workspace(root)
    edit(workspace, "x0", "label", "dog")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "an edit")
    git(root, "branch", "other")
    edit(workspace, "x1", "label", "cat")
    fired.mkdir()
    for name in MODULES:
        (root / f"{name}.py").write_text(_python(fired, f"module-{name}"))
    for name in PACKAGES:
        (root / name).mkdir()
        (root / name / "__init__.py").write_text(_python(fired, f"package-{name}"))
    (root / "pipelines" / "check_now.py").write_text(_python(fired, "pipelines-check_now"))
    checks = workspace.checks_path("pets")
    checks.mkdir()
    (checks / "night.py").write_text(_python(fired, "own-check"))
    command = _program(fired, "dvc-yaml")
    stage = f"{{foreach: ${{datasets}}, do: {{cmd: '{command}'}}}}"
    (root / "dvc.yaml").write_text(f"stages: {{check: {stage}, evaluate: {stage}}}\n")
    (root / ".gitattributes").write_text("* filter=trap diff=trap merge=trap\n")
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(f"['remote \"far\"']\n    url = {fired}/far\n")
    _set_git(root, fired)
    for path in (root / "params.yaml", root / "datasets/pets/dataset.toml"):
        os.utime(path, (1, 1))  # so that git has to look into it
    return workspace


def _set_git(root: Path, fired: Path) -> None:
    for key, value in SETTINGS.items():
        git(root, "config", key, value.format(_program(fired, key)))
    git(root, "config", "log.showSignature", "true")
    git(root, "config", "remote.origin.url", str(fired.with_name("origin")))
    git(root, "config", "remote.far.url", f"ext::{_program(fired, 'remote-url')}")
    git(root, "config", "extensions.partialClone", "origin")
    git(root, "config", "remote.origin.promisor", "true")
    included = root / "included.config"
    included.write_text(f'[filter "more"]\n\tprocess = {_program(fired, "include")}\n')
    git(root, "config", "include.path", "../included.config")
    (root / "datasets" / ".gitattributes").write_text("*.toml filter=more\n")
    for name in HOOKS:
        path = root / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{_program(fired, f'hook-{name}')}\n")
        path.chmod(0o755)


def _python(fired: Path, name: str) -> str:
    return f"open({str(fired / name)!r}, 'w').close()\n"


def _program(fired: Path, name: str) -> str:
    """Return a program that leaves its name, and passes on what it is given."""
    path = fired.with_name("programs") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n: > '{fired / name}'\ntimeout 5 cat 2>/dev/null\n")
    path.chmod(0o755)
    return str(path)
