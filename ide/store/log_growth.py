"""What a dataset's edit log has more than it had before: caches go on from there.

A label that twenty people give at once must not cost a walk over all labels that were given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from secrets import token_hex

from ide.dataset.edit import Edit
from ide.store.edit_log import EditLog


@dataclass(slots=True)
class Mark:
    """How far somebody was told of a log: the last time only, for they say when it reached them."""

    name: str = ""
    end: EditLog | None = None

    def told_since(self, name: str | None, log: EditLog) -> set[str] | None:
        """Return the examples with edits since the telling of that name; None = unknown: all.

        From now on the mark stands at ``log``, under a new name.
        """
        added = added_since(log, self.end) if self.end and name == self.name else None
        self.name, self.end = token_hex(4), replace(log, edits=(), damage=(), elsewhere=())
        return None if added is None else {edit.example_id for edit in added}


def added_since(log: EditLog, before: EditLog) -> list[Edit] | None:
    """Return the edits that a log has more than it had before, file by file.

    None where it is not the log of before with more at the ends of its files, or cannot be known
    to be (as that of a drill): then everything has to be looked at anew.
    """
    if any(log_.edits and not log_.parts for log_ in (log, before)):
        return None
    n_known = {id(edits): n for edits, n in before.parts}
    added: list[Edit] = []
    for edits, n in log.parts:
        n_before = n_known.pop(id(edits), 0)
        if n < n_before:
            return None
        added += edits[n_before:n]
    return None if n_known else added
