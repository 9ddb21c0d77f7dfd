"""The line at the bottom: branch, revision, build, accuracy, edits, and a running build, live."""

from __future__ import annotations

import streamlit as st

from ide.app import cached, drill_page, navigate, state
from ide.app.facts import metrics_of
from ide.app.moving_counts import counts_of, line_items, uncommitted_item
from ide.app.panels import Item
from ide.app.panels import statusline as draw_line
from ide.app.text import ago, count, interval, percent, short
from ide.dataset.errors import UpwellError
from ide.store.build_process import build_status
from ide.store.builds import BuildInfo, current_build, previous_build
from ide.store.runs import RunStatus, left_words
from ide.store.workspace import Workspace

POLL_S = 0.8


def draw(ws: Workspace) -> None:
    """Draw the line; while a build runs it draws itself anew, and the page when it ends."""
    run = build_status(ws)
    st.fragment(_line, run_every=POLL_S if run.state == "running" else None)(ws, run.state)


def _line(ws: Workspace, state_before: str) -> None:
    run = build_status(ws)
    if state_before == "running" and run.state != "running":
        st.rerun()
    try:
        name = state.dataset() if state.has_dataset() else None
        counted = line_items(name, counts_of(ws, name)) if name else {}
        items = [*_place(ws, counted), *_build(ws, counted), *_progress(run)]
    except UpwellError as error:
        items = [Item(str(error), "error", "bad")]
    draw_line(items)


def _place(ws: Workspace, counted: dict[str, Item]) -> list[Item]:
    status = cached.status(ws)
    items = [
        Item(status.branch or "detached", "account_tree", title="branch"),
        Item(short(status.revision), "commit", "muted", "revision"),
    ]
    if status.problem:
        return [Item("no git", "error", "warn", status.problem)]
    if progress := drill_page.under_way(ws):
        text = f"drill: {progress.n_found:,} of {progress.n_planted:,} found"
        items.append(Item(text, "target", "warn", "labels on this branch are planted; see Evals"))
    if counted:
        items.append(counted["edits"])
    elif left := status.not_committed():
        items.append(uncommitted_item(left))
    items += [
        Item("saved edits are gone", "error", "bad", sentence)
        for dataset in status.datasets
        for sentence in dataset.taken
    ]
    return [*items, *([counted["unlabelled"], counted["conflicts"]] if counted else [])]


def _build(ws: Workspace, counted: dict[str, Item]) -> list[Item]:
    if not counted:
        return []
    name = state.dataset()
    build, problems = current_build(ws, name), [counted["errors"], counted["warnings"]]
    if build is None:
        return [Item(f"{name}: no build", "deployed_code", "muted"), *problems]
    title = f"{name}: build {build.build_id}, {ago(build.finished_at)}"
    items = [Item(f"{name} {short(build.build_id)}", "deployed_code", title=title)]
    metrics = metrics_of(build)
    if metrics:
        accuracy = metrics["accuracy"]
        text = f"{percent(accuracy['value'])} ({interval(accuracy)})"
        items.append(Item(text, "verified", title=f"test accuracy with its 95 % interval, {name}"))
    return [*items, *problems, *_gates(ws, name, build), counted["since"]]


def _gates(ws: Workspace, name: str, build: BuildInfo) -> list[Item]:
    """Return how many gates fail, as a link to them; nothing where all pass."""
    n = sum(
        not result.is_passed for result in cached.gates(ws, name, build, previous_build(ws, name))
    )
    if not n:
        return []
    title = f"{count(n, 'gate')} of {name} failed by this build: see Evals"
    text = f"{count(n, 'gate')} failed"
    return [Item(text, "rule", "bad", title, href=navigate.address("evals", name))]


def _progress(run: RunStatus) -> list[Item]:
    if run.state == "running":
        return [Item(stage_text(run), "sync", "busy", share=run_share(run), is_last=True)]
    if run.state == "failed":
        return [Item("build failed", "error", "bad", run.message or "", is_last=True)]
    return [Item(state.annotator(), "person", "muted", "annotator", is_last=True)]


def stage_text(run: RunStatus) -> str:
    """Return what a running build is doing: ``compile · epoch 12 of 30 · about 15 s left``."""
    parts = [run.stage or "starting"]
    if run.epoch and run.n_epochs:
        parts.append(f"epoch {run.epoch} of {run.n_epochs}")
    if run.loss is not None:
        parts.append(f"loss {run.loss:.3f}")
    if left := left_words(run.seconds_left):
        parts.append(left)
    return " · ".join(parts)


def run_share(run: RunStatus) -> float | None:
    """Return how much of a running build is done, 0 … 1; None where nobody knows."""
    if run.epoch and run.n_epochs:
        return min(1.0, run.epoch / run.n_epochs)
    if run.step and run.n_steps:
        return min(1.0, run.step / run.n_steps)
    return None
