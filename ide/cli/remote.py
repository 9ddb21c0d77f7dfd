"""Commands that exchange with other machines: push, pull."""

from __future__ import annotations

from pathlib import Path

import click

from ide.cli.common import warn, workspace_option
from ide.output import ProgressLine
from ide.store.workspace import Workspace


@click.command()
@workspace_option
def push(root: Path | None) -> None:
    """Push the branch: its data to the DVC remote, then its commits to git's."""
    from ide.store.remotes import push as push_branch

    workspace = Workspace.find(root)
    with ProgressLine() as progress:
        done = push_branch(workspace, on_progress=lambda line: progress(line, stage=_stage(line)))
    commits = f"{_count(done.n_commits, 'commit')} pushed" if done.n_commits else "no new commits"
    click.echo(f"{done.upstream}: {commits}, {_count(done.n_files, 'file')} of data")
    for note in done.notes:
        warn(note)


@click.command()
@workspace_option
def pull(root: Path | None) -> None:
    """Pull the branch: commits from git's remote, then examples and builds from DVC's."""
    from ide.store.remotes import pull as pull_branch

    workspace = Workspace.find(root)
    with ProgressLine() as progress:
        done = pull_branch(workspace, on_progress=lambda line: progress(line, stage=_stage(line)))
    commits = f"{_count(done.n_commits, 'commit')} pulled" if done.n_commits else "no new commits"
    edits = "".join(f", {name}: {_count(n, 'edit')}" for name, n in done.n_edits.items())
    click.echo(f"{done.upstream}: {commits}{edits}, {_count(done.n_files, 'file')} of data")
    for note in done.notes:
        warn(note)


def _stage(line: str) -> str:
    return line.partition(",")[0]


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
