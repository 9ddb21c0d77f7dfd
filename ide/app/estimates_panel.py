"""How many labels a build thinks wrong, by split and by class, each bar a way to its examples."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ide.app import navigate
from ide.app.panels import Bar, bars
from ide.app.text import count, plain
from ide.dataset.estimates import (
    Estimate,
    estimate_of_all,
    estimates_by_class,
    estimates_by_split,
)
from ide.dataset.schema import LABEL, SPLIT
from ide.store.builds import BuildInfo
from ide.store.estimates import estimate_of, label_errors

MAX_CLASSES = 12  # the most doubted; the rest are counted together
_NAME_EM = 14


def draw(build: BuildInfo) -> None:
    """Draw the number of labels thought wrong and where they are."""
    table = label_errors(build)
    found = estimate_of_all(table)
    if found is None:
        _nothing(build)
        return
    of_all = f"of {count(found.n or 0, 'label')}"
    st.caption(f"**Labels thought wrong: {plain(found)}** {of_all}, with 95 % intervals")
    of_splits, of_classes = st.columns([1, 1.1], gap="medium")
    with of_splits:
        _bars(build.dataset, SPLIT, estimates_by_split(table), key="estimates_by_split")
    with of_classes:
        classes = estimates_by_class(table)
        _bars(build.dataset, LABEL, classes[:MAX_CLASSES], key="estimates_by_class")
        if rest := classes[MAX_CLASSES:]:
            left = sum(e.n_errors for e in rest)
            st.caption(f"and {len(rest):,} more classes, about {round(left):,} between them")


def _bars(dataset: str, column: str, found: Sequence[Estimate], *, key: str) -> None:
    highest = max((e.high or 0.0 for e in found), default=0.0)
    rows = [
        Bar(
            label=e.name,
            value=e.n_errors,
            text=str(e),
            low=e.low,
            high=e.high,
            tone="bad",
            title=f"{e.name}: {e} of {count(e.n or 0, 'label')}",
            href=navigate.address("browse", dataset, **{column: e.name}),
        )
        for e in found
    ]
    bars(rows, key=key, high=max(highest, 1.0), name_em=_NAME_EM)


def _nothing(build: BuildInfo) -> None:
    """Say why there is no chart: an older build, or no label that could be wrong."""
    found = estimate_of(build)
    if found is None:
        return
    about = f"**Labels thought wrong: {plain(found)}**"
    st.caption(f"{about} · this build does not tell where; compile anew to see.")
