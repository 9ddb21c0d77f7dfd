"""Running the checks of the labels as they stand: a process of its own, since it decodes payloads.

What it finds lies in ``.upwell/checks/<name>/`` until the next time.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import BuildError
from ide.dataset.replay import dismissed_issues
from ide.store.build_tables import read_build_table
from ide.store.builds import BuildInfo, current_build
from ide.store.children import start_child
from ide.store.drill_file import drill_id, drills_path
from ide.store.files import read_json
from ide.store.progress import VARIABLE, read_progress
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

CHECKED = "checked.json"
NO_BUILD = ""  # the build id of what was found without a build
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Findings:
    """What the checks say of a dataset now.

    ``issues``: ``schema.ISSUES``, without what was dismissed; ``n_dismissed``: how many of those
    there are. ``skipped``: check → what it lacked, in words. ``broken``: a sentence for each of
    the dataset's own checks that broke.
    """

    issues: pa.Table
    n_dismissed: int
    skipped: Mapping[str, Sequence[str]]
    broken: tuple[str, ...]
    asks_for_source: str = ""  # the column that dataset.toml names


def checked_path(workspace: Workspace, name: str) -> Path:
    """Where the newest findings of a dataset lie on this machine; those of a drill apart."""
    drill = drill_id(workspace, name)
    root = drills_path(workspace) / drill if drill else workspace.local_path
    return root / ".checks" / name if drill else root / "checks" / name


def listed_build(workspace: Workspace, name: str) -> BuildInfo | None:
    """Return the build whose issues are listed; without one, what ``upwell check`` found last.

    Findings are a build that has nothing but its issues, and no id. None where there are neither.
    """
    return current_build(workspace, name) or findings_of(workspace, name)


def findings_of(workspace: Workspace, name: str) -> BuildInfo | None:
    """Return what ``upwell check`` found last, as a build of nothing but issues; or None."""
    folder = checked_path(workspace, name)
    try:
        written_at = (folder / CHECKED).stat().st_mtime
    except FileNotFoundError:
        return None
    return BuildInfo(
        build_id=NO_BUILD,
        dataset=name,
        path=folder,
        finished_at=datetime.fromtimestamp(written_at, UTC),
        revision=None,
        n_uncommitted_edits=0,
        edits_revision="",
        n_edits=0,
        seconds=None,
        compared_with=None,
    )


def check_now(
    workspace: Workspace,
    name: str,
    *,
    with_dismissed: bool = False,
    on_progress: Callable[[str], None] | None = None,
) -> Findings:
    """Run all checks of a dataset on its labels as they stand, and return what they find.

    with_dismissed: also what somebody said is no problem. Raises ``BuildError`` with the sentence
    of whatever could not be read.
    """
    config = workspace.config(name)  # what is wrong with it is said here, at once
    _run(workspace, name, on_progress)
    folder = checked_path(workspace, name)
    facts = read_json(folder / CHECKED, {"skipped": {"*": [str]}, "broken": [str]})
    issues = read_build_table(folder / "issues.parquet", "issues")
    dismissed = pa.array(sorted(dismissed_issues(dataset_state(workspace, name))), pa.string())
    is_dismissed = pc.is_in(issues["issue_id"], value_set=dismissed)
    return Findings(
        issues=issues if with_dismissed else issues.filter(pc.invert(is_dismissed)),
        n_dismissed=pc.sum(is_dismissed).as_py() or 0,
        skipped=facts["skipped"],
        broken=tuple(facts["broken"]),
        asks_for_source=config.checks.source,
    )


def remarks(name: str, found: Findings) -> list[str]:
    """Say, a sentence each, what broke, what needs a build, and how much was dismissed."""
    said = list(found.broken)
    waiting = sorted(check for check, lacking in found.skipped.items() if "a build" in lacking)
    if waiting:
        said.append(
            f"{name} has no build of these examples, so {len(waiting)} checks did not run: "
            f"{', '.join(waiting)}. Make one with: upwell compile {name}"
        )
    if "same_source" in found.skipped and found.asks_for_source:
        said.append(f"{name} has no column {found.asks_for_source!r}, which [checks] source names")
    return said


def _run(workspace: Workspace, name: str, on_progress: Callable[[str], None] | None) -> None:
    from ide.store.dvc import end_group  # slow to import, and who lists findings needs it not

    with tempfile.TemporaryDirectory(prefix="upwell-check-") as folder:
        path = Path(folder) / "progress.jsonl"
        path.touch()
        log = Path(folder) / "log"
        with log.open("wb") as stream:
            process = start_child(
                ["pipelines.check_now", name],
                folder=workspace.root,
                output=stream,
                environment={VARIABLE: str(path), "PYTHONUNBUFFERED": "1"},
            )
            try:
                _watch(process, path, name, on_progress)
            finally:
                if process.poll() is None:
                    end_group(process.pid)
                process.wait()
        if process.returncode != 0:
            errors = [e for e in read_progress(path) if "error" in e]
            said = log.read_text(errors="replace").strip().splitlines()
            failure = BuildError(
                errors[0]["error"] if errors else f"the checks broke: {(said or ['?'])[-1][:300]}"
            )
            failure.exit_code = errors[0].get("exit_code", 3) if errors else 3
            raise failure


def _watch(
    process: subprocess.Popen[bytes],
    path: Path,
    name: str,
    on_progress: Callable[[str], None] | None,
) -> None:
    """Wait for the process, telling what it is at."""
    told_at = 0
    while process.poll() is None:
        size = path.stat().st_size
        if on_progress is not None and size != told_at:
            told_at = size
            last = read_progress(path)[-1]
            step = f" {last['step']:,} of {last['n_steps']:,}" if "step" in last else ""
            on_progress(f"{name}: {last.get('message', 'checking')}{step}")
        time.sleep(_POLL_S)
