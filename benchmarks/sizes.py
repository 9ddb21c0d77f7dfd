"""How large a benchmark is: as docs/benchmarks.md has it, or as small as shows that it runs."""

from __future__ import annotations

import argparse


def sized(parser: argparse.ArgumentParser, **smallest: object) -> argparse.Namespace:
    """Read the command line; with ``--smallest``, options have these values instead of theirs.

    The suite runs every benchmark so, and none of the figures means anything then.
    """
    parser.add_argument("--smallest", action="store_true", help="only to see that it runs")
    options = parser.parse_args()
    if options.smallest:
        vars(options).update(smallest)
    return options
