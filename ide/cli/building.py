"""Commands that build and look at what was built: compile, suspects, check."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ide.cli.common import (
    EXIT_DATA_FAILS,
    EXIT_OK,
    EXIT_WRONG_REQUEST,
    N_WARNINGS,
    echo_rows,
    format_option,
    limit_option,
    warn,
    workspace_option,
)
from ide.output import ProgressLine, interval, issue_groups, printable
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    from ide.store.builds import BuildInfo


@click.command("compile")
@click.argument("names", nargs=-1)
@click.option("--at", "revision", help="Compile as of this revision, beside the working tree.")
@click.option(
    "--verify",
    "is_verifying",
    is_flag=True,
    help="Compile again without any cache, and compare byte by byte.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be built and how long.")
@workspace_option
def compile_(
    names: tuple[str, ...],
    revision: str | None,
    is_verifying: bool,
    is_dry: bool,
    root: Path | None,
) -> int:
    """Compile datasets (default: all): labels into weights, suspects, issues and metrics."""
    workspace = Workspace.find(root)
    if is_dry:
        _say_how_long(workspace, names)
    elif is_verifying:
        return _verify(workspace, names, revision)
    elif revision is not None:
        _compile_at(workspace, names, revision)
    else:
        _compile_now(workspace, names)
    return EXIT_OK


def _say_how_long(workspace: Workspace, names: tuple[str, ...]) -> None:
    from ide.store.build_process import names_to_build
    from ide.store.build_time import build_time
    from ide.store.builds import current_build, edits_since

    wanted = names_to_build(workspace, list(names) or None)
    for name in wanted:
        build = current_build(workspace, name)
        n = edits_since(workspace, build) if build else 0
        why = f"{n:,} edits since build {build.build_id}" if build else "its first build"
        click.echo(f"{name}: {why}; {build_time(workspace, [name])}")
    if len(wanted) > 1:
        click.echo(f"all: {build_time(workspace, wanted)}")


def _compile_now(workspace: Workspace, names: tuple[str, ...]) -> None:
    from ide.store.build_process import build_status, run_build
    from ide.store.issues import open_issues

    with ProgressLine() as progress:
        builds = run_build(workspace, list(names) or None, on_progress=_told_to(progress))
    for build in builds:
        click.echo(f"{build.dataset}: build {build.build_id}, test accuracy {_score(build)}")
        issues = open_issues(workspace, build.dataset, build)
        if n_errors := issues["severity"].to_pylist().count("error"):
            warn(f"{build.dataset} has {n_errors:,} errors; list them with: upwell check")
    for warning in build_status(workspace).warnings[:N_WARNINGS]:
        warn(warning)
    if left := _not_committed(workspace):
        click.echo(f"not committed: {left}; commit them together with: upwell commit", err=True)
    for name in () if names else workspace.datasets():
        if not (config := workspace.config(name)).is_compiled:
            click.echo(f"{name}: left out, as {config.modality} does not compile yet", err=True)


def _not_committed(workspace: Workspace) -> str:
    """Say what waits for a commit beside the build; "" where nothing does, or there is no git."""
    from ide.store.status import status

    found = status(workspace)
    return "" if found.problem else str(found.not_committed().taken)


def _compile_at(workspace: Workspace, names: tuple[str, ...], revision: str) -> None:
    from ide.store.rebuilding import build_at

    with ProgressLine() as progress:
        builds = build_at(workspace, names, revision, on_progress=_told_to(progress))
    for build in builds:
        where = f"{build.dataset} at {revision}"
        click.echo(f"{where}: build {build.build_id}, test accuracy {_score(build)}")


def _verify(workspace: Workspace, names: tuple[str, ...], revision: str | None) -> int:
    from ide.store.verifying import verify

    with ProgressLine() as progress:
        found = verify(workspace, names, revision, on_progress=_told_to(progress))
    for one in found:
        where = f"{one.build.dataset}: build {one.build.build_id}, made anew from {one.made_of}"
        if not one.differences:
            click.echo(f"{where}: all {one.n_files} files are the same byte for byte")
            continue
        click.echo(f"{where}: {len(one.differences)} of {one.n_files} files differ")
        for file, difference in one.differences.items():
            click.echo(f"  {file} differs first at {printable(difference, width=200)}")
        for cause in one.causes:
            click.echo(f"  {cause}")
    return EXIT_DATA_FAILS if any(one.differences for one in found) else EXIT_OK


def _told_to(progress: ProgressLine) -> Callable[[str], None]:
    return lambda line: progress(line, stage=line.split(",")[0])


def _score(build: BuildInfo) -> str:
    from ide.store.builds import build_metrics

    test = build_metrics(build)["splits"].get("test")
    return interval(test["accuracy"]) if test and test["accuracy"] else "no test examples"


@click.command()
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
        echo_rows(rows, (*found, *left), style)
        return
    rows = suspect_rows(workspace, name, limit=limit, with_judged=with_judged)
    doubt = ("rank", "example_id", "label", "p_mislabeled")
    instead = ("suggested_label", "p_suggested", "is_ambiguous")
    echo_rows(rows, (*doubt, *instead, "split", "reason"), style)
    if style == "table" and (said := how_many(workspace, name)):
        click.echo(f"\n{said}")


@click.command()
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
    from ide.store.examples import require_here

    workspace = Workspace.find(root)
    rows: list[dict[str, Any]] = []
    refused = {} if names else workspace.refused()
    for sentence in refused.values():
        warn(sentence)
    has_broken = bool(refused)
    for name in [workspace.require(name) for name in names] or workspace.datasets():
        require_here(workspace, name)
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
            warn(sentence)
    if style == "table":
        click.echo(issue_groups(rows, limit=limit))
    else:
        columns = ("dataset", "severity", "check", "example_id", "other_id", "score", "message")
        echo_rows(rows, (*columns, "issue_id", "group_id", "subject"), style)
    if has_broken:
        return EXIT_WRONG_REQUEST
    return EXIT_DATA_FAILS if any(r["severity"] == "error" for r in rows) else EXIT_OK
