"""The command line: the same verbs as the workbench, each a thin call of the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

import ide
from ide.cli import (
    bisecting,
    branches,
    building,
    drills,
    gates,
    history,
    labels,
    light,
    remote,
    reporting,
    workspace,
)
from ide.cli.common import EXIT_BROKEN, EXIT_DATA_FAILS, EXIT_OK, EXIT_WRONG_REQUEST
from ide.cli.terminal import guarded
from ide.dataset.errors import UpwellError
from ide.dataset.reading import is_text

__all__ = ["COMMANDS", "EXIT_BROKEN", "EXIT_DATA_FAILS", "EXIT_OK", "EXIT_WRONG_REQUEST"]
__all__ += ["main", "run", "upwell"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 fine, 1 the data fails, 2 the request was wrong, 3 broken."""
    given = sys.argv[1:] if arguments is None else arguments
    light.start(given)
    sys.exit(run(given))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error is one sentence on stderr."""
    with guarded():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    for text in sys.argv[1:] if arguments is None else arguments:
        if not is_text(text) or "\0" in text:
            said = ascii(text)[:80]
            return _complain(f"the argument {said} is not UTF-8 text", EXIT_WRONG_REQUEST)
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


def _complain(sentence: str, code: int) -> int:
    line = " ".join(
        sentence.splitlines()
    )  # what a message of a stranger's holds is no line of ours
    click.echo(f"upwell: {line}", err=True, color=True)
    return code


# color: Click would take out of a pipe what looks like a colour, and it is the data's
@click.group(context_settings={"help_option_names": ["-h", "--help"], "color": True})
@click.version_option(ide.__version__, prog_name="upwell")
def upwell() -> None:
    """Upwell: an IDE for Software 2.0. Datasets are source code; training compiles them."""


_MODULES = (workspace, building, labels, history, branches, remote, drills, gates, bisecting)
for _module in (*_MODULES, reporting):
    for _command in vars(_module).values():
        if isinstance(_command, click.Command):
            upwell.add_command(_command)

COMMANDS: dict[str, Callable[..., Any]] = dict(upwell.commands)
