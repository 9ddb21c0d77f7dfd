"""A terminal is shown what data holds, and never steered by it.

Labels, ids, reasons, messages and names of files come from strangers. On a terminal an escape in
them could hide or forge lines, or name the window; there it stands as text. A pipe and a file get
the data as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# controls but line ends and tabs, what turns the direction of text, halves of characters
_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Return text in which what would steer a terminal is written out, as ``\u001b`` (as JSON)."""
    return _STEERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Visible:
    """A text stream to a terminal, through ``visible``; ``terminal`` is the stream itself."""

    def __init__(self, terminal: TextIO) -> None:
        self.terminal = terminal

    def write(self, text: str) -> int:
        self.terminal.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Have all that is written to a terminal, by whomever, go through ``visible``."""
    streams: tuple[Any, Any] = (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = (
        _Visible(stream) if stream is not None and stream.isatty() else stream for stream in streams
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
