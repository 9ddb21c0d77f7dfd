"""The command that searches: which commit broke a gate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ide.cli.common import (
    EXIT_OK,
    echo_rows,
    format_option,
    warn,
    workspace_option,
)
from ide.dataset.errors import BisectError
from ide.output import ProgressLine, as_json, printable, render
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from ide.store.bisect_state import Bisect

_POLL_S = 0.2
_CANCELLED = 130  # as a shell says it of Ctrl+C
_MAX_ROWS = 20  # of the culprit's diff, in a table
_MAX_PAIRS = 8  # of classes
_DIFF_COLUMNS = ("example_id", "kind", "before", "after", "annotator", "reason", "made_at")


@click.command()
@click.argument("name", required=False)
@click.option("--good", metavar="REV", help="A revision that passes the gate.")
@click.option("--bad", metavar="REV", help="A later one that fails it (default: HEAD).")
@click.option("--gate", help="Such as \"accuracy on slice label = '8' >= 0.95\", or a gate's name.")
@click.option("--status", "is_status", is_flag=True, help="How far the latest one is; no new one.")
@click.option("--cancel", "is_cancel", is_flag=True, help="End the one that runs.")
@workspace_option
@format_option
def bisect(
    name: str | None,
    *,
    root: Path | None,
    good: str | None,
    bad: str | None,
    gate: str | None,
    is_status: bool,
    is_cancel: bool,
    style: str,
) -> int:
    """Find the label commit that broke a gate, by building revisions in between."""
    from ide.store.bisecting import bisect_status, cancel_bisect, start_bisect

    workspace = Workspace.find(root)
    if is_status or is_cancel:
        found = cancel_bisect(workspace) if is_cancel else bisect_status(workspace)
        if found is None:
            raise BisectError(f"there has been no bisection here yet. {_USAGE}")
        return _tell(workspace, found, style)
    if name is None or good is None or gate is None:
        missing = [n for n, v in (("NAME", name), ("--good", good), ("--gate", gate)) if v is None]
        raise BisectError(f"{' and '.join(missing)} missing. {_USAGE}")
    started = start_bisect(workspace, name, good=good, bad=bad, gate=gate)
    try:
        ended = _watch(workspace, started, style)
    except KeyboardInterrupt:
        ended = cancel_bisect(workspace) or started
        _tell(workspace, ended, style)
        return _CANCELLED
    return _tell(workspace, ended, style)


_USAGE = 'Begin with: upwell bisect NAME --good REV --gate "accuracy >= 0.95"'


def _watch(workspace: Workspace, bisect: Bisect, style: str) -> Bisect:
    """Follow a bisection to its end; in a table's style each verdict is a line as it comes."""
    n_told = 0
    while True:
        bisect = _wait(workspace, bisect, n_told)
        lines = _lines(bisect)[n_told:]
        n_told += len(lines)
        for line in lines if style == "table" else ():
            click.echo(line)
        if not lines:
            return bisect


def _wait(workspace: Workspace, bisect: Bisect, n_told: int) -> Bisect:
    """Show how far the build is until there is a line more to tell, or it has ended."""
    from ide.store.bisect_report import headline
    from ide.store.bisect_state import RUNNING, load_progress
    from ide.store.bisecting import bisect_status

    with ProgressLine() as progress:
        while True:
            found = bisect_status(workspace)
            if found is None or found.bisect_id != bisect.bisect_id:
                raise BisectError("this bisection was ended, and another one has begun")
            if len(_lines(found)) > n_told or found.state != RUNNING:
                return found
            doing = load_progress(workspace, found.bisect_id)
            at = f"{found.probing[:7]}: {doing}" if found.probing else headline(found)
            progress(at, stage=at.split(",")[0])
            time.sleep(_POLL_S)


def _lines(bisect: Bisect) -> list[str]:
    """Return what is to be told so far: what is searched, then a line a verdict."""
    measured = [verdict.revision for verdict in bisect.verdicts.values()]
    return [_beginning(bisect), *(_line(bisect, r) for r in measured)] if bisect.legs else []


