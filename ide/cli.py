"""The command line: the same verbs as the workbench, each a thin call of the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

import ide
from ide.dataset.drill import KINDS as DRILL_KINDS
from ide.dataset.errors import DrillError, EditError, UpwellError
from ide.output import FORMATS, ProgressLine, as_json, interval, issue_groups, printable, render
from ide.store.workspace import Workspace

DRILL_COLUMNS = ("who", "measure", "n", "of", "value", "low", "high")
_N_WARNINGS = 20  # the workbench and JSON tell of all
EXIT_OK, EXIT_DATA_FAILS, EXIT_WRONG_REQUEST, EXIT_BROKEN = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 fine, 1 the data fails, 2 the request was wrong, 3 broken."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error is one sentence on stderr."""
    try:
        result = upwell.main(arguments, prog_name="upwell", standalone_mode=False)
        return result if isinstance(result, int) else EXIT_OK
    except UpwellError as error:
        return _complain(str(error), error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_WRONG_REQUEST
    except (click.Abort, KeyboardInterrupt):
        return _complain("cancelled", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:  # the last line of defence: no traceback
        if os.environ.get("UPWELL_DEBUG"):
            raise
        kind = type(error).__name__
        return _complain(
            f"something broke ({kind}: {str(error)[:300]}). Set UPWELL_DEBUG=1 to see where, "
            "and please report it",
            EXIT_BROKEN,
        )


def _warn(sentence: str) -> None:
    click.echo(f"upwell: {printable(sentence, width=500)}", err=True)


def _complain(sentence: str, code: int) -> int:
    click.echo(f"upwell: {sentence}", err=True)
    return code


def _echo_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], style: str) -> None:
    click.echo(render(rows, columns=columns, style=style))


workspace_option = click.option(
    "--workspace",
    "root",
    type=click.Path(path_type=Path),
    help="A folder in the workspace (default: this one).",
)
format_option = click.option(
    "--format", "style", type=click.Choice(FORMATS), default="table", help="How to print tables."
)
limit_option = partial(
    click.option, "--limit", type=click.IntRange(1), show_default=True, help="At most so many rows."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ide.__version__, prog_name="upwell")
def upwell() -> None:
    """Upwell: an IDE for Software 2.0. Datasets are source code; training compiles them."""


