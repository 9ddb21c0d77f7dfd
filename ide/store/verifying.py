"""The same build again: made anew in a clean folder without any cache, compared byte by byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ide.dataset.edit import parse_line
from ide.dataset.errors import BuildError, ConfigError, DrillError, EditError
from ide.store import git
from ide.store.builds import (
    BUILD_FILES,
    SHAPES,
    BuildInfo,
    build_model,
    build_table,
    require_build,
)
from ide.store.clean_folder import clean_folder, overlay
from ide.store.differences import first_difference
from ide.store.drill_file import drill_in_force
from ide.store.dvc_examples import dvc
from ide.store.edit_log import log_paths
from ide.store.files import read_json, storage_errors, write_bytes
from ide.store.past_edits import edits_at
from ide.store.rebuilding import build_at, build_in, event_of
from ide.store.runs import STAGES
from ide.store.trust import COMPILING, require_trust
from ide.store.workspace import Workspace

# nothing is taken from DVC's cache but the examples, and nothing is put there
_NO_CACHE = ("--force", "--no-run-cache", "--no-commit")
_CODE = ("dvc.yaml", "params.yaml", "ide", "models", "pipelines")


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of making a build anew.

    made_of: the sources, in words. differences: file → where it differs first; empty = every
    byte is the same. causes: what besides the sources is not as it was, such as a library.
    """

    build: BuildInfo
    made_of: str
    n_files: int
    differences: dict[str, str]
    causes: tuple[str, ...]
    seconds: float


def verify(
    workspace: Workspace,
    names: Sequence[str],
    revision: str | None = None,
    *,
    on_progress: Callable[[str], None] | None = None,
    is_cancelled: threading.Event | None = None,
) -> list[Verified]:
    """Make builds anew from (revision, configuration, seed) and compare them with what is kept.

    revision None: the current builds, from HEAD and what is not committed, as far as the build
    has it; edits that came later are left out. Else the builds of a revision, which are made
    first where there are none. The working tree, the cache and the kept builds do not change.
    Raises as ``build_at`` does, and ``ConfigError`` where sources are no longer those of a build.
    """
    require_trust(workspace, COMPILING)
    chosen = list(names)
    with event_of(is_cancelled) as event:
        if revision is not None:
            builds = build_at(
                workspace, chosen, revision, on_progress=on_progress, is_cancelled=event
            )
        else:
            chosen = chosen or _all(workspace)
            builds = [require_build(workspace, name) for name in chosen]
        return [_verify(workspace, b, revision, on_progress, event) for b in builds]


def _all(workspace: Workspace) -> list[str]:
    return [name for name in workspace.datasets() if workspace.config(name).is_compiled]


def _verify(
    workspace: Workspace,
    build: BuildInfo,
    revision: str | None,
    on_progress: Callable[[str], None] | None,
    is_cancelled: threading.Event,
) -> Verified:
    name = build.dataset
    if revision is None:
        _refuse_changed(workspace, name, is_cancelled)
    commit = git.resolve(workspace.root, revision or "HEAD")
    with clean_folder(workspace, commit) as clean:
        made_of = f"{commit[:10]}"
        if revision is None:
            made_of += _lay_over(workspace, clean, build)
        (clean.root / "dvc.lock").unlink(missing_ok=True)
        seconds = build_in(workspace, clean, [name], on_progress, is_cancelled, options=_NO_CACHE)
        found = _compare(build, clean)
        causes = _causes(build, clean)
    seed = build_model(build).get("seed")
    n_files = sum((build.path / file).exists() for file in BUILD_FILES)
    return Verified(build, f"{made_of}, seed {seed}", n_files, found, causes, seconds)


def _refuse_changed(workspace: Workspace, name: str, is_cancelled: threading.Event) -> None:
    """Raise where anything but the edit log is no longer what the current build was made of."""
    if drill_in_force(workspace, name) is not None:
        raise DrillError(
            f"a drill of {name!r} is under way, and no revision has its planted labels, so that "
            f"its build cannot be verified. End it first, with: upwell drill {name} --end"
        )
    stages = [f"{stage}@{name}" for stage in STAGES if stage != "fetch"]
    said = dvc(workspace, "status", "--json", *stages, is_cancelled=is_cancelled)
    start = said.text.find("{")
    if said.returncode != 0 or start < 0:
        raise BuildError(f"DVC does not tell what has changed since the build: {said.error}")
    edits = workspace.relative(workspace.edits_path(name))
    for entries in json.loads(said.text[start:]).values():
        for entry in entries:
            changed = entry.get("changed deps", {}) if isinstance(entry, dict) else {}
            paths = [p for p in changed if p != edits and not p.startswith("builds/")]
            if paths or not isinstance(entry, dict):
                what = paths[0] if paths else f"how {name!r} is built"
                raise ConfigError(
                    f"{what} has changed since the build of {name!r} was made, so that there is "
                    f"nothing to compare with. Compile first (upwell compile {name}), or verify "
                    "what is committed, with: upwell compile --verify --at HEAD"
                )


