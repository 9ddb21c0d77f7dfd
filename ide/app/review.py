"""Review: the labelling surface on the newest build, on the conflicts or on what has no label yet,
or what to do instead.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import streamlit as st

from ide.app import errors, first_build, navigate, review_part, state
from ide.app.address_words import say_unknown
from ide.app.labeler import conflicts, unlabelled
from ide.app.labeler.component import is_in_use, labeler, labeler_data
from ide.app.labeler.sync import Message, Receipt
from ide.app.text import count
from ide.store.build_time import build_time
from ide.store.builds import BuildInfo, current_build, list_builds
from ide.store.conflicts import conflict_ids
from ide.store.log_growth import Mark
from ide.store.narrowing import Narrowing, narrowed
from ide.store.unlabelled import n_unlabelled
from ide.store.workspace import Workspace

_PINNED = "upwell_review_build"
_LINKS = ("changes", "history", "compile", "evals", "browse")
_NEXT = ("compile", "changes", "browse")  # when all has a label


@st.fragment
def review(workspace: Workspace, name: str) -> None:
    """Draw Review; a fragment, so that saving an edit does not draw the page around it again."""
    newest = current_build(workspace, name)
    say_unknown({"queue": ("suspects", conflicts.QUEUE, unlabelled.QUEUE)})
    queue = state.parameter("queue")
    if queue == conflicts.QUEUE:
        _conflicts(workspace, name, newest)
    elif queue == unlabelled.QUEUE or (newest is None and _is_labelling(workspace, name)):
        _unlabelled(workspace, name, newest)
    elif newest is None:
        _no_build(workspace, name)
    else:
        with errors.shown():  # a condition in the address may be none
            _suspects(workspace, name, newest)


def _suspects(workspace: Workspace, name: str, newest: BuildInfo) -> None:
    """Draw the surface over what the network doubts, the build that is in use first."""
    annotator, start = state.annotator(), state.parameter("example")
    narrowing = review_part.asked()
    build, mark = _pinned(workspace, name, newest, annotator, narrowing), Mark()
    review_part.controls(workspace, name, build, narrowing)
    part = narrowed(workspace, name, build, narrowing) if narrowing.is_any else None
    conflicts_url = _conflicts_url(name)

    def data_of(message: Message | None, receipt: Receipt | None) -> dict[str, object]:
        data = labeler_data(
            workspace,
            name,
            build,
            annotator=annotator,
            start=start,
            message=message,
            receipt=receipt,
            mark=mark,
            part=part,
        )
        newest = _newest_id(workspace, name, int(time.monotonic()))
        return data | {"conflicts_url": conflicts_url, "newer_build": newest != build.build_id}

    labeler(
        workspace,
        name,
        review_part.queue_name(build, narrowing),
        data_of,
        annotator=annotator,
        links=_links(name, n_to_label=n_unlabelled(workspace, name)),
    )


@lru_cache(maxsize=8)
def _newest_id(workspace: Workspace, name: str, _second: int) -> str | None:
    """Return the newest build's id, looked for once a second however many people label."""
    build = current_build(workspace, name)
    return build.build_id if build else None


def _conflicts(workspace: Workspace, name: str, build: BuildInfo | None) -> None:
    """Draw the surface over what people disagree about; it needs no build."""
    annotator, start = state.annotator(), state.parameter("example")
    labeler(
        workspace,
        name,
        conflicts.QUEUE,
        lambda message, receipt: conflicts.conflicts_data(
            workspace,
            name,
            build,
            annotator=annotator,
            start=start,
            message=message,
            receipt=receipt,
        ),
        annotator=annotator,
        links=_links(name),
        actions=conflicts.ACTIONS,
    )


def _unlabelled(workspace: Workspace, name: str, build: BuildInfo | None) -> None:
    """Draw the surface over what nobody has labelled; it needs no build."""
    annotator, start, mark = state.annotator(), state.parameter("example"), Mark()
    labeler(
        workspace,
        name,
        unlabelled.QUEUE,
        lambda message, receipt: unlabelled.unlabelled_data(
            workspace,
            name,
            build,
            annotator=annotator,
            start=start,
            message=message,
            receipt=receipt,
            mark=mark,
        ),
        annotator=annotator,
        links=_links(name, _NEXT if workspace.config(name).is_compiled else _LINKS),
    )


def _is_labelling(workspace: Workspace, name: str) -> bool:
    """Whether something has no label yet, or the surface that gave the last one is on the page."""
    is_in_hand = is_in_use(name, state.annotator(), unlabelled.QUEUE)
    return is_in_hand or n_unlabelled(workspace, name) > 0


def _links(
    name: str, views: Sequence[str] = _LINKS, *, n_to_label: int = 0
) -> list[dict[str, str]]:
    """Return where to go when a queue is empty, what is to be labelled first."""
    found = [
        {"text": navigate.VIEWS[view][0], "url": navigate.address(view, name)} for view in views
    ]
    if not n_to_label:
        return found
    url = navigate.address("review", name, queue=unlabelled.QUEUE)
    return [{"text": f"Label {count(n_to_label, 'example')}", "url": url}, *found]


def _conflicts_url(name: str) -> str:
    return navigate.address("review", name, queue=conflicts.QUEUE)


def _pinned(
    workspace: Workspace, name: str, newest: BuildInfo, annotator: str, narrowing: Narrowing
) -> BuildInfo:
    """Return the build that is being reviewed: a new one never changes the queue under a hand."""
    pinned = st.session_state.get(_PINNED)
    if pinned:
        known = {build.build_id: build for build in list_builds(workspace, name)}
        build = known.get(pinned)
        if build and is_in_use(name, annotator, review_part.queue_name(build, narrowing)):
            return build
    st.session_state[_PINNED] = newest.build_id
    return newest


def _no_build(workspace: Workspace, name: str) -> None:
    config = workspace.config(name)
    if found := conflict_ids(workspace, name):
        text = f"Resolve {count(len(found), 'conflict')}"
        navigate.link("review", text, "call_split", name, queue=conflicts.QUEUE)
    if not config.is_compiled:
        st.info(
            f"{name} holds {config.modality}, and only images compile so far, so that nothing is "
            "ranked. Its examples can be labelled on their own pages.",
            icon=":material/rate_review:",
        )
        navigate.link("browse", "Browse", "grid_view", name)
        return
    if first_build.is_running(workspace, name):
        return  # the line above the view says so
    st.info(
        f"{name} has no build yet, so there is nothing the network doubts. A build "
        f"takes {build_time(workspace, [name]) or 'seconds on a small dataset'}; its suspects then "
        "stand here.",
        icon=":material/rate_review:",
    )
    navigate.link("compile", "Compile", "play_circle", name)
