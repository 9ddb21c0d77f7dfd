"""Commands that look back: diff, log, blame."""

from __future__ import annotations

from pathlib import Path

import click

from ide.cli.common import echo_rows, format_option, limit_option, workspace_option
from ide.store.workspace import Workspace


@click.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--name", "names", multiple=True, help="Only this dataset (may be repeated).")
@workspace_option
@format_option
def diff(
    a: str | None, b: str | None, names: tuple[str, ...], root: Path | None, style: str
) -> None:
    """List what changed between revisions A (default HEAD) and B (default: the working tree)."""
    from ide.store.history import diff as read_diff

    rows = read_diff(Workspace.find(root), a, b, list(names) or None).to_pylist()
    columns = ("dataset", "example_id", "kind", "before", "after", "annotator", "reason", "made_at")
    echo_rows(rows, columns, style)


@click.command()
@click.argument("name", required=False)
@limit_option(default=20)
@workspace_option
@format_option
def log(name: str | None, limit: int, root: Path | None, style: str) -> None:
    """List the commits that changed datasets, newest first."""
    from ide.store.commits import log as read_log
    from ide.store.history import log_as_rows

    rows = log_as_rows(read_log(Workspace.find(root), name, limit=limit))
    columns = ("revision", "committed_at", "author", "message", "summary", "despite_errors")
    echo_rows(rows, columns, style)


@click.command()
@click.argument("name")
@click.argument("example_id")
@workspace_option
@format_option
def blame(name: str, example_id: str, root: Path | None, style: str) -> None:
    """List every edit of an example: who, when, what, why, on what evidence, in which commit."""
    from ide.store.history import blame as read_blame

    rows = read_blame(Workspace.find(root), name, example_id)
    columns = ("made_at", "annotator", "action", "value", "reason", "evidence", "commit")
    echo_rows(rows, columns, style)
