"""Commands that look back: diff, log, blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ide.cli.common import echo_rows, format_option, limit_option, warn, workspace_option
from ide.output import printable
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from ide.dataset.two_builds import Shift
    from ide.store.builds import BuildInfo

N_TABLE_ROWS = 200  # of a diff on the terminal; JSON, CSV and Markdown have all
N_PAIRS = 20
DIFF_COLUMNS = (
    *("dataset", "example_id", "kind", "before", "after"),
    *("annotator", "reason", "made_at", "edit_id"),
)
# on the terminal, where what is last may be cut off
_BLAME = (
    *("now", "made_at", "annotator", "action", "value"),
    *("commit", "review", "reason", "evidence"),
)


@click.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.argument("name", required=False)
@click.option("--name", "names", multiple=True, help="Only this dataset (may be repeated).")
@limit_option(default=None, help="At most so many rows (default: all; in a table, 200).")
@workspace_option
@format_option
def diff(
    *,
    a: str | None,
    b: str | None,
    name: str | None,
    names: tuple[str, ...],
    limit: int | None,
    root: Path | None,
    style: str,
) -> None:
    """List what changed between revisions A (default HEAD) and B (default: the working tree).

    Every label, exclusion, split, tag, comment, dismissal, and each example added or removed: with
    who and why. The last of several arguments may be a dataset's NAME.
    """
    from ide.store.history import diff_and_notes

    workspace = Workspace.find(root)
    given = [argument for argument in (a, b, name) if argument is not None]
    revisions, last = _part(workspace, given)
    chosen = [*names, *([last] if last else [])]
    start, end = (*revisions, None, None)[:2]
    table, notes = diff_and_notes(workspace, start, end, chosen or None)
    shown = limit or (N_TABLE_ROWS if style == "table" else len(table))
    columns = DIFF_COLUMNS if style != "table" else DIFF_COLUMNS[:-1]
    echo_rows(table.slice(0, shown).to_pylist(), columns, style)
    if style in ("table", "markdown") and len(table):
        lines = _summary(table, n_left=max(0, len(table) - shown))
        click.echo("\n" + ("\n".join(lines) if style == "table" else _listed(lines)))
    for note in notes:
        warn(note)


def _part(workspace: Workspace, given: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the revisions of what was given, and the dataset's name where the last is one.

    A name that git knows too is a revision, unless it is the third.
    """
    from ide.dataset.errors import GitError
    from ide.store import git

    if len(given) == 3:
        return list(given[:2]), given[2]
    if not given:
        return [], None
    here = workspace.datasets()
    try:
        git.resolve(workspace.root, given[-1])
    except GitError as error:
        if given[-1] in here:
            return list(given[:-1]), given[-1]
        if "is no revision" in str(error):
            raise GitError(f"{error}. Datasets: {', '.join(here[:10]) or 'none yet'}") from None
        raise
    if given[-1] not in here:
        return list(given), None
    warn(
        f"{given[-1]} is a dataset and also a revision, and is taken for the revision; "
        f"for the dataset: --name {given[-1]}"
    )
    return list(given), None


