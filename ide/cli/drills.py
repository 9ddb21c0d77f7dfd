"""The command for drills: planted errors, and who finds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ide.cli.common import echo_rows, format_option, warn, workspace_option
from ide.dataset.drill import KINDS as DRILL_KINDS
from ide.dataset.errors import DrillError
from ide.store.workspace import Workspace

DRILL_COLUMNS = ("who", "measure", "n", "of", "value", "low", "high")


@click.command()
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
        echo_rows(score_as_rows(ended.score.rows), DRILL_COLUMNS, style)
        click.echo(drill_sentences.ended(ended), err=style != "table")
    elif options["score"]:
        found = drills.drill_score(workspace, name)
        echo_rows(score_as_rows(found.rows), DRILL_COLUMNS, style)
        if found.build_id is None:
            warn(f"the detector has not been measured yet. Compile with: upwell compile {name}")
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