def _lay_over(workspace: Workspace, clean: Workspace, build: BuildInfo) -> str:
    """Bring what is not committed into a clean folder; return what that is, in words."""
    name = build.dataset
    own = workspace.relative(workspace.dataset_path(name))
    there = [path for path in (own, *_CODE) if (workspace.root / path).exists()]
    tree = git.working_tree(git.repository(workspace.root), workspace.root, there)
    examples = f"{workspace.relative(workspace.examples_path(name))}/"
    paths = [c.path for c in tree.changes if not c.path.startswith(examples)]
    overlay(workspace, clean, paths)
    _link_examples(workspace, clean, name)
    n_later = _leave_out_later(clean, build)
    words = []
    committed = {edit.edit_id for edit in edits_at(workspace, name, "HEAD")}
    if n_own := len(_edits_of(build) - committed):
        words.append(f"{n_own:,} uncommitted edit{'' if n_own == 1 else 's'}")
    others = [path for path in paths if not path.endswith(".jsonl")]
    if others:
        more = f" and {len(others) - 2:,} more" if len(others) > 2 else ""
        words.append(f"{', '.join(others[:2])}{more} as not committed")
    are = "edit is" if n_later == 1 else "edits are"
    left = f" ({n_later:,} later {are} left out)" if n_later else ""
    return "".join(f" and {word}" for word in words) + left


def _link_examples(workspace: Workspace, clean: Workspace, name: str) -> None:
    """Lend the clean folder the examples where they are not DVC's."""
    target, source = clean.examples_path(name), workspace.examples_path(name)
    if not target.with_name("examples.dvc").exists() and source.is_dir() and not target.exists():
        with storage_errors(target, "write"):
            target.mkdir()
            for part in source.iterdir():
                (target / part.name).symlink_to(part)


def _leave_out_later(clean: Workspace, build: BuildInfo) -> int:
    """Take the edits that a build does not have out of the clean folder's logs; return how many."""
    known = _edits_of(build)
    n_later = 0
    for path in log_paths(clean, build.dataset):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if _edit_id(line) in known or _edit_id(line) is None]
        n_later += len(lines) - len(kept)
        if len(kept) < len(lines):
            write_bytes(path, b"".join(kept))
    return n_later


def _edits_of(build: BuildInfo) -> set[str]:
    return set(build_table(build, "edits", ["edit_id"])["edit_id"].to_pylist())


def _edit_id(line: bytes) -> str | None:
    """Return the id of the edit in a line; None for what is no edit, which a build reports."""
    try:
        return parse_line(line.decode("utf-8")).edit_id
    except (EditError, UnicodeDecodeError, ValueError):
        return None


def _compare(build: BuildInfo, clean: Workspace) -> dict[str, str]:
    """Return, by file, where what was made anew differs from a build first."""
    found = {}
    for file in BUILD_FILES:
        kept, made = build.path / file, clean.build_path(build.dataset) / file
        if not kept.exists() and not made.exists():
            continue
        if not kept.exists() or not made.exists():
            found[file] = "it is not in the build" if made.exists() else "it was not made"
        elif (where := first_difference(kept, made)) is not None:
            found[file] = where
    return found


def _causes(build: BuildInfo, clean: Workspace) -> tuple[str, ...]:
    """Say which libraries, and whether the code, are not those that made a build."""
    made = read_json(clean.build_path(build.dataset) / "model.json", SHAPES["model.json"])
    was = build_model(build)
    causes = [
        f"{library} is {made['versions'].get(library)} here, and was {known}"
        for library, known in was.get("versions", {}).items()
        if made["versions"].get(library) != known
    ]
    inputs = made.get("inputs", {})
    if was.get("inputs", {}).get("code") != inputs.get("code"):
        causes.append("the code that trains is not the one that made the build")
    return tuple(causes)