def _summary(table: pa.Table, *, n_left: int) -> list[str]:
    """Return how many changes there are of each kind and class pair, a dataset at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from ide.dataset.change_list import change_list, groups
    from ide.dataset.changes import counts, summarise

    lines = [f"… and {n_left:,} more: --limit, or --format"] if n_left else []
    nothing = pa.array([], pa.string())
    for dataset in pc.unique(table["dataset"]).to_pylist():
        own = table.filter(pc.equal(table["dataset"], dataset)).drop_columns(["dataset"])
        lines.append(f"{dataset}: {summarise(counts(own))}")
        found = [g for g in groups(change_list(own, nothing, nothing)) if g.pair]
        for group in found[:N_PAIRS]:
            lines.append(f"  {group.kind} {printable(group.pair)}: {group.n:,}")
        if len(found) > N_PAIRS:
            lines.append(f"  and {len(found) - N_PAIRS:,} more kinds and pairs")
    return lines


def _listed(lines: Sequence[str]) -> str:
    """Return the summary as a list in Markdown, in which what people wrote is no Markdown."""
    from ide.dataset.markdown import escape

    depths = (len(line) - len(line.lstrip()) for line in lines)
    both = zip(depths, lines, strict=True)
    return "\n".join(f"{' ' * depth}- {escape(line.strip())}" for depth, line in both)


@click.command()
@click.argument("name", required=False)
@limit_option(default=20)
@workspace_option
@format_option
def log(name: str | None, limit: int, root: Path | None, style: str) -> None:
    """List the commits that changed datasets, newest first: what each did to labels and metrics.

    With NAME, also the accuracy of each commit that a build is kept of on this machine, on that
    build's labels, and what the network and the answer key moved since the build before.
    """
    from ide.store.commits import accuracy_by_split, builds_of_commits, shallow_note
    from ide.store.commits import log as read_log
    from ide.store.history import log_as_rows

    workspace = Workspace.find(root)
    commits = read_log(workspace, name, limit=limit)
    builds = builds_of_commits(workspace, name, [c.revision for c in commits]) if name else {}
    metrics = {revision: accuracy_by_split(build) for revision, build in builds.items()}
    rows = log_as_rows(commits, metrics=metrics, shifts=_shifts(builds))
    columns = ["revision", "committed_at", "author", "message", "summary", "despite_errors"]
    if metrics or style != "table":
        columns[5:5] = ["accuracy", "moved"]
    if style in ("table", "markdown"):
        told = [{"accuracy": _accuracy(r["accuracy"]), "moved": _moved(r["moved"])} for r in rows]
        rows = [{**row, **own} for row, own in zip(rows, told, strict=True)]
    echo_rows(rows, columns, style)
    if any(commit.is_cut for commit in commits):
        warn(shallow_note(workspace) or "this clone is shallow")


def _shifts(builds: Mapping[str, BuildInfo]) -> Mapping[str, tuple[str, Shift]]:
    """Return what moved between the builds of commits; imports nothing where there are none."""
    if len(builds) < 2:
        return {}
    from ide.store.comparison import shifts_of_commits

    return shifts_of_commits(builds)


def _accuracy(by_split: Mapping[str, float] | None) -> str:
    return ", ".join(f"{split} {share:.4f}" for split, share in (by_split or {}).items())


def _moved(moved: Mapping[str, Any] | None) -> str:
    """Say what network and answer key moved: ``test: the network +0.30, the answer key +2.00``."""
    if not moved:
        return ""
    said = f"{moved['split']}: the network {100 * moved['network']:+.2f}"
    key = moved["answer_key"]
    return said if key is None else f"{said}, the answer key {100 * key:+.2f}"


@click.command()
@click.argument("name")
@click.argument("example_id")
@workspace_option
@format_option
def blame(name: str, example_id: str, root: Path | None, style: str) -> None:
    """List every edit of an example: who, when, what, why, on what evidence, in which commit.

    Under ``review`` stands what reviewers said of it; ``*`` marks the edits that are in force.
    """
    from ide.store.commits import shallow_note
    from ide.store.history import blame as read_blame

    workspace = Workspace.find(root)
    rows = read_blame(workspace, name, example_id)
    is_cut = any(row["is_committed"] and not row["commit"] for row in rows)
    columns = ("made_at", "annotator", "action", "value", "reason", "evidence", "commit", "review")
    if style in ("table", "markdown"):
        shown = [_readable(row, rows) for row in rows]
        echo_rows(shown, [c for c in _BLAME if any(row[c] for row in shown)], style)
    else:
        echo_rows(rows, (*columns, "is_committed", "is_in_force", "edit_id"), style)
    if is_cut:
        warn(shallow_note(workspace) or "this clone is shallow")


def _readable(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a row of blame for a terminal: ids of edits as what they were, evidence as words."""
    from ide.dataset.changes import words_of
    from ide.dataset.evidence import evidence_words

    target = next((other for other in rows if other["edit_id"] == row["value"]), None)
    value = row["value"] if target is None else f"{target['action']} {target['value'] or ''}"
    unknown = "(not committed)" if not row["is_committed"] else "(before this clone)"
    verdicts = (
        f"{words_of(r['verdict'])} by {r['annotator']}"
        + (f": {r['reason']}" if r["reason"] else "")
        for r in row["review"]
    )
    return {
        **row,
        "now": "*" if row["is_in_force"] else "",
        "made_at": f"{row['made_at']:%Y-%m-%d %H:%M}",
        "value": value,
        "evidence": evidence_words(row["evidence"]),
        "commit": row["commit"] or unknown,
        "review": "; ".join(verdicts),
    }
