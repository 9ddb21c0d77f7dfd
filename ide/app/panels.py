"""Small drawn things: shares with their intervals, and a confusion matrix one can click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app.text import percent, points

_FOLDER = Path(__file__).parent / "components"
MAX_MATRIX = 30  # classes; a larger matrix shows those that are confused most


def component(name: str, html: str) -> Any:
    """Register ``upwell.<name>``, whose module and styles are files of that name; once."""
    return st.components.v2.component(
        f"upwell.{name}",
        html=html,
        css=(_FOLDER / f"{name}.css").read_text(encoding="utf-8"),
        js=(_FOLDER / f"{name}.js").read_text(encoding="utf-8"),
    )


_bars = component("bars", '<div class="rows"></div>')
_matrix = component("matrix", '<div class="scroll"><table></table></div>')
_line = component("statusline", '<div class="line" role="status"></div>')


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of bars: a share or a number, with its interval where there is one."""

    label: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    tone: str = ""  # good, bad, strong
    title: str = ""
    href: str = ""  # where a click on the name leads
    mark: float | None = None  # a bound, drawn across the track


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the status line, not seen without a text; ``share`` draws a meter, 0 … 1."""

    text: str
    icon: str = ""
    tone: str = ""  # muted, warn, bad, busy
    title: str = ""
    share: float | None = None
    is_last: bool = False
    href: str = ""  # where a click leads
    key: str = ""  # of what moves while people label: see moving_counts


def share_metric(
    label: str, share: float, delta: float | None, *, digits: int = 1, hint: str | None = None
) -> None:
    """Draw a share as a headline number, with its change where there is one."""
    change = points(delta)
    is_same = change is not None and change.startswith("±")
    st.metric(
        label,
        percent(share, digits=digits),
        change,
        delta_color="off" if is_same else "normal",
        delta_arrow="off" if is_same else "auto",
        help=hint,
    )


def bars(
    rows: Sequence[Bar], *, key: str, low: float = 0.0, high: float = 1.0, name_em: int = 9
) -> None:
    """Draw values between ``low`` and ``high``; a name is at most ``name_em`` wide."""
    data = {"rows": [asdict(row) for row in rows], "low": low, "high": high, "name_em": name_em}
    _bars(key=key, data=data)


def bars_of(
    metrics: Sequence[Mapping[str, Any]], measure: str, *, title: str = ""
) -> tuple[list[Bar], float]:
    """Return the bars of one measure of each class, and where the track may begin."""
    rows = [
        Bar(
            label=row["label"],
            value=row[measure]["value"],
            text="–" if row[measure]["value"] is None else f"{100 * row[measure]['value']:.1f} %",
            low=row[measure]["low"],
            high=row[measure]["high"],
            title=f"{title} {row['label']}: {row['n']:,} examples",
        )
        for row in metrics
    ]
    lowest = min((b.low for b in rows if b.low is not None), default=0.0)
    return rows, max(0.0, int(lowest * 10 - 0.5) / 10)


def matrix(
    confusion: Mapping[str, Any],
    *,
    key: str,
    selected: tuple[str, str] | None,
    on_cell: Callable[[str, str], None],
) -> None:
    """Draw a confusion matrix; ``on_cell`` is called with the given and the predicted class."""
    classes, counts = _most_confused(confusion["classes"], confusion["counts"])
    chosen = (
        [classes.index(c) for c in selected] if selected and set(selected) <= {*classes} else None
    )

    def on_cell_change() -> None:
        given, predicted = st.session_state[key].cell
        on_cell(given, predicted)

    _matrix(
        key=key,
        data={"classes": classes, "counts": counts, "selected": chosen},
        on_cell_change=on_cell_change,
    )
    if len(classes) < len(confusion["classes"]):
        st.caption(f"The {len(classes)} of {len(confusion['classes'])} classes confused most.")


def statusline(items: Sequence[Item]) -> None:
    """Draw the line at the bottom of the window."""
    _line(key="statusline", data={"items": [asdict(item) for item in items]})


def _most_confused(
    classes: Sequence[str], counts: Sequence[Sequence[int]]
) -> tuple[list[str], list[list[int]]]:
    if len(classes) <= MAX_MATRIX:
        return list(classes), [list(row) for row in counts]
    errors = [
        sum(counts[i]) + sum(row[i] for row in counts) - 2 * counts[i][i]
        for i in range(len(classes))
    ]
    worst = sorted(sorted(range(len(classes)), key=lambda i: -errors[i])[:MAX_MATRIX])
    return [classes[i] for i in worst], [[counts[r][c] for c in worst] for r in worst]
