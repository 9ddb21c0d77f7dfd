"""The numbers that move while a person labels, as the sidebar and the status line say them.

They are drawn with the page, and no page is drawn for a label. So each answer to a surface that is
worked by keys brings them too, in the same words, and the browser puts them in place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

from ide.app import cached, navigate
from ide.app.conversation import DataOf
from ide.app.facts import said
from ide.app.panels import Item
from ide.app.text import count
from ide.dataset.errors import UpwellError
from ide.store.builds import BuildInfo, current_build
from ide.store.checking import listed_build
from ide.store.commit_paths import NotCommitted
from ide.store.live_counts import Counts, live_counts, look_anew
from ide.store.workspace import Workspace

_ITEM = tuple(each.name for each in fields(Item))
NO_LOOK = "–"  # where nothing has looked yet, and 0 would be a claim


@dataclass(frozen=True, slots=True)
class Lead:
    """A number in the sidebar and the view where it is from; without a text it is not seen."""

    key: str
    text: str
    icon: str
    view: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tone: str = ""  # muted
    title: str = ""


def counts_of(ws: Workspace, name: str) -> Counts:
    """Return what there is of a dataset now."""
    look_anew(ws, cached.status)
    return live_counts(ws, name, current_build(ws, name), listed_build(ws, name))


def leads(name: str, found: Counts) -> list[Lead]:
    """Return what the sidebar counts of a dataset."""
    unseen = f"nothing has looked at {name} yet: compile it"
    span = {"a": found.requests_base} if found.requests_base else {}
    asked = {"verdict": "change requested", **span}
    left, n = found.not_committed, found.n_suspects_left
    return [
        Lead("edits", f"{left.short} uncommitted" if left else "", "edit", "changes"),
        Lead(
            "unlabelled",
            _unlabelled(found),
            "label",
            "review",
            {"queue": "unlabelled"},
        ),
        Lead("suspects", f"{NO_LOOK} suspects", "rate_review", "review", {}, "muted", unseen)
        if n is None
        else Lead("suspects", f"{count(n, 'suspect')} left" if n else "", "rate_review", "review"),
        Lead("problems", f"{NO_LOOK} problems", "report", "problems", {}, "muted", unseen)
        if found.n_open is None
        else Lead("problems", said(found.n_open, ("error", "warning")), "report", "problems"),
        Lead(
            "conflicts",
            _some(found.n_conflicts, "conflict"),
            "call_split",
            "review",
            {"queue": "conflicts"},
        ),
        Lead(
            "requests",
            f"{count(found.n_requests, 'change')} requested" if found.n_requests else "",
            "edit_note",
            "reviews",
            asked,
        ),
    ]


def line_items(name: str, found: Counts) -> dict[str, Item]:
    """Return what the status line counts of a dataset, by key."""
    unlabelled = f"{count(found.n_unlabelled, 'example')} of {name} that nobody has labelled"
    conflicts = f"examples of {name} of which people say different things"
    since = f"{count(found.n_since_build, 'edit')} since the build" if found.n_since_build else ""
    items = [
        uncommitted_item(found.not_committed, name),
        Item(
            _unlabelled(found),
            "label",
            "muted",
            f"{unlabelled}: label them by keys",
            href=navigate.address("review", name, queue="unlabelled"),
        ),
        Item(
            _some(found.n_conflicts, "conflict"),
            "call_split",
            "bad",
            conflicts,
            href=navigate.address("review", name, queue="conflicts"),
        ),
        _problems(name, found, "error", "cancel", "bad"),
        _problems(name, found, "warning", "warning", "warn"),
        Item(since, "update", "warn"),
    ]
    keys = ("edits", "unlabelled", "conflicts", "errors", "warnings", "since")
    return {key: replace(item, key=key) for key, item in zip(keys, items, strict=True)}


def uncommitted_item(left: NotCommitted, name: str | None = None) -> Item:
    """Return what is not committed, a link to the changes of the dataset that is open."""
    if not left:
        return Item("", "edit")
    return Item(
        f"{left.short} not committed",
        "edit",
        "warn" if left.is_in_the_way else "muted",
        f"not committed: {left}; see Changes",
        href=navigate.address("changes", name) if name else "",
    )


def sidebar_data(name: str, found: Counts) -> list[dict[str, Any]]:
    """Return what the sidebar counts as its component draws it."""
    return [
        {
            **{key: getattr(lead, key) for key in ("key", "text", "icon", "tone", "title")},
            "href": navigate.address(lead.view, name, **lead.parameters),
        }
        for lead in leads(name, found)
    ]


def told_with(data_of: DataOf, ws: Workspace, name: str) -> DataOf:
    """Return ``data_of`` with the numbers in each answer; what cannot be counted is left out."""

    def data(value: Any, receipt: Any) -> dict[str, Any]:
        told = data_of(value, receipt)
        if receipt is None:  # the page is drawn, and with it the numbers
            return told
        try:
            found = live_counts(ws, name, *_builds(ws, name, int(time.monotonic())))
        except UpwellError:
            return told  # the page says what cannot be read, when it is drawn
        items = line_items(name, found).values()
        line = [{each: getattr(item, each) for each in _ITEM} for item in items]
        return told | {"moving_counts": {"sidebar": sidebar_data(name, found), "line": line}}

    return data


@lru_cache(maxsize=8)
def _builds(ws: Workspace, name: str, _second: int) -> tuple[BuildInfo | None, BuildInfo | None]:
    """Return the builds that numbers are of, looked for once a second however many people label."""
    return current_build(ws, name), listed_build(ws, name)


def _problems(name: str, found: Counts, severity: str, icon: str, tone: str) -> Item:
    """Return the open problems of a severity, a link to their list."""
    href = navigate.address("problems", name, severity=severity)
    if found.n_open is None:
        title = (
            f"{severity}s of {name}: nothing has looked yet. Compile it, or: upwell check {name}"
        )
        return Item(NO_LOOK, icon, "muted", title, href=href)
    n = found.n_open[severity]
    title = f"{count(n, f'open {severity}')} of {name}: see Problems"
    return Item(f"{n:,}", icon, tone if n else "muted", title, href=href)


def _unlabelled(found: Counts) -> str:
    return f"{found.n_unlabelled:,} without a label" if found.n_unlabelled else ""


def _some(n: int, noun: str) -> str:
    return count(n, noun) if n else ""
