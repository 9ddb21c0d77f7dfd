"""What blocks a commit: the errors that stand in the labels as they are now.

A commit must be quick, so nothing is decoded, trained or searched for neighbours here. Checks of
the labels, of equal content, of the source and of gates run anew on the labels as they stand; what
the other checks found in the current build, the dataset's own among them, counts until an edit
settles or dismisses it. docs/decisions/033-errors-block-commits.md says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.checks import CHECKS, CheckInput, run_checks
from ide.dataset.checks.check_input import Remark
from ide.dataset.errors import BlockedError, BuildError
from ide.dataset.replay import dismissed_issues
from ide.dataset.schema import EXAMPLE_ID
from ide.dataset.snapshot import usable_edits
from ide.store.builds import BuildInfo, build_table, current_build
from ide.store.commits import DESPITE_ERRORS
from ide.store.doubtful import CHECKS_OF_DOUBTFUL, doubtful
from ide.store.edit_log import read_edits
from ide.store.examples import read_metadata
from ide.store.gate_columns import read_gates
from ide.store.issues import open_issues
from ide.store.media import read_measured
from ide.store.state import current_labels, dataset_state, imported_table
from ide.store.workspace import Workspace

_ERROR = "error"
_QUICK = frozenset({"source", "media"})  # what a check may need to be run at a commit
_OF_HASHES = frozenset({"exact_duplicates", "conflicting_duplicates", "leaks"})
_OF_PROBLEMS = frozenset({"unreadable", "empty"})
_MAX_REASON = 500


def standing_errors(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Return the errors that stand in a dataset now, rows of ``schema.ISSUES`` with ``dataset``.

    Errors are those of the severities in force; what was dismissed is none.
    """
    config = workspace.config(name)
    severity = config.checks.severity
    try:
        build = current_build(workspace, name)
    except BuildError:
        build = None
    errors = [c for c in CHECKS.values() if severity.get(c.name, c.severity) == _ERROR]
    names = [c.name for c in errors if set(c.needs) <= _QUICK]
    media = _measured(workspace, name, build, names)
    if media is None:
        names = [n for n in names if n not in _OF_HASHES and "media" not in CHECKS[n].needs]
    if config.gates or config.checks.source or not CHECKS_OF_DOUBTFUL.issuperset(names):
        labels = current_labels(workspace, name).sort_by(EXAMPLE_ID)
    else:
        labels, media = doubtful(workspace, name, config.classes, media)
    found = run_checks(_input(workspace, name, labels, media), names).to_pylist()
    dismissed = dismissed_issues(dataset_state(workspace, name))
    rows = [row for row in found if row["issue_id"] not in dismissed]
    if build is not None:
        rows += [
            row
            for row in _of_build(workspace, name, build, names)
            if severity.get(row["check"], row["severity"]) == _ERROR
        ]
    return [{"dataset": name, **row} for row in rows]


def require_no_errors(workspace: Workspace, names: Sequence[str], reason: str | None) -> str | None:
    """Return the trailer of a commit that is made despite errors; None where none stand.

    reason: why the commit is made all the same; None or blank = it is not. Raises
    ``BlockedError`` with the errors; then nothing may be committed.
    """
    errors = [row for name in names for row in standing_errors(workspace, name)]
    if not errors:
        return None
    said = " ".join((reason or "").split())
    if not said:
        raise BlockedError(errors)
    counts = Counter(row["check"] for row in errors)
    what = ", ".join(f"{check} {n:,}" for check, n in sorted(counts.items()))
    return f"{DESPITE_ERRORS}: {said[:_MAX_REASON]} ({what})"


def _of_build(
    workspace: Workspace, name: str, build: BuildInfo, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the build found and nobody settled, of the checks that did not run just now."""
    issues = open_issues(workspace, name, build)
    of_others = pc.invert(pc.is_in(issues["check"], value_set=pa.array(names, pa.string())))
    rows: list[dict[str, Any]] = issues.filter(of_others).to_pylist()
    return rows


def _input(workspace: Workspace, name: str, labels: pa.Table, media: pa.Table | None) -> CheckInput:
    config = workspace.config(name)
    log = read_edits(workspace, name)
    _, ignored = usable_edits(log.edits, config.classes)
    metadata = read_metadata(workspace, name) if config.checks.source else None
    hashes = pa.nulls(len(labels), pa.string())
    return CheckInput(
        labels=labels,
        content_hashes=hashes if media is None else media["content_hash"].combine_chunks(),
        classes=config.classes,
        modality=config.modality,
        settings=config.checks,
        gates=read_gates(workspace, name, labels, media),
        ignored_edits=tuple(Remark(i.edit.edit_id, i.message, i.edit.example_id) for i in ignored),
        media=media,
        metadata=metadata,
    )


def _measured(
    workspace: Workspace, name: str, build: BuildInfo | None, names: Sequence[str]
) -> pa.Table | None:
    """Return what was measured of these very examples, rows by example id; or None.

    Only the columns that the checks ``names`` need.
    """
    needed = {n for n in names if "media" in CHECKS[n].needs}
    columns = [EXAMPLE_ID, "content_hash", "problem"]
    every = needed - _OF_PROBLEMS or workspace.config(name).gates
    wanted = None if every else columns
    media = read_measured(workspace, name, wanted)
    if media is not None or build is None or not (build.path / "media.parquet").exists():
        return media
    media = build_table(build, "media", wanted)
    ids = imported_table(workspace, name)[EXAMPLE_ID]
    if len(media) != len(ids):  # the build was of other examples
        return None
    return media if media[EXAMPLE_ID].equals(ids.take(pc.sort_indices(ids))) else None
