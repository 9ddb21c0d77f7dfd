"""The issues of a dataset that are open: found by the current build, and dismissed by nobody."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.edit import WHOLE_DATASET, Edit
from ide.dataset.errors import EditError
from ide.dataset.replay import dismissed_issues
from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import BuildInfo, build_table, require_build
from ide.store.state import dataset_state, edit_example
from ide.store.workspace import Workspace


def open_issues(workspace: Workspace, name: str, build: BuildInfo | None = None) -> pa.Table:
    """Return the issues that still want a person (see ``schema.ISSUES``), most severe first.

    Those of ``build`` (default: the current one), in its order, without what people dismissed
    since, as the edit log has it now. This is the one list that ``upwell check``, ``upwell
    commit`` and the Problems view go by. Raises ``NoBuildError`` where there is no build.
    """
    found = build_table(build or require_build(workspace, name), "issues")
    dismissed = pa.array(sorted(dismissed_issues(dataset_state(workspace, name))), pa.string())
    return found.filter(pc.invert(pc.is_in(found["issue_id"], value_set=dismissed)))


def dismiss_issue(
    workspace: Workspace,
    name: str,
    example_id: str,
    issue_id: str,
    *,
    annotator: str,
    reason: str | None = None,
) -> Edit:
    """Say that an issue of the current build is none; return the edit once it is on the disk.

    ``example_id`` is the issue's own, or ``*`` where the issue is the whole dataset's. Raises
    ``EditError`` where the build has no such issue, or has it of another example.
    """
    found = build_table(require_build(workspace, name), "issues", ["issue_id", EXAMPLE_ID])
    own = found.filter(pc.equal(found["issue_id"], issue_id))[EXAMPLE_ID].to_pylist()
    if not own:
        raise EditError(
            f"the current build of {name!r} has no issue {issue_id[:40]!r}. "
            f"List issues with their ids: upwell check {name} --format json"
        )
    of = own[0] if own[0] is not None else WHOLE_DATASET
    if example_id != of:
        raise EditError(
            f"issue {issue_id} of {name!r} is about example {of[:80]!r}, got {example_id[:80]!r}. "
            f"Dismiss it with: upwell edit {name} '{of[:80]}' --dismiss {issue_id}"
        )
    return edit_example(
        workspace, name, example_id, "dismiss", issue_id, annotator=annotator, reason=reason
    )
