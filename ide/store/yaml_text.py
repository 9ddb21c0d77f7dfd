"""Reading YAML that may be damaged, as git's merges and people's editors leave it."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ide.dataset.reading import MAX_DEPTH, check_plain, reason_of

# a tag on a value that it does not fit raises any of these
_OF_TAGS = (OverflowError, AttributeError, TypeError, LookupError)


def parse_yaml(text: str | bytes, yaml: YAML | None = None) -> Any:
    """Parse YAML; raise ``ValueError`` with the reason in one line, whatever is wrong with it.

    yaml: another reader than the safe one, such as one that keeps comments.
    """
    stream = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    if _depth(text) > MAX_DEPTH:  # beyond that the parser takes minutes to give up
        raise ValueError("nested too deep")
    try:
        loaded = (yaml or YAML(typ="safe")).load(stream)
        check_plain(loaded)
        return loaded
    except (YAMLError, RecursionError, *_OF_TAGS) as error:
        raise ValueError(_reason(error)) from None
    except ValueError as error:
        raise ValueError(reason_of(error)) from None


def _depth(text: str | bytes) -> int:
    """Return how deep brackets are open at most, wherever they stand."""
    opening, closing = (b"[{", b"]}") if isinstance(text, bytes) else ("[{", "]}")
    depth = deepest = 0
    for character in text:
        if character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif character in closing:
            depth -= 1
    return deepest


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return reason_of(error)
    return " ".join(str(error).replace(' in "<unicode string>",', "").split())[:200]
