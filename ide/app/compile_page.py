"""The parts of Compile: start, watch, cancel, and what went wrong."""

from __future__ import annotations

import streamlit as st

from ide.app import actions, cached, charts, commit_now, errors, navigate
from ide.app.facts import facts, headline, metrics_of
from ide.app.statusline import POLL_S, run_share, stage_text
from ide.app.text import ago, count, percent, plain, shift_words, short
from ide.dataset.errors import UpwellError
from ide.dataset.two_builds import Shift
from ide.store.build_process import build_status
from ide.store.build_time import build_time
from ide.store.builds import BuildInfo, build_model, previous_build
from ide.store.estimates import estimate_of
from ide.store.runs import STAGES, RunStatus, run_folder
from ide.store.workspace import Workspace

_LOG_BYTES = 20_000


def controls(ws: Workspace, name: str) -> None:
    """Draw the button that starts a build, or the build that runs, live."""
    is_running = build_status(ws).state == "running"
    st.fragment(_controls, run_every=POLL_S if is_running else None)(ws, name)


def _controls(ws: Workspace, name: str) -> None:
    """Draw what stands now; the status line has the whole page drawn anew when a build ends."""
    try:
        run = build_status(ws)
        if run.state == "running":
            _watch(run)
        else:
            _start(ws, name)
            _outcome(ws, run)
    except UpwellError as error:
        errors.explain(error)


def _start(ws: Workspace, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"Compile {plain(name)}",
            icon=":material/play_arrow:",
            type="primary",
            key="compile_start",
            disabled=not ws.config(name).is_compiled,
            on_click=_begin,
            args=([name],),
        )
        if len(ws.datasets()) > 1:
            st.button(
                "Compile all",
                icon=":material/playlist_play:",
                key="compile_all",
                on_click=_begin,
                args=(None,),
            )
        st.caption(plain(f"{_pending(ws, name)} {_time(ws, name)}"), width="content")


def _begin(names: list[str] | None) -> None:
    """Start a build; the whole page is drawn anew, so that the status line follows it too."""
    actions.compile_dataset(names)
    st.rerun()


def _pending(ws: Workspace, name: str) -> str:
    """Say what a build would do."""
    found = facts(ws, name)
    if not found.config.is_compiled:
        return (
            f"Of {found.config.modality}, this version compiles nothing yet; label and export it."
        )
    stages = " → ".join(s for s in STAGES if s != "fetch")
    if found.build is None:
        return f"Everything is to be made: {stages}."
    if found.n_since_build:
        edits = count(found.n_since_build, "edit")
        return f"{edits} since the build. Where they change labels, all is made anew: {stages}."
    return "No edit since the build; stages whose inputs are unchanged are skipped."


def _time(ws: Workspace, name: str) -> str:
    """Say how long that is thought to take; "" where nothing compiles."""
    found = build_time(ws, [name]) if ws.config(name).is_compiled else None
    return f"A build takes {found}." if found else ""


def _watch(run: RunStatus) -> None:
    with st.container(border=True, key="running"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_stages(run), width="content")
            st.space("stretch")
            st.button(
                "Cancel", icon=":material/cancel:", key="compile_cancel", on_click=actions.cancel
            )
        st.progress(run_share(run) or 0.0, text=plain(stage_text(run)))
        if any(event.get("epoch") for event in run.events):
            charts.live_loss(run.events, key="live_loss")


def _stages(run: RunStatus) -> str:
    """Return the stages in a line, the running one marked."""
    stages = [s for s in STAGES if s != "fetch" or any(e["stage"] == s for e in run.events)]
    at = stages.index(run.stage) if run.stage in stages else -1
    names = [
        f":material/check: {stage}"
        if i < at
        else f"**:primary[:material/sync: {stage}]**"
        if i == at
        else f":gray[{stage}]"
        for i, stage in enumerate(stages)
    ]
    return " :gray[→] ".join(names)


def _outcome(ws: Workspace, run: RunStatus) -> None:
    """Say how the last run ended, where it did not end well."""
    if run.state not in ("failed", "cancelled"):
        return
    when = f" {ago(run.finished_at)}" if run.finished_at else ""
    if run.state == "cancelled":
        st.caption(f":material/cancel: Cancelled{when}; what was built before stands.")
        return
    st.error(
        plain(run.message or "no reason was given"),
        title=f"The last build failed{when}",
        icon=":material/error:",
    )
    if log := _log(ws, run):
        with st.expander("Log"):
            st.code(log, language=None, height=280)


def _log(ws: Workspace, run: RunStatus) -> str:
    if run.run_id is None:
        return ""
    for file in ("dvc.log", "build.log"):
        path = run_folder(ws, run.run_id) / file
        if path.is_file() and (data := path.read_bytes()):
            return data[-_LOG_BYTES:].decode("utf-8", errors="replace")
    return ""


def what_changed(ws: Workspace, build: BuildInfo) -> None:
    """Say in a line what the current build changed against the one before, on one split."""
    base, split = previous_build(ws, build.dataset), headline(build)
    metrics = metrics_of(build, split) if split else None
    if base is None or split is None or metrics is None:
        return
    accuracy = f"{split.capitalize()} accuracy **{percent(metrics['accuracy']['value'])}**"
    shift = cached.shifts(build, base).get(split)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/trending_up: {accuracy}; against {short(base.build_id)} "
            f"{_moved(shift)}{_estimates(base, build)}",
            width="content",
        )
        navigate.link("evals", "See which", "monitoring", build.dataset)


def offer_commit(ws: Workspace, name: str) -> None:
    """Draw the button that commits the labels and the build that was made of them, as one."""
    status = cached.status(ws)
    if not status.problem and build_status(ws).state != "running":
        commit_now.offer(status.not_committed(), name, key="compile_commit")


def _moved(shift: Shift | None) -> str:
    """Say what moved the accuracy, and how many examples; nothing where none can be compared."""
    if shift is None:
        return "there is nothing to compare"
    flips = f"{count(shift.n_fixed, 'example')} fixed, {shift.n_broken:,} broken"
    alone = f", {shift.n_relabelled:,} by their label alone" if shift.n_relabelled else ""
    return f"{plain(shift_words(shift))}; {flips}{alone}"


def _estimates(base: BuildInfo, build: BuildInfo) -> str:
    was, now = estimate_of(base), estimate_of(build)
    return f"; labels thought wrong {plain(was)} → {plain(now)}" if was and now else ""


def network(build: BuildInfo) -> str:
    """Say what was compiled: architecture, size, epochs, seed."""
    model = build_model(build)
    epochs = (model.get("configuration") or {}).get("epochs")
    counted = ((model.get("n_parameters"), "parameter"), (epochs, "epoch"))
    parts = [
        model.get("architecture"),
        *(count(n, noun) for n, noun in counted if n is not None),
        count(model["n_train"], "training example") if "n_train" in model else None,
        f"seed {model['seed']}" if "seed" in model else None,
    ]
    known = [part for part in parts if part is not None]
    return plain(", ".join(known)) or "of a version that did not say which network"
