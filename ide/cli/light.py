"""Starting a command sooner: without pandas, and without a garbage collector that looks often.

Arrow imports pandas at the first list that it is given, which takes longer than most commands.
A long log is a hundred thousand objects that all stay, and are looked through again and again.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

# commands that read and write labels and their history; none of them needs pandas
LIGHT = frozenset(
    {
        *("blame", "branch", "commit", "diff", "edit", "log", "merge", "revert"),
        *("sql", "status", "suspects", "switch"),
    }
)
_OFTEN_ENOUGH = 100_000  # new objects between two looks; Python's own is 700


class _WithoutPandas:
    """Says that there is no pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse pandas, and leave all else to the finders that come after."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out of this command", name=name)


def start(arguments: Sequence[str]) -> None:
    """Make this process one of a command, where the command is one of ``LIGHT``."""
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    if command in LIGHT and "pandas" not in sys.modules:
        gc.set_threshold(_OFTEN_ENOUGH)
        _leave_pandas_out()


def _leave_pandas_out() -> None:
    """Have Arrow do without pandas: it looks for it once, and remembers.

    Others may import pandas afterwards as they like.
    """
    finder = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa

        pa.array([""])
    finally:
        sys.meta_path.remove(finder)
