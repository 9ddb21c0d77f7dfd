"""The edits of one example, without reading those of all others: a log may have a million."""

from __future__ import annotations

import json

from ide.dataset.drill import counting
from ide.dataset.edit import Edit
from ide.store.drill_file import drill_id
from ide.store.edit_log import log_paths, parse_log, whole_lines
from ide.store.workspace import Workspace


def edits_of_example(
    workspace: Workspace, name: str, example_id: str
) -> tuple[list[Edit], list[Edit]]:
    """Return every edit of an example that the logs hold, and those of them that count here.

    Each id once, in the order of files and lines. What was made in a drill counts in it only.
    """
    found: dict[str, Edit] = {}
    for path in log_paths(workspace, name):
        lines = _lines_about(whole_lines(path), example_id)
        edits = parse_log(lines, workspace.relative(path)).edits
        for edit in edits:
            if edit.example_id == example_id:
                found.setdefault(edit.edit_id, edit)
    every = list(found.values())
    return every, counting(every, drill_id(workspace, name))


def _lines_about(data: bytes, example_id: str) -> bytes:
    """Return the lines that may be about an example: they hold its id, or something escaped."""
    needles = {
        json.dumps(example_id, ensure_ascii=False).encode(errors="surrogatepass"),
        b"\\",  # another program may have written any character of the id as an escape
    }
    lines: dict[int, bytes] = {}  # by where they start
    for needle in needles:
        place = data.find(needle)
        while place >= 0:
            start, end = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
            lines[start] = data[start : end if end >= 0 else len(data)]
            place = data.find(needle, start + len(lines[start]))
    return b"".join(lines[start] + b"\n" for start in sorted(lines))
