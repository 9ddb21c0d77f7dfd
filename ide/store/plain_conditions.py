"""Conditions that are sure to end soon: they can be answered here, and need no process.

Most conditions compare columns with values. What those cost is known beforehand: a walk over the
rows. So they are told apart by their words, and all others are answered by ``sql_process``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

_MAX_CHARACTERS = 1_000_000  # a list of ids can be long
_MAX_OPERATORS = 500
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*') |
    (?P<quoted>"(?:[^"]|"")+") |
    (?P<number>\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?) |
    (?P<word>[^\W\d]\w*) |
    (?P<sign><>|!=|<=|>=|-(?!-)|/(?!\*)|[=<>()+*%,])
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "null", "true", "false", "between", "distinct", "from"}
)
_LIKE = frozenset({"like", "ilike"})
# each takes time and makes text in proportion to what it is given
_FUNCTIONS = frozenset(
    {
        *("abs", "coalesce", "contains", "ends_with", "len", "length", "list_contains", "lower"),
        *("prefix", "round", "starts_with", "strlen", "suffix", "trim", "upper"),
    }
)
_MAX_WILDCARDS = 2
_MAX_PATTERN = 100  # characters


def is_plain(condition: str, columns: Iterable[str]) -> bool:
    """Whether a condition only compares known columns and values, and how much is bounded."""
    tokens = _tokens(condition)
    if tokens is None:
        return False
    known = {column.lower() for column in columns}
    n_operators = depth = 0
    for (kind, token), (_, after) in pairwise([*tokens, ("", "")]):
        if kind == "quoted":
            if token[1:-1].replace('""', '"').lower() not in known or after == "(":
                return False
        elif kind == "word":
            if not _is_known_word(token.lower(), after, known):
                return False
            n_operators += token.lower() in _KEYWORDS | _LIKE | _FUNCTIONS
        elif kind == "sign":
            n_operators += token not in "(),"
            depth += (token == "(") - (token == ")")
        if depth > _MAX_DEPTH or n_operators > _MAX_OPERATORS or depth < 0:
            return False
    return depth == 0


def _tokens(condition: str) -> list[tuple[str, str]] | None:
    """Return (kind, text) of a condition's words; None where it has others, such as a comment."""
    if len(condition) > _MAX_CHARACTERS:
        return None
    text, at, tokens = condition.strip(), 0, []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            return None
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _is_known_word(word: str, after: str, known: set[str]) -> bool:
    if word in _LIKE:
        pattern = after[1:-1] if after.startswith("'") else None
        is_short = pattern is not None and len(pattern) <= _MAX_PATTERN
        return is_short and str(pattern).count("%") <= _MAX_WILDCARDS
    if word in _KEYWORDS:
        return True
    if after == "(":
        return word in _FUNCTIONS
    return word in known
