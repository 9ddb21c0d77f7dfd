"""A text file's lines, each decoded and bounded on its own, so that a refusal has its number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.validation import MAX_TEXT_CHARACTERS, too_long

_MAX_LINE_BYTES = 6 * MAX_TEXT_CHARACTERS + 1_000_000  # \uXXXX is six bytes a character


def decoded_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text with its line end); refuse what is not UTF-8 text."""
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_MAX_LINE_BYTES + 1):
                number += 1
                yield number, _decode(raw, f"{path.name}, line {number}", is_first=number == 1)
    except OSError as error:
        raise ImportRefusedError(
            f"{path.name}: cannot be read ({error.strerror}). Nothing was imported."
        ) from None


def _decode(raw: bytes, where: str, *, is_first: bool) -> str:
    if len(raw) > _MAX_LINE_BYTES:
        raise too_long(where)
    try:
        text = raw.decode("utf-8-sig" if is_first else "utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefusedError(
            f"{where}: not UTF-8 text (byte {error.start} of the line); save the file as UTF-8. "
            "Nothing was imported."
        ) from None
    if "\0" in text:
        raise ImportRefusedError(
            f"{where}: there is a NUL byte, so this is not text in UTF-8; save the file as UTF-8. "
            "Nothing was imported."
        )
    return text
