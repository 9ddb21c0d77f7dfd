"""Edit logs as lines, before any of them is parsed: which lines differ, which are of an example.

A log may have a million lines, and a diff or a commit is about a few of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Set

from ide.dataset.edit import Edit
from ide.store.edit_log import parse_log

_EXAMPLE_ID = re.compile(rb'"example_id"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"')

_PLAIN = re.compile(r"[\w./:-]+", re.ASCII)


def edits_about(text: bytes, example_ids: Set[str]) -> list[Edit]:
    """Return the edits of some examples, in the order of a log's lines."""
    return _parsed(_lines_about(text, example_ids), example_ids)


def differing_edits(
    before: Iterable[bytes], after: Iterable[bytes]
) -> tuple[list[Edit], list[Edit]]:
    """Return, of both sides' logs, all edits of the examples that a differing line is about.

    Every other example has the same edits on both sides. The order of lines and files says
    nothing, so a line that only moved differs not.
    """
    old, new = ({line for text in texts for line in text.split(b"\n")} for texts in (before, after))
    was, is_ = (list(parse_log(_joined(sorted(own)), "").edits) for own in (old - new, new - old))
    touched = {edit.example_id for edit in (*was, *is_)}
    shared = _lines_about(_joined(old & new), touched) if touched else []
    kept = _parsed(sorted(shared), touched)
    return [*kept, *was], [*kept, *is_]


def _lines_about(text: bytes, example_ids: Set[str]) -> list[bytes]:
    """Return the lines that name one of some examples, in their order."""
    if not example_ids:
        return []
    wanted = {form for example_id in example_ids for form in _written(example_id)}
    lines: dict[int, bytes] = {}  # by where they start
    for match in _EXAMPLE_ID.finditer(text):
        raw = match[1]
        if raw in wanted or (b"\\" in raw and _unescaped(raw) in example_ids):
            start, end = text.rfind(b"\n", 0, match.start()) + 1, text.find(b"\n", match.end())
            lines[start] = text[start : end if end >= 0 else len(text)]
    return list(lines.values())


def _parsed(lines: Iterable[bytes], example_ids: Set[str]) -> list[Edit]:
    found = parse_log(_joined(lines), "").edits
    return [edit for edit in found if edit.example_id in example_ids]


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _written(example_id: str) -> list[bytes]:
    """Return an id as JSON may have it between its quotes."""
    if _PLAIN.fullmatch(example_id):
        return [example_id.encode()]
    return [
        json.dumps(example_id, ensure_ascii=is_ascii)[1:-1].encode(errors="surrogatepass")
        for is_ascii in (True, False)
    ]


def _unescaped(raw: bytes) -> str | None:
    """Return an id that was written with escapes."""
    try:
        return str(json.loads(b'"' + raw + b'"'))
    except ValueError:
        return None