def _beginning(bisect: Bisect) -> str:
    leg = bisect.legs[0]
    n, n_all = len(leg.candidates), len(leg.stops)
    equal = f", {n:,} of them change what is trained on" if n != n_all else ""
    commits = "1 commit" if n_all == 1 else f"{n_all:,} commits"
    return (
        f"{bisect.dataset}: {commits} from {bisect.good_name} to {bisect.bad_name}{equal}; "
        f"gate: {printable(bisect.gate_line, width=200)}"
    )


def _line(bisect: Bisect, revision: str) -> str:
    """Return a verdict as a line: which commit, what was measured, how many are left."""
    from ide.store.bisect_report import headline, measured

    verdict = bisect.verdict_of(revision)
    assert verdict is not None
    stop = bisect.stop(revision)
    subject = printable(stop.subject if stop else bisect.good_name, width=40)
    how = "kept build" if verdict.is_kept else f"{verdict.seconds or 0:.1f} s"
    left = f"; {headline(bisect)}" if bisect.state == "running" else ""
    said = printable(measured(bisect, verdict), width=160)
    return f"{revision[:10]} {verdict.verdict:7} {said} [{how}] {subject}{left}"


def _tell(workspace: Workspace, bisect: Bisect, style: str) -> int:
    """Print how a bisection stands or ended; raise what it failed of."""
    from ide.store.bisect_report import COMMIT_COLUMNS, commit_rows, culprit_diff, facts, headline
    from ide.store.bisect_state import FAILED, RUNNING, load_progress

    diff = culprit_diff(workspace, bisect) if bisect.culprits else None
    if style == "json":
        click.echo(as_json(facts(bisect, diff)))
    elif style != "table":
        echo_rows(commit_rows(bisect), COMMIT_COLUMNS, style)
    elif bisect.state != FAILED:
        if bisect.state == RUNNING:
            echo_rows([_short(row) for row in commit_rows(bisect)], _SHORT, style)
            click.echo(f"{load_progress(workspace, bisect.bisect_id)}".strip())
        click.echo(printable(headline(bisect), width=500))
        if diff is not None and bisect.state != RUNNING:
            _echo_culprit(bisect)
            click.echo(printable(_summary(diff), width=300))
            rows = diff.to_pylist()
            click.echo(render(rows[:_MAX_ROWS], columns=_DIFF_COLUMNS, style=style))
            _echo_more(bisect, len(rows))
    if bisect.state == FAILED:
        error = BisectError(headline(bisect))
        error.exit_code = bisect.exit_code
        raise error
    return EXIT_OK


_SHORT = ("revision", "verdict", "value", "low", "high", "n", "n_changes", "author", "subject")


def _short(row: dict[str, object]) -> dict[str, object]:
    return {**row, "revision": str(row["revision"])[:10]}


def _echo_culprit(bisect: Bisect) -> None:
    """Print the culprits: who, when, the whole message, the verdicts around, the doubt."""
    from ide.store.bisect_report import evidence

    for revision in bisect.culprits:
        stop = bisect.stop(revision)
        if stop is None:
            continue
        click.echo(f"\ncommit {revision}")
        click.echo(f"Author: {printable(stop.author)}\nDate:   {stop.committed_at}\n")
        for line in stop.message.splitlines():
            click.echo(f"    {printable(line, width=200)}")
        if said := evidence(bisect, revision):
            click.echo(f"\n{printable(said, width=300)}")
    for sentence in (*bisect.notes, bisect.doubt):
        if sentence:
            warn(sentence)
    click.echo("")


def _summary(diff: pa.Table) -> str:
    """Return ``200 relabelled: 3 → 8 104 times, 8 → 3 96 times``."""
    from ide.dataset.changes import class_pairs, counts, summarise

    pairs = class_pairs(diff)
    said = ", ".join(f"{was} → {now} {n:,} times" for was, now, n in pairs[:_MAX_PAIRS])
    more = ", …" if len(pairs) > _MAX_PAIRS else ""
    return summarise(counts(diff)) + (f": {said}{more}" if pairs else "")


def _echo_more(bisect: Bisect, n: int) -> None:
    stops = [stop for revision in bisect.culprits if (stop := bisect.stop(revision))]
    if stops and n > _MAX_ROWS:
        ends = f"{stops[0].came_from[:10]} {stops[-1].revision[:10]}"
        click.echo(
            f"and {n - _MAX_ROWS:,} more: upwell diff {ends} --name {bisect.dataset}", err=True
        )
