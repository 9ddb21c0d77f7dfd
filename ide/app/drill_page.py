"""The parts of a drill: beginning one, how it stands, its score, and the last one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ide.app import actions, cached, charts, commit_now, navigate
from ide.app.panels import Bar, bars
from ide.app.text import code, count, interval, percent, plain
from ide.dataset.drill import KINDS
from ide.dataset.drill_score import CARE, CONFIRMED, DETECTOR, OUTCOMES, UNSEEN, score_as_rows
from ide.store.drills import N_ERRORS, Progress, drill_score, find_progress, past_scores
from ide.store.workspace import Workspace

_ERRORS_KEY, _KIND_KEY = "drill_errors", "drill_kind"
_KIND_NAMES = {
    "mixed": "half and half",
    "neighbouring": "classes it confuses",
    "uniform": "any class",
}
_TITLE = "**Drill** · how much is found of wrong labels that are known"
_NAME_EM = 17
_TONES = {CONFIRMED: "bad", UNSEEN: "", CARE: "strong"}


def under_way(ws: Workspace) -> Progress | None:
    """Return the drill that is in force, whichever dataset's; None where there is none."""
    found = (find_progress(ws, name) for name in ws.datasets())
    return next((progress for progress in found if progress), None)


def chip(ws: Workspace) -> None:
    """Say, on every view, that labels here are planted, and offer the way out."""
    progress = under_way(ws)
    if progress is None:
        return
    name = progress.drill.dataset
    with st.container(border=True, key="drill_chip", gap="xxsmall"):
        errors = count(progress.n_planted, "planted error")
        st.markdown(f":orange[:material/target:] **Drill:** {errors}, {progress.n_found:,} found")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            navigate.link("evals", "Score", "bar_chart", name)
            st.button(
                "End",
                key="drill_chip_end",
                icon=":material/logout:",
                help=f"Back to {plain(progress.drill.home)}. Corrections of examples that were "
                "not planted come along.",
                on_click=actions.end_drill,
                args=(name,),
            )


def going_on(ws: Workspace, name: str) -> None:
    """Draw the drill that is under way, with its score; nothing where there is none."""
    progress = find_progress(ws, name)
    if progress is not None:
        st.caption(_TITLE)
        _going_on(ws, progress)


def offer(ws: Workspace, name: str) -> None:
    """Draw the button that begins a drill, and how the last one went; nothing in a drill."""
    if under_way(ws) is not None:
        return
    st.caption(_TITLE)
    if (left := cached.status(ws).not_committed()).is_in_the_way:
        commit_now.offer(left, name, key="drill_commit", why="; a drill waits for it")
    _begin(name)
    if past := past_scores(ws, name):
        st.caption(f"**The last drill**, {count(past[0]['n_planted'], 'error')}")
        score(past[0]["rows"], past[0]["curve"], past[0]["n_planted"])


def _begin(name: str) -> None:
    with st.container(border=True, key="drill_begin"):
        st.markdown(
            "Plants wrong labels on a branch of its own, in all splits, where nobody has judged. "
            "Compile and review there as always: then you know what share of them the ranking "
            "and you have found. Nothing planted ever counts on another branch."
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.number_input(
                "Errors", 1, 100_000, N_ERRORS, key=_ERRORS_KEY, width=130, help="How many to plant"
            )
            st.selectbox(
                "Wrong labels",
                KINDS,
                key=_KIND_KEY,
                format_func=_KIND_NAMES.__getitem__,
                width=200,
                help="Any other class, those that the network confuses with the right one, or "
                "half of each. Without a build: any other class.",
            )
            if st.button("Start a drill", key="drill_start", icon=":material/target:"):
                with st.spinner("Planting …"):
                    actions.start_drill(
                        name, st.session_state[_ERRORS_KEY], st.session_state[_KIND_KEY]
                    )
                st.rerun()


def _going_on(ws: Workspace, progress: Progress) -> None:
    drill = progress.drill
    with st.container(border=True, key="drill_going_on"):
        st.markdown(
            f"**{count(progress.n_planted, 'wrong label')}** planted on {code(drill.branch)}, "
            f"**{progress.n_found:,}** found. It began on {code(drill.home)}; ending it goes back "
            "there and takes along what was said of examples that were not planted."
        )
        found = drill_score(ws, drill.dataset)
        if found.build_id is None:
            navigate.link(
                "compile", "Compile, to measure the ranking", "play_circle", drill.dataset
            )
        score(score_as_rows(found.rows), found.curve, progress.n_planted)
        if st.button("End the drill", key="drill_end", icon=":material/logout:"):
            with st.spinner("Going back …"):
                actions.end_drill(drill.dataset)
            st.rerun()


def score(rows: Sequence[Mapping[str, Any]], curve: Sequence[int], n_planted: int) -> None:
    """Draw a score: the ranking at the left, people at the right."""
    people = list(dict.fromkeys(row["who"] for row in rows if row["who"] != DETECTOR))
    ranking, judging = st.columns(2, gap="medium")
    with ranking:
        own = [row for row in rows if row["who"] == DETECTOR]
        if curve:
            charts.recall(curve, n_planted, key="drill_recall")
        if own:
            bars([_bar(row) for row in own], key="drill_detector", name_em=_NAME_EM)
        else:
            st.caption("The ranking is measured by the drill's first build.")
    with judging:
        for index, who in enumerate(people):
            st.caption(f"**{plain(who)}** · of {count(n_planted, 'planted error')}")
            own = [row for row in rows if row["who"] == who]
            bars([_bar(row) for row in own], key=f"drill_person_{index}", name_em=_NAME_EM)


def _bar(row: Mapping[str, Any]) -> Bar:
    measure = row["measure"]
    number = "–" if row["n"] is None else f"{row['n']:,}"
    is_care = measure == CARE
    text = number if measure in OUTCOMES else percent(row["value"])
    return Bar(
        label="care: noticed, if looked at" if is_care else measure,
        value=row["value"],
        text=text,
        low=row["low"],
        high=row["high"],
        tone=_TONES.get(measure, ""),
        title=f"{number} of {row['of']:,}, 95 %: {interval(dict(row))}",
    )
