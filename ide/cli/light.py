"""Starting a command sooner: Arrow imports pandas at the first list that it is given.

That takes longer than most commands, which have no use for it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

# commands that read and write labels and their history; none of them needs pandas
LIGHT = frozenset(
    {
        *("blame", "branch", "commit", "diff", "edit", "log", "merge", "revert"),
        *("sql", "status", "suspects", "switch"),
    }
)


class _WithoutPandas:
    """Says that there is no pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse pandas, and leave all else to the finders that come after."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out of this command", name=name)


def leave_pandas_out(arguments: Sequence[str]) -> None:
    """Have Arrow do without pandas in this process, where the command is one of ``LIGHT``.

    Arrow looks for it once and remembers. Others may import pandas afterwards as they like.
    """
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    if command not in LIGHT or "pandas" in sys.modules:
        return
    finder = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa

        pa.array([""])
    finally:
        sys.meta_path.remove(finder)
