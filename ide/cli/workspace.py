"""Commands on a whole workspace: make it, fill it, open it, ask it, write it out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ide.cli.common import (
    EXIT_OK,
    EXIT_WRONG_REQUEST,
    echo_rows,
    format_option,
    limit_option,
    warn,
    workspace_option,
)
from ide.dataset.errors import ImportRefusedError, UpwellError
from ide.output import ProgressLine, printable
from ide.store.workspace import Workspace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make an empty workspace in FOLDER, with its own git and DVC."""
    from ide.store.new import new_workspace

    workspace = new_workspace(folder)
    click.echo(f"made a workspace in {workspace.root}. Next: cd there, then upwell import SOURCE")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--revoke", is_flag=True, help="Take the trust back.")
@workspace_option
def trust(root: Path | None, *, yes: bool, revoke: bool) -> int:
    """Allow what belongs to this workspace to run, once a clone; shows first what that is."""
    from ide.store import trust as trusting
    from ide.store.what_runs import what_runs

    workspace = Workspace.find(root)
    if revoke:
        trusting.revoke(workspace)
        click.echo(f"{workspace.root} is not trusted")
        return EXIT_OK
    found = [str(one) for one in what_runs(workspace)]
    for line in found or ["nothing of its own: only the stages that every workspace has"]:
        click.echo(f"  {printable(line, width=500)}")
    if not yes and not _agrees():
        click.echo("nothing has changed")
        return EXIT_WRONG_REQUEST
    trusting.trust(workspace)
    click.echo(f"{workspace.root} is trusted; take it back with: upwell trust --revoke")
    return EXIT_OK


def _agrees() -> bool:
    """Ask the person; raise where there is none."""
    if not sys.stdin.isatty():
        raise UpwellError(
            "nobody is there to ask. Look at what would run, and say it with: upwell trust --yes"
        )
    return click.confirm("May all of this run on this machine?", default=False)


@click.command("import")
@click.argument("source")
@click.option("--name", required=True, help="The dataset's name: a folder and a SQL schema.")
@click.option("--title", help="The dataset's title (default: its name).")
@click.option("--licence", help="Under which licence the data may be used.")
@click.option("--label-column", help="The table's column of labels; '' = it has none.")
@click.option("--payload-column", help="The table's column of payloads or paths.")
@click.option("--id-column", help="The table's column of ids; '' = it has none.")
@click.option("--split-column", help="The table's column of splits; '' = it has none.")
@click.option("--split", help="The split of all rows; none = no file or folder is named for one.")
@click.option("--classes", metavar="A,B,…", help="The classes of a new dataset that has no labels.")
@click.option("--skip-broken", is_flag=True, help="Leave out examples that cannot be read.")
@click.option("--add-classes", is_flag=True, help="Accept classes that dataset.toml lacks.")
@click.option(
    "--as-edits",
    is_flag=True,
    help="Change the labels of known examples to the table's, as edits; shown before.",
)
@click.option("--reason-column", help="With --as-edits: the column of reasons (default: reason).")
@click.option("--annotator", help="With --as-edits: whose edits (default: git's user.name).")
@click.option("--dry-run", is_flag=True, help="Show what it would do, and write nothing.")
@click.option("--yes", is_flag=True, help="With --as-edits: append the edits without asking.")
@click.option("--no-commit", is_flag=True, help="Leave what came for a commit of yours, as in CI.")
@workspace_option
def import_(
    source: str,
    root: Path | None,
    name: str,
    *,
    as_edits: bool,
    reason_column: str | None,
    annotator: str | None,
    dry_run: bool,
    yes: bool,
    no_commit: bool,
    classes: str | None,
    **options: Any,
) -> None:
    """Import SOURCE: a folder of images by class, a CSV/JSONL/Parquet file, or sklearn:digits."""
    from ide.store.importing import import_source
    from ide.store.importing.request import class_names

    workspace = Workspace.find(root)
    if as_edits:
        from ide.cli.returned_labels import import_as_edits

        if classes or no_commit:
            unfit = "--classes" if classes else "--no-commit"
            raise ImportRefusedError(f"{unfit} is not for --as-edits. Nothing was imported.")
        about = {"reason_column": reason_column, "annotator": annotator}
        import_as_edits(workspace, source, name, dry_run=dry_run, yes=yes, **about, **options)
        return
    given = {
        "--reason-column": reason_column is not None,
        "--annotator": annotator is not None,
        "--yes": yes,
    }
    if wrong := [option for option, is_given in given.items() if is_given]:
        raise ImportRefusedError(f"{wrong[0]} is for --as-edits. Nothing was imported.")
    options["classes"] = class_names(classes or "")
    with ProgressLine() as progress:

        def on_progress(step: str, done: int, total: int | None) -> None:
            count = f" {done:,}" + (f" of {total:,}" if total else "") if done else ""
            progress(f"{step}{count}", stage=step)

        if dry_run:
            from ide.cli.previewing import preview

            preview(workspace, source, name, on_progress=on_progress, **options)
            return
        result = import_source(
            workspace, source, name=name, on_progress=on_progress, commit=not no_commit, **options
        )
    known = f", {result.n_known:,} known already" if result.n_known else ""
    at = f", committed as {result.revision[:10]}" if result.revision else ""
    n_classes = len(result.classes)
    click.echo(f"{name}: {result.n_new:,} examples imported{known}, {n_classes} classes{at}")
    for note in result.notes:
        warn(note)


