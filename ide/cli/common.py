"""What the commands share: options, exit codes, and how rows and warnings are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from ide.output import FORMATS, n_formulas, printable, render

N_WARNINGS = 20  # the workbench and JSON tell of all
EXIT_OK, EXIT_DATA_FAILS, EXIT_WRONG_REQUEST, EXIT_BROKEN = 0, 1, 2, 3

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


def warn(sentence: str) -> None:
    """Say a sentence on stderr; nothing is wrong with the request."""
    click.echo(f"upwell: {printable(sentence, width=500)}", err=True)


def echo_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], style: str) -> None:
    """Print rows in the style that was asked for (``format_option``).

    Cells of a CSV are printed as they are, and of those that would be run it is told.
    """
    click.echo(render(rows, columns=columns, style=style))
    if style == "csv" and (n := n_formulas(rows, columns)):
        warn(
            f"{n:,} {'cell begins' if n == 1 else 'cells begin'} as formulas do, and a "
            "spreadsheet would run them; for a spreadsheet: --format spreadsheet"
        )
