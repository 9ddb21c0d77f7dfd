"""What kind of value a cell or a value of JSON is, so that a column gets a type that keeps it."""

from __future__ import annotations

import math
from typing import Any

WHOLE, BIG, HUGE = "whole", "big", "huge"  # up to 2^53, which floats hold; up to 64 bits; beyond
FRACTION, POINT_ZERO = "fraction", "point zero"  # a float; one that a cell writes as 2.0
LOOSE = "loose"  # a number that is not written back as the same characters: 1.10, +5, 1e3
TRUTH, TEXT = "truth", "text"

_EXACT = 2**53
_INT64 = range(-(2**63), 2**63)
_MAX_DIGITS = 40


def kind_of_cell(text: str) -> str:
    """Return the kind of a CSV's cell, which is a number only if the number is written so."""
    if text in ("true", "false"):
        return TRUTH
    if not text.isascii() or len(text) > _MAX_DIGITS or "_" in text or text != text.strip():
        return TEXT
    try:
        number = float(text)
    except ValueError:
        return TEXT
    if not math.isfinite(number):
        return TEXT
    if text.lstrip("-").isdecimal() and str(int(text)) == text:
        return kind_of_value(int(text))
    if repr(number) != text:
        return LOOSE
    return POINT_ZERO if number.is_integer() else FRACTION


def kind_of_value(value: Any) -> str:
    """Return the kind of a value of JSON."""
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return WHOLE
        return BIG if value in _INT64 else HUGE
    return FRACTION if isinstance(value, float) else TEXT
