"""The command that judges builds by their gates: test."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ide.cli.common import (
    EXIT_DATA_FAILS,
    EXIT_OK,
    EXIT_WRONG_REQUEST,
    echo_rows,
    format_option,
    limit_option,
    warn,
    workspace_option,
)
from ide.dataset.errors import NoBuildError
from ide.output import printable
from ide.store.workspace import Workspace

_INDENT = " " * 6
_COLUMNS = ("dataset", "gate", "is_passed", "metric", "condition", "split", "bound", "tolerance")
_VALUES = ("n", "value", "low", "high", "base_value", "n_failed", "build_id", "base_id", "says")


@click.command("test")
@click.argument("names", nargs=-1)
@click.option(
    "--base", metavar="REVISION", help="What tolerances are against (default: the build before)."
)
@limit_option(default=10)
@workspace_option
@format_option
def test(
    names: tuple[str, ...], base: str | None, limit: int, root: Path | None, style: str
) -> int:
    """Judge the current builds by the gates of datasets (default: all); ends with 1 if one fails.

    A table lists at most --limit examples a gate; JSON lists all of them.
    """
    from ide.store.builds import edits_since, require_build
    from ide.store.gates import base_build, gate_rows, judge_gates

    workspace = Workspace.find(root)
    rows: list[dict[str, Any]] = []
    is_unasked = False
    for name in [workspace.require(name) for name in names] or workspace.datasets():
        if not workspace.config(name).gates:
            where = workspace.relative(workspace.config_path(name))
            warn(f"{name} has no gate; write a [[gate]] into {where}, or make one in the workbench")
            continue
        try:
            build, other = require_build(workspace, name), base_build(workspace, name, base)
        except NoBuildError as error:
            warn(str(error))
            is_unasked = True
            continue
        if n := edits_since(workspace, build):
            edits = "1 edit" if n == 1 else f"{n:,} edits"
            warn(
                f"{name}: the build is older than {edits}; to judge them too: upwell compile {name}"
            )
        found = judge_gates(workspace, name, build=build, base=other)
        rows += gate_rows(build, other, found)
    if style == "table":
        click.echo(_blocks(rows, limit) if rows else "(none)")
    else:
        columns = (*_COLUMNS, *_VALUES, *(("failed",) if style == "json" else ()))
        echo_rows([{c: row[c] for c in columns} for row in rows], columns, style)
    if is_unasked or any(row["problem"] for row in rows):
        return EXIT_WRONG_REQUEST
    return EXIT_OK if all(row["is_passed"] for row in rows) else EXIT_DATA_FAILS


def _blocks(rows: Sequence[Mapping[str, Any]], limit: int) -> str:
    """Return a block a gate, as test runners do: the verdict, the sentence, what failed."""
    width = max(shutil.get_terminal_size((100, 24)).columns, 40)
    lines: list[str] = []
    for row in rows:
        verdict = "pass" if row["is_passed"] else "FAIL"
        title = f"{verdict}  {row['dataset']}: {row['gate']}"
        if row["text"] != row["gate"]:
            title += f" ({row['text']})"
        lines.append(printable(title, width=width))
        said = printable(row["says"], width=10 * width)
        lines += textwrap.wrap(said, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
        if row["is_passed"]:
            continue
        for each in row["failed"][:limit]:
            said = f"{each['example_id']}: given {each['label']}, predicted {each['predicted']}"
            lines.append(_INDENT + printable(said, width=width - len(_INDENT)))
        if (n := len(row["failed"]) - limit) > 0:
            lines.append(f"{_INDENT}… and {n:,} more; all with --limit or --format json")
    n_passed = sum(row["is_passed"] for row in rows)
    total = f"{len(rows):,} gate{'' if len(rows) == 1 else 's'}"
    said = f"{total}: {n_passed:,} passed, {len(rows) - n_passed:,} failed"
    return "\n".join([*lines, "", said])
