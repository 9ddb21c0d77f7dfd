"""Commands for a pull request: the report, and the workflows that post it."""

from __future__ import annotations

from pathlib import Path

import click

from ide.cli.common import EXIT_DATA_FAILS, EXIT_OK, warn, workspace_option
from ide.store.workspace import Workspace

GATES, ERRORS = "gates", "errors"
N_NAMED = 10  # gates or errors, in a sentence


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--base",
    help="The revision to compare with (default: HEAD); if it has gone on, where the two part.",
)
@click.option("--head", help="The revision that is reported on (default: the working tree).")
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), help="Write the Markdown here."
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with the pictures here, too; it needs nothing else.",
)
@click.option(
    "--fail-on",
    "fail_on",
    type=click.Choice((GATES, ERRORS)),
    multiple=True,
    help="End with 1 where a gate fails, or the checks find a new error (may be repeated).",
)
@workspace_option
def report(
    names: tuple[str, ...],
    *,
    base: str | None,
    head: str | None,
    to: Path | None,
    page: Path | None,
    fail_on: tuple[str, ...],
    root: Path | None,
) -> int:
    """Write what a change does: labels, metrics, what it fixed and broke and why, gates, checks."""
    from ide.store.files import write_out
    from ide.store.report import make_report, report_html, report_markdown

    workspace = Workspace.find(root)
    made = make_report(workspace, base, head, names)
    text = report_markdown(workspace, made)
    if page is not None:
        write_out(page, report_html(workspace, made))
    if to is not None:
        write_out(to, text)
    else:
        click.echo(text, nl=False)
    failed = False
    for what, found, word in (
        (GATES, made.failed_gates, "gate"),
        (ERRORS, made.new_errors, "new error"),
    ):
        if what in fail_on and found:
            failed = True
            more = f", and {len(found) - N_NAMED:,} more" if len(found) > N_NAMED else ""
            verb = " failed" if what == GATES else ""
            many = "" if len(found) == 1 else "s"
            warn(f"{len(found):,} {word}{many}{verb}: {', '.join(found[:N_NAMED])}{more}")
    return EXIT_DATA_FAILS if failed else EXIT_OK


@click.command()
@click.argument("host", type=click.Choice(("github", "gitlab")))
@workspace_option
def ci(host: str, root: Path | None) -> None:
    """Write the workflow that posts the report to each pull or merge request."""
    from ide.store.ci import write_workflows

    files, to_do = write_workflows(Workspace.find(root), host)
    for path in files:
        click.echo(f"wrote {path}")
    if to_do:
        warn(to_do)
