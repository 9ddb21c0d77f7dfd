"""What of a workspace would run on this machine if it were trusted, to be looked at before."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ide.dataset.config import is_name
from ide.store import git
from ide.store.git_guard import settings
from ide.store.workspace import Workspace

_SKIPPED = frozenset({".git", ".upwell", ".venv", "builds", "cache", "tmp"})
_MAX_TEXT = 300
_URL = re.compile(r"^\s*url\s*=(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Runs:
    """One thing that would run: where it stands, what it is, and when it runs."""

    where: str
    what: str
    when: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.where}: {self.what} ({self.when})"


def what_runs(workspace: Workspace) -> list[Runs]:
    """Return what of a workspace would run; the stages that every workspace has are left out."""
    return [
        *_commands(workspace),
        *_own_checks(workspace),
        *_remotes(workspace),
        *_git_settings(workspace),
        *_hooks(workspace),
    ]


def _commands(workspace: Workspace) -> Iterator[Runs]:
    """Yield the commands of every file that DVC takes for stages, but for Upwell's own stages."""
    for path in _files(workspace.root):
        where, beside = workspace.relative(path), path.with_name("params.yaml")
        loaded, problem = _load(path)
        if problem:
            yield Runs(where, problem, "upwell compile")
        params, _ = _load(beside)
        names = params.get("datasets") if isinstance(params, dict) else None
        if path.name == "dvc.yaml" and names is not None and not _are_names(names):
            what = f"datasets: {_short(repr(names))}"
            yield Runs(workspace.relative(beside), what, "upwell compile")
        for command in dict.fromkeys(_commands_in(_foreign(loaded))):
            yield Runs(where, _short(command), "upwell compile")


def _short(text: str) -> str:
    """Return a text that fits; one that does not says how long it is."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text):,} characters)"


def _foreign(loaded: Any) -> Any:
    """Return a file of stages without those that are Upwell's, word for word."""
    if not isinstance(loaded, dict) or "vars" in loaded:
        return loaded
    stages = loaded.get("stages")
    if not isinstance(stages, dict):
        return loaded
    text = resources.files("ide.store").joinpath("templates", "dvc.yaml").read_text("utf-8")
    ours = [_core(stage) for stage in YAML(typ="safe", pure=True).load(text)["stages"].values()]
    return [stage for stage in stages.values() if _core(stage) not in ours and not _fetches(stage)]


def _core(stage: Any) -> Any:
    """Return what of a stage decides what it runs: its command, for which items, and where."""
    inner = stage.get("do", stage) if isinstance(stage, dict) else stage
    if not isinstance(inner, dict):
        return stage
    return {
        "cmd": inner.get("cmd"),
        "wdir": inner.get("wdir"),
        **{key: stage.get(key) for key in ("foreach", "matrix")},
    }


def _fetches(stage: Any) -> bool:
    """Whether a stage is the one that brings datasets from an installed package."""
    core = _core(stage)
    return (
        isinstance(core, dict)
        and core["cmd"] == "python -m pipelines.fetch ${item}"
        and core["wdir"] is None
        and core["matrix"] is None
        and _are_names(core["foreach"])
    )


def _are_names(value: Any) -> bool:
    """Whether a value is a list of datasets' names: an item becomes part of a command."""
    return isinstance(value, list) and all(isinstance(n, str) and is_name(n) for n in value)


def _commands_in(value: Any) -> Iterator[str]:
    """Yield every ``cmd`` in what a YAML file holds, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "cmd":
                yield from (str(one) for one in (inner if isinstance(inner, list) else [inner]))
            else:
                yield from _commands_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _commands_in(inner)


def _load(path: Path) -> tuple[Any, str]:
    """Return what a YAML file holds, and what is wrong with it."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError):
        return None, "it is not YAML that can be read here"


def _files(root: Path) -> Iterator[Path]:
    for folder, inside, names in os.walk(root):
        inside[:] = sorted(name for name in inside if name not in _SKIPPED)
        for name in sorted(names):
            if name == "dvc.yaml" or name.endswith(".dvc"):
                path = Path(folder) / name
                if path.is_file():
                    yield path


def _own_checks(workspace: Workspace) -> Iterator[Runs]:
    for path in sorted(workspace.datasets_path.glob("*/checks/*.py")):
        yield Runs(workspace.relative(path), "a check in Python", "upwell check, upwell compile")


def _remotes(workspace: Workspace) -> Iterator[Runs]:
    """Yield DVC's remotes: a compile asks them too, with the credentials of the person."""
    for name in ("config", "config.local"):
        path = workspace.root / ".dvc" / name
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for url in _URL.findall(text):
            what = f"data is exchanged with {_short(url.strip())}"
            yield Runs(f".dvc/{name}", what, "upwell push, pull, compile")


def _git_settings(workspace: Workspace) -> Iterator[Runs]:
    for key, value in sorted(settings(workspace.root).running().items()):
        yield Runs("git config", f"{key} = {_short(value)}", "git, by every command")


def _hooks(workspace: Workspace) -> Iterator[Runs]:
    found = git.attempt(workspace.root, "rev-parse", "--git-common-dir")
    if found.returncode != 0:
        return
    folder = workspace.root / os.fsdecode(found.stdout).strip("\n") / "hooks"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".sample" and path.is_file() and os.access(path, os.X_OK):
            yield Runs(f"git hook {path.name}", "a program", "upwell commit, merge, switch, revert")
