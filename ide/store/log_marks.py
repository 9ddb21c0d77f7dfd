"""The marks that git leaves in an edit log where it merged it as if it were code.

That happens in a clone without ``.gitattributes``. Both sides' edits stand between the marks, so
every one of them counts all the same.
"""

from __future__ import annotations

import re

MARKS = (
    "marks of a merge that was not finished begin here, and every edit around them counts. "
    "Delete all lines that begin with <<<<<<<, |||||||, ======= or >>>>>>>, keep the others, and "
    "git add the file"
)
_MARK = re.compile(rb"^(?:<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>)(?: [^\n]*)?\r?$", re.MULTILINE)


def is_mark(line: bytes) -> bool:
    """Whether a line is one of git's marks: no edit begins like that."""
    return line[:1] in b"<|=>" and _MARK.fullmatch(line) is not None


def first_mark(text: bytes) -> int | None:
    """Return the number of a log's first line that is a mark; None where there is none."""
    found = _MARK.search(text)
    return text.count(b"\n", 0, found.start()) + 1 if found else None
