"""Commands for several lines of work on the same labels: branch, switch, merge, revert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ide.cli.common import (
    EXIT_DATA_FAILS,
    EXIT_OK,
    N_WARNINGS,
    echo_rows,
    format_option,
    warn,
    workspace_option,
)
from ide.store.workspace import Workspace

BRANCH_COLUMNS = (
    *("is_current", "name", "revision", "n_ahead", "n_behind"),
    *("committed_at", "author", "subject"),
)


@click.command()
@click.argument("name", required=False)
@click.argument("at", required=False)
@workspace_option
@format_option
def branch(name: str | None, at: str | None, root: Path | None, style: str) -> None:
    """List the branches; with NAME, make one at AT (default: HEAD) and go there."""
    from ide.store import branches

    workspace = Workspace.find(root)
    if name is None:
        rows = [_branch_row(b) for b in branches.list_branches(workspace)]
        echo_rows(rows, BRANCH_COLUMNS, style)
        return
    _tell(branches.create_branch(workspace, name, at).notes, f"on the new branch {name}")


@click.command()
@click.argument("name")
@workspace_option
def switch(name: str, root: Path | None) -> None:
    """Go to a branch; uncommitted edits come along where git can take them."""
    from ide.store import branches

    found = branches.switch_branch(Workspace.find(root), name)
    _tell(found.notes, f"on {found.branch}")


@click.command()
@click.argument("name")
@click.option("-m", "--message", help="The message (default: git's own, when a commit is needed).")
@workspace_option
def merge(name: str, message: str | None, root: Path | None) -> int:
    """Merge a branch into this one; ends with 1 where people disagree on an example."""
    from ide.store.merging import merge as make_merge

    found = make_merge(Workspace.find(root), name, message=message)
    if found.is_up_to_date:
        click.echo(f"nothing new: {name} is in this branch already")
    else:
        said = ", ".join(f"{_edits(n)} of {dataset}" for dataset, n in found.n_edits.items())
        click.echo(f"merged {name} at {(found.revision or '')[:10]}: {said or 'no edits'}")
    for sentence in found.notes:
        warn(sentence)
    _tell_conflicts(found.conflicts)
    return EXIT_DATA_FAILS if found.n_conflicts else EXIT_OK


@click.command()
@click.argument("revision")
@click.option("--annotator", help="Who takes it back (default: git's user.name).")
@click.option("--reason", help="Why; it goes into the edits and the commit's message.")
@workspace_option
def revert(revision: str, annotator: str | None, reason: str | None, root: Path | None) -> None:
    """Take back what one commit did to labels, in a commit of its own; later edits stay."""
    from ide.store.annotators import default_annotator
    from ide.store.reverting import revert as make_revert

    workspace = Workspace.find(root)
    who = annotator or default_annotator(workspace)
    found = make_revert(workspace, revision, annotator=who, reason=reason)
    if found.revision:
        said = ", ".join(f"{_edits(len(edits))} of {name}" for name, edits in found.edits.items())
        click.echo(f"reverted at {found.revision[:10]}: {said}")
    _warn_few(found.kept)
    _tell(found.notes)


def _edits(n: int) -> str:
    return "1 edit" if n == 1 else f"{n:,} edits"


def _branch_row(branch: Any) -> Mapping[str, Any]:
    return {
        "is_current": "*" if branch.is_current else "",
        "name": branch.name,
        "revision": branch.revision[:10],
        "n_ahead": branch.n_ahead,
        "n_behind": branch.n_behind,
        "committed_at": branch.committed_at,
        "author": branch.author,
        "subject": branch.subject,
    }


def _tell(notes: Sequence[str], first: str = "") -> None:
    if first:
        click.echo(first)
    for sentence in notes:
        warn(sentence)


def _tell_conflicts(conflicts: Mapping[str, Sequence[str]]) -> None:
    n = sum(len(ids) for ids in conflicts.values())
    if n:
        listed = [f"{name} {i}" for name, ids in conflicts.items() for i in ids]
        more = ", …" if n > N_WARNINGS else ""
        warn(
            f"{n:,} {'example is' if n == 1 else 'examples are'} in conflict: "
            f"{', '.join(listed[:N_WARNINGS])}{more}. Decide in Review (upwell open), or with: "
            "upwell edit"
        )


def _warn_few(sentences: Sequence[str]) -> None:
    for sentence in sentences[:N_WARNINGS]:
        warn(sentence)
    if len(sentences) > N_WARNINGS:
        warn(f"and {len(sentences) - N_WARNINGS:,} more that later edits build on")
