"""How things are written on the screen: numbers, times, and other people's text made harmless."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ide.dataset.two_builds import Shift

MAX_NAME = 32  # characters of a class's name beside another one's
_ONE_WORD = re.compile(r"[^\s→,:;|]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&^=@/\"'])")


def plain(text: object) -> str:
    """Return text that Markdown shows as it is: no emphasis, no HTML, no icon, no formula."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", str(text)))


def code(text: object) -> str:
    """Return text as Markdown's code, which has no escapes: backticks within it stay as well."""
    line = re.sub(r"\s+", " ", str(text))
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"


def count(n: int, noun: str) -> str:
    """Return ``1 edit``, ``1,797 edits``, ``2 classes``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else plural}"


def number(n: int | None) -> str:
    """Return ``1,797``; a dash where nobody has counted."""
    return "–" if n is None else f"{n:,}"


def clipped(text: str, n: int) -> str:
    """Return at most ``n`` characters of a text; where some are left out, it ends in ``…``."""
    return text if len(text) <= n else f"{text[: n - 2].rstrip(' ,')} …"


def middle_cut(text: str, n: int) -> str:
    """Return a name of at most ``n`` characters; of a longer one the middle goes.

    Names that begin alike differ at their ends.
    """
    if len(text) <= n:
        return text
    n_end = n // 2
    return f"{text[: n - 1 - n_end]}…{text[-n_end:]}"


def class_name(name: str) -> str:
    """Return a class's name beside others: cut in the middle, quoted where it is not one word."""
    cut = middle_cut(name, MAX_NAME)
    return cut if _ONE_WORD.fullmatch(cut) else f"“{cut}”"


def class_pair(before: str | None, after: str | None) -> str:
    """Return two classes side by side, each told from the other; one where there is one."""
    names = [name for name in (before, after) if name is not None]
    if len(names) == 2 and before == after:
        names = names[:1]
    return " → ".join(map(class_name, names))


def percent(share: float | None, *, digits: int = 1) -> str:
    """Return ``98.4 %``; a dash where there is no number."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def interval(metric: dict[str, Any] | None) -> str:
    """Return a metric's 95 % interval: ``97.1–99.2 %``."""
    if not metric or metric.get("low") is None:
        return "–"
    return f"{100 * metric['low']:.1f}–{100 * metric['high']:.1f} %"


def points(delta: float | None) -> str | None:
    """Return a difference of two shares in points of a hundred: ``+0.4 pts``."""
    if delta is None:
        return None
    text = f"{100 * delta:+.1f}"
    return "±0.0 pts" if float(text) == 0 else f"{text} pts"


def shift_words(shift: Shift) -> str:
    """Say what moved an accuracy: ``on the same labels the network +0.3 pts, …``."""
    said = f"on the same labels the network {points(shift.network)}"
    if shift.answer_key is None:
        return said
    return f"{said}, the answer key {points(shift.answer_key)}"


def ago(moment: datetime) -> str:
    """Return how long ago something was: ``3 min ago``."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            return f"{seconds // size} {unit} ago"
    days = seconds // 86_400
    return f"{count(days, 'day')} ago" if days < 60 else moment.strftime("%Y-%m-%d")


def duration(seconds: float | None) -> str:
    """Return ``4.2 s``, ``2 min 5 s``; a dash where nobody timed it."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def moment(when: datetime) -> str:
    """Return a time as people write it, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def short(revision: str | None) -> str:
    """Return the first digits of a revision or a build; a dash where there is none."""
    return revision[:7] if revision else "–"
