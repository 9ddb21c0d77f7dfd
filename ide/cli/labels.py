"""Commands that change labels and keep the changes: edit, status, commit."""

from __future__ import annotations

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
from ide.dataset.errors import EditError
from ide.output import as_json, printable
from ide.store.workspace import Workspace


@click.command()
@click.argument("name")
@click.argument("example_id")
@click.option("--label", help="The right label.")
@click.option("--confirm", is_flag=True, help="A person looked, and the label is right.")
@click.option("--exclude", is_flag=True, help="Leave the example out of training and metrics.")
@click.option("--restore", is_flag=True, help="Take it in again.")
@click.option("--split", "split_", help="Move it to train, validation, test or pool.")
@click.option("--tag", help="Put a tag on it.")
@click.option("--untag", help="Take a tag off it.")
@click.option("--comment", help="Say something about it.")
@click.option("--dismiss", metavar="ISSUE_ID", help="Say that an issue of it is not a problem.")
@click.option("--approve", metavar="EDIT_ID", help="As a reviewer: an edit of it is right.")
@click.option(
    "--request-change",
    metavar="EDIT_ID",
    help="As a reviewer: an edit of it should be another; --reason says what is asked.",
)
@click.option("--undo", is_flag=True, help="Take back the newest edit in force.")
@click.option("--annotator", help="Whose edit it is (default: git's user.name).")
@click.option("--reason", help="Why.")
@workspace_option
def edit(
    name: str,
    example_id: str,
    root: Path | None,
    annotator: str | None,
    reason: str | None,
    **actions: Any,
) -> None:
    """Edit one example: append one line to the edit log, safe on the disk when this returns.

    With --dismiss and --undo, EXAMPLE_ID may be '*': an issue of the whole dataset.
    """
    from ide.store import issues, state
    from ide.store.annotators import default_annotator

    workspace = Workspace.find(root)
    workspace.require(name)
    chosen = {k.rstrip("_"): v for k, v in actions.items() if v}
    if len(chosen) != 1:
        raise EditError(
            f"got {len(chosen)} actions ({', '.join(chosen) or 'none'}), wanted one of "
            + ", ".join(f"--{k.rstrip('_')}" for k in actions)
        )
    ((action, value),) = chosen.items()
    who, text = annotator or default_annotator(workspace), value if value is not True else None
    if action == "undo":
        made = state.undo_last(workspace, name, example_id, annotator=who, reason=reason)
    elif action == "dismiss":
        made = issues.dismiss_issue(
            workspace, name, example_id, value, annotator=who, reason=reason
        )
    else:
        made = state.edit_example(
            workspace, name, example_id, action, text, annotator=who, reason=reason
        )
    what = f"{made.action} {printable(made.value, width=200)}".strip()
    click.echo(f"{name} {example_id}: {what} ({made.edit_id})")


@click.command()
@workspace_option
@format_option
def status(root: Path | None, style: str) -> int:
    """Show the branch, what has no label, what is not committed, conflicts; 1 on a conflict."""
    from ide.store.status import status as read_status
    from ide.store.status import status_as_dict

    whole = read_status(Workspace.find(root))
    found = status_as_dict(whole)
    if style == "json":
        click.echo(as_json(found))
    else:
        if style == "table":
            click.echo(f"on {found['branch'] or 'no branch'} at {found['revision'] or 'no commit'}")
        columns = (
            *("dataset", "n_examples", "n_unlabelled", "n_edits"),
            *("n_conflicts", "n_damaged", "build_id"),
        )
        echo_rows(found["datasets"], columns, style)
        left = whole.not_committed()
        if style == "table" and left.taken.is_committable:
            click.echo(f"not committed: {left.taken}; upwell commit takes them")
        if style == "table" and left.foreign:
            click.echo(f"changed, and for git to commit: {left.untaken}")
        for sentence in (*found["damage"], *found["notes"]):
            warn(sentence)
        for each in found["conflicts"][:N_WARNINGS]:
            what = f"{each['dataset']} {each['example_id']}"
            warn(f"{what} is in conflict: {' | '.join(each['values'])}. Decide with: upwell edit")
    return EXIT_DATA_FAILS if found["conflicts"] else EXIT_OK


@click.command()
@click.argument("name", required=False)
@click.option("--drop", is_flag=True, help="Forget them instead: they were meant to go.")
@workspace_option
def recover(name: str | None, root: Path | None, *, drop: bool) -> None:
    """Bring back saved edits that git took from an edit log before a commit had them."""
    from ide.store.taken import bring_back, drop_taken

    workspace = Workspace.find(root)
    total = 0
    for each in [workspace.require(name)] if name else workspace.datasets():
        n_edits = (drop_taken if drop else bring_back)(workspace, each)
        total += n_edits
        if n_edits:
            click.echo(f"{each}: {n_edits:,} edits {'forgotten' if drop else 'are back'}")
    if not total:
        click.echo("no saved edit is gone")


@click.command()
@click.option("-m", "--message", help="The message (default: what changed).")
@click.option("--name", "names", multiple=True, help="Only this dataset (may be repeated).")
@click.option(
    "--despite-errors",
    metavar="REASON",
    help="Commit although errors stand; the reason is recorded in the commit.",
)
@workspace_option
def commit(
    message: str | None, names: tuple[str, ...], despite_errors: str | None, root: Path | None
) -> None:
    """Commit the edit logs and DVC's pointers with git; other staged work stays as it is."""
    from ide.store.committing import commit as make_commit

    if despite_errors is not None and not despite_errors.strip():
        raise EditError("--despite-errors is empty; say why the errors may stand")
    made = make_commit(
        Workspace.find(root), message, list(names) or None, despite_errors=despite_errors
    )
    click.echo(f"{made.revision[:10]} {made.message.splitlines()[0]}")
