"""Cells of CSV files that a spreadsheet would run as formulas, made harmless and read back."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def escape_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) and not _is_number(text) else text


def unescape_cell(text: str) -> str:
    """Return what ``escape_cell`` was given."""
    is_escaped = text.startswith("'") and text.lstrip("'").startswith(_FORMULA)
    return text[1:] if is_escaped and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
