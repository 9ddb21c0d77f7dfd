"""Reviewing a part of the queue: what the address asks for, the controls, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ide.app import navigate, state
from ide.app.text import clipped, plain
from ide.dataset.ids import content_id
from ide.dataset.schema import SPLIT
from ide.store.browse import SHOWN, Filters
from ide.store.browse_offers import offers
from ide.store.builds import BuildInfo
from ide.store.narrowing import Narrowed, Narrowing, givers
from ide.store.queue import ranked
from ide.store.workspace import Workspace

# what the address calls each, and the controls; the others come with a link from Browse
_GIVEN, _SUGGESTED, _SPLIT, _BY, _TAG = "given", "suggested", "split", "by", "tag"
_PREDICTED, _SHOW, _SEARCH, _WHERE = "predicted", "only", "search", "where"
PARAMETERS = (_GIVEN, _SUGGESTED, _SPLIT, _BY, _TAG, _PREDICTED, _SHOW, _SEARCH, _WHERE)
_NOT_SHOWN = "all"
_SHOWN = {
    "suspects": "suspects",
    "edited": "edited",
    "relabelled": "relabelled",
    "excluded": "excluded",
    "conflicts": "in conflict",
    "issues": "what checks found",
    "wrong": "predicted otherwise",
}


def asked() -> Narrowing:
    """Return what the address asks for."""
    value = {name: state.parameter(name) for name in PARAMETERS}
    show = value[_SHOW]
    filters = Filters(
        label=value[_GIVEN],
        predicted=value[_PREDICTED],
        split=value[_SPLIT],
        show=show if show in SHOWN else _NOT_SHOWN,
        where=value[_WHERE] or "",
        search=value[_SEARCH] or "",
        tag=value[_TAG],
    )
    return Narrowing(filters, value[_SUGGESTED], value[_BY])


def parameters_of(filters: Filters) -> dict[str, str]:
    """Return the address of the review of what Browse shows."""
    values = {
        _GIVEN: filters.label,
        _PREDICTED: filters.predicted,
        _SPLIT: filters.split,
        _TAG: filters.tag,
        _SHOW: filters.show if filters.show != _NOT_SHOWN else None,
        _SEARCH: filters.search.strip() or None,
        _WHERE: filters.where.strip() or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def link(name: str, build: BuildInfo | None, filters: Filters) -> None:
    """Draw the way from what Browse shows to its review, where there is one."""
    parameters = parameters_of(filters)
    if build is not None and parameters:
        navigate.link("review", "Review these", "rate_review", name, **parameters)


def words(narrowing: Narrowing) -> list[str]:
    """Say what is asked for, in a few words each; as people wrote it."""
    filters = narrowing.filters
    said = {
        "given": filters.label,
        "suggested": narrowing.suggested,
        "predicted": filters.predicted,
        "in": filters.split,
        "labelled by": narrowing.by,
        "tagged": filters.tag,
        "only": _SHOWN.get(filters.show),
        "with": filters.search.strip() or None,
        "where": filters.where.strip() or None,
    }
    return [f"{word} {clipped(value, 60)}" for word, value in said.items() if value is not None]


def queue_name(build: BuildInfo, narrowing: Narrowing) -> str:
    """Return what tells the surface over this part from those over others."""
    if not narrowing.is_any:
        return build.build_id
    return f"{build.build_id}-{content_id(repr(narrowing).encode())[:12]}"


def data_of(part: Narrowed, dataset: str, n_left: int) -> dict[str, Any]:
    """Return what the surface says of the part."""
    return {
        "name": content_id(repr(part.narrowing).encode())[:12],
        "words": ", ".join(words(part.narrowing)),
        "n_left": n_left,
        "n_total": len(part.ids),
        "leave_url": navigate.address("review", dataset),
    }


def controls(ws: Workspace, name: str, build: BuildInfo, narrowing: Narrowing) -> None:
    """Draw what Review can be narrowed to, what it is narrowed to, and the way out."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="narrow"):
        # another key is another popover, which is closed: the keys are the surface's again
        key = f"narrow_{queue_name(build, narrowing)}"
        with st.popover("Narrow", icon=":material/filter_alt:", key=key):
            _choices(ws, name, build, narrowing)
        if narrowing.is_any:
            st.caption(f"**{plain(', '.join(words(narrowing)))}**", width="content")
            st.button(
                "All suspects",
                icon=":material/close:",
                key="narrow_leave",
                type="tertiary",
                on_click=_leave,
            )


def _leave() -> None:
    """Go back to the whole queue: the address asks for nothing any more."""
    navigate.stay_out_of("review")
    for parameter in (*PARAMETERS, "example"):
        state.set_parameter(parameter, None)


def _choices(ws: Workspace, name: str, build: BuildInfo, narrowing: Narrowing) -> None:
    classes, filters = list(ws.config(name).classes), narrowing.filters
    splits = sorted({s for s in ranked(build).table[SPLIT].to_pylist() if s is not None})
    _choice("Given label", _GIVEN, classes, filters.label)
    _choice("Suggested label", _SUGGESTED, classes, narrowing.suggested)
    _choice("Split", _SPLIT, splits, filters.split)
    _choice("Labelled by", _BY, givers(ws, name), narrowing.by)
    _choice("Tag", _TAG, offers(ws, name, build).tags, filters.tag)


def _choice(label: str, parameter: str, there: Sequence[str], chosen: str | None) -> None:
    """Draw a choice, where there is any; the address leads, the widget follows."""
    options = [*there, *([chosen] if chosen is not None and chosen not in there else [])]
    if not options:
        return
    key = f"narrow_{parameter}_{chosen or ''}"

    def on_change() -> None:
        navigate.stay_out_of("review")  # heard late: the page is left already
        state.set_parameter("example", None)
        state.set_parameter(parameter, st.session_state[key])

    st.selectbox(
        label,
        options,
        index=options.index(chosen) if chosen is not None else None,
        placeholder="Any",
        key=key,
        on_change=on_change,
    )
