"""Arrow without pandas, which it would import at the first list that it is given.

Importing pandas takes longer than most commands, and than most queries.
"""

from __future__ import annotations

import sys


class _WithoutPandas:
    """Says that there is no pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse pandas, and leave all else to the finders that come after."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out of this process", name=name)


def leave_pandas_out() -> None:
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