@click.command("open")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8501,
    show_default=True,
    help="The port to listen on.",
)
@click.option("--headless", is_flag=True, help="Do not open a browser.")
@click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Where to listen; another than localhost only in a container or behind a proxy.",
)
@click.option(
    "--allow-origin",
    "allowed_origins",
    multiple=True,
    metavar="ORIGIN",
    help="What browsers call the workbench behind a proxy or a tunnel; may be repeated.",
)
@workspace_option
def open_(
    root: Path | None, port: int, headless: bool, address: str, allowed_origins: tuple[str, ...]
) -> None:
    """Open the workbench in the browser, on this machine only."""
    from ide.app.server import serve

    def on_ready(url: str) -> None:
        click.echo(f"the workbench is at {url} (Ctrl+C stops it)", err=True)

    workspace = Workspace.find(root)
    for sentence in workspace.refused().values():
        warn(sentence)
    serve(
        workspace,
        port=port,
        headless=headless,
        address=address,
        allowed_origins=allowed_origins,
        on_ready=on_ready,
    )


@click.command()
@click.argument("query")
@limit_option(default=1000)
@workspace_option
@format_option
def sql(query: str, limit: int, root: Path | None, style: str) -> None:
    """Answer a SQL query; each dataset is a schema: SELECT * FROM digits.suspects LIMIT 5."""
    from ide.store.exact_values import python_rows
    from ide.store.query import query as answer

    result = answer(Workspace.find(root), query, limit=limit)
    echo_rows(python_rows(result.table), result.table.column_names, style)
    if result.is_cut:
        n_rows = result.table.num_rows
        more = "raise --limit for more" if n_rows == limit else "select fewer columns for more"
        click.echo(f"upwell: only the first {n_rows:,} rows; {more}", err=True)


@click.command()
@click.argument("name")
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    help="The file or folder to write; nothing is overwritten.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(("parquet", "csv", "jsonl", "folder")),
    default=None,
    help="The format (default: by the path's ending, else a folder).",
)
@click.option(
    "--for-spreadsheet",
    is_flag=True,
    help="In a CSV, an apostrophe before cells that a spreadsheet would run as formulas.",
)
@workspace_option
def export(
    name: str, path: Path, kind: str | None, root: Path | None, *, for_spreadsheet: bool
) -> None:
    """Write a dataset with the labels in force, as Parquet, CSV, JSON Lines or a folder."""
    from ide.store.exporting import export_dataset

    workspace = Workspace.find(root)
    guessed = kind or path.suffix.lstrip(".") or "folder"
    result = export_dataset(workspace, name, path, format=guessed, for_spreadsheet=for_spreadsheet)
    left_out = f", {result.n_excluded:,} excluded left out" if result.n_excluded else ""
    disputed = f", {result.n_conflicts:,} in conflict as imported" if result.n_conflicts else ""
    click.echo(f"{name}: {result.n_examples:,} examples written to {path}{left_out}{disputed}")
    if result.n_formulas and not for_spreadsheet:
        warn(
            f"{result.n_formulas:,} cells of {path} begin as formulas do, and a spreadsheet would "
            "run them; for a spreadsheet, export with --for-spreadsheet"
        )
