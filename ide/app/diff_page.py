"""The parts of a diff: its filters, what there is of each kind, and a page of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from ide.app import actions, filters, state
from ide.app.address_words import say_unknown
from ide.app.gallery import Tile, gallery
from ide.app.text import class_pair, count, moment, plain
from ide.dataset.change_list import (
    PAIR,
    ChangeFilters,
    Group,
    groups,
    narrowed,
    tally,
)
from ide.dataset.changes import KINDS, REVIEW_KINDS, counts, summarise, words_of
from ide.dataset.edit import WHOLE_DATASET
from ide.dataset.schema import EXAMPLE_ID, SPLIT
from ide.store.workspace import Workspace

PAGE_SIZE = 96
N_PAIRS = 8
_ISSUE_KINDS = {"dismissed": "not a problem", "reopened": "a problem again"}
_GONE = frozenset({"excluded", "removed"})


def choose(listed: pa.Table) -> ChangeFilters:
    """Draw the filters over a list of changes and return them."""
    found = {c: tally(listed, c) for c in ("kind", PAIR, "annotator", SPLIT)}
    pairs = pair_words(listed)
    asked = {"kind": found["kind"], "pair": found[PAIR], "who": found["annotator"]}
    say_unknown({**asked, "split": found[SPLIT]})
    kinds = [kind for kind in KINDS if kind in found["kind"]]
    with st.grid(4, min_column_width=150, gap="small", vertical_alignment="bottom"):
        kind = _filter("Kind", kinds, "kind", found["kind"])
        pair = _filter("Class pair", list(found[PAIR]), "pair", found[PAIR], pairs)
        annotator = _filter("Annotator", list(found["annotator"]), "who", found["annotator"])
        split = _filter("Split", list(found[SPLIT]), "split", found[SPLIT])
    return ChangeFilters(kind, pair, annotator, split)


def _filter(
    title: str,
    options: list[str],
    name: str,
    n: Mapping[str, int],
    words: Mapping[str, str] | None = None,
) -> str | None:
    """Draw one filter, whose value stands in the address; one that is no option filters nothing."""
    asked = state.parameter(name)
    key = f"filter_{name}_{asked}"

    def shown(value: str) -> str:
        return words_of(value) if name == "kind" else (words or {}).get(value, value)

    def on_change() -> None:
        state.set_parameter(name, st.session_state[key])
        filters.to_first_page()

    return st.selectbox(
        title,
        options,
        index=options.index(asked) if asked in options else None,
        placeholder="Any",
        format_func=lambda value: f"{shown(value)} ({n[value]:,})",
        key=key,
        on_change=on_change,
    )


def summary(listed: pa.Table) -> None:
    """Say how many changes there are of each kind, and which class pairs are the most frequent."""
    st.caption(f"**{count(len(listed), 'change')}**: {plain(summarise(counts(listed)))}")
    relabelled = listed.filter(_is(listed, "relabelled"))
    pairs = list(tally(relabelled, PAIR).items())
    if len(pairs) > 1:
        words = pair_words(relabelled)
        said = " · ".join(f"{plain(words[pair])}, {times(n)}" for pair, n in pairs[:N_PAIRS])
        more = f" · and {len(pairs) - N_PAIRS:,} more pairs" if len(pairs) > N_PAIRS else ""
        st.caption(f"{said}{more}")


def times(n: int) -> str:
    """Return ``once``, ``12 times``."""
    return "once" if n == 1 else f"{n:,} times"


def pictures(ws: Workspace, name: str, listed: pa.Table, *, key: str, with_undo: bool) -> None:
    """Draw a page of a list: each group with its heading, each change with its example."""
    shown = narrowed(listed, choose(listed))
    summary(shown)
    n_pages = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(max(1, filters.page_number()), n_pages)
    start = (page - 1) * PAGE_SIZE
    rows = shown.slice(start, PAGE_SIZE).to_pylist()
    headings = _headings(groups(shown), pair_words(shown), start)
    gallery(
        ws,
        name,
        [_tile(row, headings.get(start + i, "")) for i, row in enumerate(rows)],
        key=key,
        action="Undo" if with_undo else "",
        on_action=actions.undo if with_undo else None,
    )
    if not rows:
        st.caption("No change matches. Take a filter back.")
    filters.pagination(n_pages, page)


def pair_words(listed: pa.Table) -> dict[str, str]:
    """Return pair → how it is shown: two names of any letters, each told from the other."""
    firsts = [("before", "first"), ("after", "first")]
    rows = listed.group_by([PAIR], use_threads=False).aggregate(firsts).to_pylist()
    return {r[PAIR]: class_pair(r["before_first"], r["after_first"]) for r in rows if r[PAIR]}


def _headings(found: list[Group], words: Mapping[str, str], start: int) -> dict[int, str]:
    """Return row → heading, for a page that begins at row ``start``."""
    headings = {}
    for group in found:
        if group.start + group.n > start:
            pair = words.get(group.pair)
            what = f"{pair}: {times(group.n)}" if pair else times(group.n)
            more = ", continued" if group.start < start else ""
            headings[max(group.start, start)] = f"{words_of(group.kind)} · {what}{more}"
    return headings


def _tile(row: Mapping[str, Any], heading: str) -> Tile:
    kind = row["kind"]
    said = [row[EXAMPLE_ID], row["annotator"] or "", row["reason"] or ""]
    if row["made_at"]:
        said.append(moment(row["made_at"]))
    return Tile(
        row[EXAMPLE_ID],
        label=_label(row),
        before=None if kind in _ISSUE_KINDS or kind in REVIEW_KINDS else row["before"],
        note=row["annotator"] or "",
        title=" · ".join(part for part in said if part),
        tone="excluded" if kind in _GONE else "edited",
        why=row["reason"] or "",
        heading=heading,
        action_id=row["edit_id"],
    )


def _label(row: Mapping[str, Any]) -> str:
    kind = row["kind"]
    if kind in REVIEW_KINDS:
        return words_of(kind)
    if row[EXAMPLE_ID] == WHOLE_DATASET or kind in _ISSUE_KINDS:
        return _ISSUE_KINDS.get(kind, words_of(kind))
    return row["after"] or words_of(kind)


def _is(listed: pa.Table, kind: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.equal(listed["kind"], kind)
