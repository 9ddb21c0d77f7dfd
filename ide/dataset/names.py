"""What a name may hold, and when two of them are the same: of classes, ids, columns and files."""

from __future__ import annotations

import unicodedata

# controls, halves of characters, and the ends of lines and paragraphs
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # show lies


def same_form(name: str) -> str:
    """Return a name in NFC, in which names are compared: é is one character or two."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_shown(name: str) -> bool:
    """Whether a name can be shown in a line and shows what it is.

    Spaces of all widths, joiners as in Persian words and joined emoji, soft hyphens and
    characters newer than this Python can; controls, line ends, halves of characters and what
    turns the direction of the rest cannot, nor can a name in which nothing is seen.
    """
    if name.isprintable():
        return True
    if any(unicodedata.category(c) in _REFUSED or c in _DIRECTIONS for c in name):
        return False
    if any(ord(c) & 0xFFFE == 0xFFFE for c in name):  # no characters, for ever
        return False
    return not name or any(unicodedata.category(c) not in ("Zs", "Cf") for c in name)


def plain_form(name: str) -> str:
    """Return a name in lower case without what cannot be seen in it, to compare it with a word."""
    seen = (c for c in name if c == " " or unicodedata.category(c) not in ("Zs", "Cf"))
    return "".join(seen).strip().lower()
