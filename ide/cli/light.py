"""Starting a command sooner: without pandas, and without a garbage collector that looks often.

Arrow imports pandas at the first list that it is given, which takes longer than most commands.
A long log is a hundred thousand objects that all stay, and are looked through again and again.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from ide.without_pandas import leave_pandas_out

# commands that read and write labels and their history; none of them needs pandas
LIGHT = frozenset(
    {
        *("blame", "branch", "commit", "diff", "edit", "log", "merge", "revert"),
        *("sql", "status", "suspects", "switch"),
    }
)
_OFTEN_ENOUGH = 100_000  # new objects between two looks; Python's own is 700


def start(arguments: Sequence[str]) -> None:
    """Make this process one of a command, where the command is one of ``LIGHT``."""
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    if command in LIGHT and "pandas" not in sys.modules:
        gc.set_threshold(_OFTEN_ENOUGH)
        leave_pandas_out()
