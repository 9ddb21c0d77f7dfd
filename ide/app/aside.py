"""The evals beside the work: how good the current build is, class by class."""

from __future__ import annotations

import streamlit as st

from ide.app import first_build, navigate
from ide.app.facts import facts, headline, latest_shift, metrics_of
from ide.app.panels import bars, bars_of, share_metric
from ide.app.text import count, interval, percent, plain, shift_words
from ide.dataset.schema import TEST, VALIDATION
from ide.store.builds import build_metrics
from ide.store.workspace import Workspace

MAX_CLASSES = 20


def draw(ws: Workspace, name: str) -> None:
    """Draw the panel; without a build it says how to get one."""
    found = facts(ws, name)
    if found.build is None:
        st.caption("**Evals**")
        if not found.config.is_compiled:
            st.caption(f"Only images compile so far, so that {found.config.modality} has no evals.")
            return
        if first_build.is_running(ws, name):
            st.caption("The first build is running; how good these labels are comes with it.")
            return
        st.caption("No build yet. Compile to see how good these labels are.")
        navigate.link("compile", "Compile", "play_circle", name)
        return
    split = headline(found.build)
    metrics = metrics_of(found.build, split) if split in (TEST, VALIDATION) else None
    if split is None or metrics is None:
        st.caption("Nothing to measure: no labelled example in test or validation.")
        return
    accuracy, shift = metrics["accuracy"], latest_shift(ws, name, split)
    share_metric(
        f"Accuracy, {split}",
        accuracy["value"],
        shift.network if shift else None,
        hint="With its 95 % interval; the change is the network's since the build before, "
        "both on the newer one's labels.",
    )
    if shift and shift.answer_key:
        st.caption(plain(shift_words(shift)))
    st.caption(f"95 %: {interval(accuracy)}, n = {metrics['n']:,}")
    classes = [c for c in build_metrics(found.build)["classes"] if c["split"] == split]
    worst = sorted(classes, key=lambda c: c["recall"]["value"] or 0.0)[:MAX_CLASSES]
    shown = classes if len(classes) <= MAX_CLASSES else worst
    rows, low = bars_of(shown, "recall", title="recall of")
    st.caption(f"Recall by class, from {percent(low, digits=0)}")
    bars(rows, key="aside_recall", low=low)
    with st.container(gap="xxsmall"):
        if found.n_since_build:
            text = f"{count(found.n_since_build, 'edit')} since the build"
            navigate.link("compile", text, "update", name)
        navigate.link("evals", "All evals", "monitoring", name)