@upwell.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make an empty workspace in FOLDER, with its own git and DVC."""
    from ide.store.new import new_workspace

    workspace = new_workspace(folder)
    click.echo(f"made a workspace in {workspace.root}. Next: cd there, then upwell import SOURCE")


@upwell.command("import")
@click.argument("source")
@click.option("--name", required=True, help="The dataset's name: a folder and a SQL schema.")
@click.option("--title", help="The dataset's title (default: its name).")
@click.option("--licence", help="Under which licence the data may be used.")
@click.option("--label-column", help="The table's column of labels.")
@click.option("--payload-column", help="The table's column of payloads or paths.")
@click.option("--id-column", help="The table's column of ids.")
@click.option("--split-column", help="The table's column of splits.")
@click.option("--add-classes", is_flag=True, help="Accept classes that dataset.toml lacks.")
@workspace_option
def import_(source: str, root: Path | None, name: str, **options: Any) -> None:
    """Import SOURCE: a folder of images by class, a CSV/JSONL/Parquet file, or sklearn:digits."""
    from ide.store.importing import import_source

    workspace = Workspace.find(root)
    with ProgressLine() as progress:

        def on_progress(step: str, done: int, total: int | None) -> None:
            count = f" {done:,}" + (f" of {total:,}" if total else "") if done else ""
            progress(f"{step}{count}", stage=step)

        result = import_source(workspace, source, name=name, on_progress=on_progress, **options)
    known = f", {result.n_known:,} known already" if result.n_known else ""
    click.echo(f"{name}: {result.n_new:,} examples imported{known}, {len(result.classes)} classes")


@upwell.command("open")
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
@workspace_option
def open_(root: Path | None, port: int, headless: bool, address: str) -> None:
    """Open the workbench in the browser, on this machine only."""
    from ide.app.server import serve

    def on_ready(url: str) -> None:
        click.echo(f"the workbench is at {url} (Ctrl+C stops it)", err=True)

    workspace = Workspace.find(root)
    serve(workspace, port=port, headless=headless, address=address, on_ready=on_ready)


@upwell.command("compile")
@click.argument("names", nargs=-1)
@workspace_option
def compile_(names: tuple[str, ...], root: Path | None) -> None:
    """Compile datasets (default: all): labels into weights, suspects, issues and metrics."""
    from ide.store.build_process import build_status, run_build
    from ide.store.builds import build_metrics
    from ide.store.issues import open_issues

    workspace = Workspace.find(root)
    with ProgressLine() as progress:
        builds = run_build(
            workspace,
            list(names) or None,
            on_progress=lambda line: progress(line, stage=line.split(",")[0]),
        )
    for build in builds:
        test = build_metrics(build)["splits"].get("test")
        score = interval(test["accuracy"]) if test and test["accuracy"] else "no test examples"
        click.echo(f"{build.dataset}: build {build.build_id}, test accuracy {score}")
        issues = open_issues(workspace, build.dataset, build)
        if n_errors := issues["severity"].to_pylist().count("error"):
            _warn(f"{build.dataset} has {n_errors:,} errors; list them with: upwell check")
    for warning in build_status(workspace).warnings[:_N_WARNINGS]:
        _warn(warning)
    for name in () if names else workspace.datasets():
        if not (config := workspace.config(name)).is_compiled:
            click.echo(f"{name}: left out, as {config.modality} does not compile yet", err=True)


@upwell.command()
@click.argument("name")
@limit_option(default=20)
@click.option("--all", "with_judged", is_flag=True, help="Also those a person has judged.")
@click.option(
    "--yield", "of_yield", is_flag=True, help="What judging has found, what is left, when to stop."
)
@workspace_option
@format_option
def suspects(
    name: str, *, root: Path | None, limit: int, with_judged: bool, of_yield: bool, style: str
) -> None:
    """List the examples whose label is probably wrong, most suspect first."""
    from ide.store.estimates import how_many
    from ide.store.queue import suspect_rows, yield_rows

    workspace = Workspace.find(root)
    if of_yield:
        rows = yield_rows(workspace, name)
        found = ("n_judged", "n_errors", "precision", "precision_low", "precision_high")
        left = ("n_left", "n_left_low", "n_left_high", "n_worth", "advice")
        _echo_rows(rows, (*found, *left), style)
        return
    rows = suspect_rows(workspace, name, limit=limit, with_judged=with_judged)
    doubt = ("rank", "example_id", "label", "p_mislabeled")
    instead = ("suggested_label", "p_suggested", "is_ambiguous")
    _echo_rows(rows, (*doubt, *instead, "split", "reason"), style)
    if style == "table" and (said := how_many(workspace, name)):
        click.echo(f"\n{said}")


@upwell.command()
@click.argument("names", nargs=-1)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="At most so many lines a check, in a table.",
)
@click.option("--all", "with_dismissed", is_flag=True, help="Also what was dismissed as none.")
@workspace_option
@format_option
def check(
    names: tuple[str, ...], root: Path | None, limit: int, with_dismissed: bool, style: str
) -> int:
    """Check datasets (default: all) as they are labelled now; ends with 1 on an error."""
    from ide.store.checking import check_now, remarks

    workspace = Workspace.find(root)
    rows: list[dict[str, Any]] = []
    has_broken = False
    for name in [workspace.require(name) for name in names] or workspace.datasets():
        with ProgressLine() as progress:
            found = check_now(
                workspace,
                name,
                with_dismissed=with_dismissed,
                on_progress=partial(progress, stage=name),
            )
        rows += [{"dataset": name, **issue} for issue in found.issues.to_pylist()]
        has_broken = has_broken or bool(found.broken)
        for sentence in remarks(name, found):
            _warn(sentence)
    if style == "table":
        click.echo(issue_groups(rows, limit=limit))
    else:
        columns = ("dataset", "severity", "check", "example_id", "other_id", "score", "message")
        _echo_rows(rows, (*columns, "issue_id", "group_id", "subject"), style)
    if has_broken:
        return EXIT_WRONG_REQUEST
    return EXIT_DATA_FAILS if any(r["severity"] == "error" for r in rows) else EXIT_OK


@upwell.command()
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


@upwell.command()
@workspace_option
@format_option
def status(root: Path | None, style: str) -> int:
    """Show the branch, uncommitted edits, conflicts and builds; ends with 1 on a conflict."""
    from ide.store.status import status as read_status
    from ide.store.status import status_as_dict

    found = status_as_dict(read_status(Workspace.find(root)))
    if style == "json":
        click.echo(as_json(found))
    else:
        if style == "table":
            click.echo(f"on {found['branch'] or 'no branch'} at {found['revision'] or 'no commit'}")
        columns = ("dataset", "n_examples", "n_edits", "n_conflicts", "n_damaged", "build_id")
        _echo_rows(found["datasets"], columns, style)
        for sentence in (*found["damage"], *found["notes"]):
            _warn(sentence)
        for each in found["conflicts"][:_N_WARNINGS]:
            what = f"{each['dataset']} {each['example_id']}"
            _warn(f"{what} is in conflict: {' | '.join(each['values'])}. Decide with: upwell edit")
    return EXIT_DATA_FAILS if found["conflicts"] else EXIT_OK


@upwell.command()
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
    _echo_rows(rows, columns, style)


@upwell.command()
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
    _echo_rows(rows, columns, style)


@upwell.command()
@click.argument("name")
@click.argument("example_id")
@workspace_option
@format_option
def blame(name: str, example_id: str, root: Path | None, style: str) -> None:
    """List every edit of an example: who, when, what, why, on what evidence, in which commit."""
    from ide.store.history import blame as read_blame

    rows = read_blame(Workspace.find(root), name, example_id)
    columns = ("made_at", "annotator", "action", "value", "reason", "evidence", "commit")
    _echo_rows(rows, columns, style)


@upwell.command()
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


@upwell.command()
@click.option("--base", help="The revision to compare with (default: HEAD).")
@workspace_option
def report(base: str | None, root: Path | None) -> None:
    """Write Markdown: the label diff, and the metrics before and after."""
    from ide.store.report import report_markdown

    click.echo(report_markdown(Workspace.find(root), base=base))


@upwell.command()
@click.argument("query")
@limit_option(default=1000)
@workspace_option
@format_option
def sql(query: str, limit: int, root: Path | None, style: str) -> None:
    """Answer a SQL query; each dataset is a schema: SELECT * FROM digits.suspects LIMIT 5."""
    from ide.store.query import query as answer

    result = answer(Workspace.find(root), query, limit=limit)
    _echo_rows(result.table.to_pylist(), result.table.column_names, style)
    if result.is_cut:
        click.echo(f"upwell: only the first {limit:,} rows; raise --limit for more", err=True)


@upwell.command()
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
@workspace_option
def export(name: str, path: Path, kind: str | None, root: Path | None) -> None:
    """Write a dataset with the labels in force, as Parquet, CSV, JSON Lines or a folder."""
    from ide.store.exporting import export_dataset

    workspace = Workspace.find(root)
    guessed = kind or path.suffix.lstrip(".") or "folder"
    result = export_dataset(workspace, name, path, format=guessed)
    left_out = f", {result.n_excluded:,} excluded left out" if result.n_excluded else ""
    disputed = f", {result.n_conflicts:,} in conflict as imported" if result.n_conflicts else ""
    click.echo(f"{name}: {result.n_examples:,} examples written to {path}{left_out}{disputed}")


@upwell.command()
@click.argument("name")
@click.option("--errors", "n_errors", type=int, help="Begin a drill: plant so many wrong labels.")
@click.option(
    "--kind",
    type=click.Choice(DRILL_KINDS),
    default=DRILL_KINDS[0],
    show_default=True,
    help="Which wrong labels: any class, those the network confuses, or half and half.",
)
@click.option("--seed", type=click.IntRange(0), help="Plant the same again (default: a new seed).")
@click.option("--score", is_flag=True, help="Show what was found so far.")
@click.option("--end", is_flag=True, help="Show the score, and go back to where it began.")
@click.option("--no-carry", is_flag=True, help="At the end: leave all edits on the drill's branch.")
@click.option("--delete", is_flag=True, help="At the end: delete the drill's branch.")
@workspace_option
@format_option
def drill(name: str, root: Path | None, style: str, **options: Any) -> None:
    """Plant wrong labels on a branch of its own, and measure how many are found."""
    from ide.dataset.drill_score import score_as_rows
    from ide.store import drill_sentences, drills

    workspace = Workspace.find(root)
    workspace.require(name)
    _check_drill_options(options)
    if options["n_errors"] is not None:
        asked = {key: options[key] for key in ("n_errors", "kind", "seed")}
        click.echo(drill_sentences.began(drills.start_drill(workspace, name, **asked)))
    elif options["end"]:
        carry, delete = not options["no_carry"], options["delete"]
        ended = drills.end_drill(workspace, name, carry=carry, delete=delete)
        _echo_rows(score_as_rows(ended.score.rows), DRILL_COLUMNS, style)
        click.echo(drill_sentences.ended(ended), err=style != "table")
    elif options["score"]:
        found = drills.drill_score(workspace, name)
        _echo_rows(score_as_rows(found.rows), DRILL_COLUMNS, style)
        if found.build_id is None:
            _warn(f"the detector has not been measured yet. Compile with: upwell compile {name}")
    else:
        click.echo(drill_sentences.going_on(drills.drill_progress(workspace, name)))


def _check_drill_options(options: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other, and those of another step."""
    steps = {"n_errors": "--errors", "score": "--score", "end": "--end"}
    chosen = [option for key, option in steps.items() if options[key] not in (None, False)]
    if len(chosen) > 1:
        raise DrillError(f"got {' and '.join(chosen)}, wanted one of {', '.join(steps.values())}")
    if options["seed"] is not None and chosen != ["--errors"]:
        raise DrillError("--seed is for beginning a drill; say how many too, as in: --errors 60")
    if (options["no_carry"] or options["delete"]) and chosen != ["--end"]:
        raise DrillError("--no-carry and --delete say how a drill ends; give --end too")


COMMANDS: dict[str, Callable[..., Any]] = dict(upwell.commands)

if __name__ == "__main__":
    main()
