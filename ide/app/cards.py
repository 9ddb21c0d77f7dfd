"""Home's cards: a dataset each, and what to do where there is none."""

from __future__ import annotations

import streamlit as st

from ide.app import cached, first_build, import_panel, navigate
from ide.app.facts import (
    Facts,
    Step,
    facts,
    headline,
    latest_shift,
    metrics_of,
    next_steps,
    open_checks,
    said,
)
from ide.app.gallery import gallery, tiles_of
from ide.app.panels import share_metric
from ide.app.text import ago, count, duration, interval, number, plain, shift_words, short
from ide.dataset.errors import UpwellError
from ide.store.browse import Filters
from ide.store.build_time import build_time
from ide.store.exact_values import python_rows
from ide.store.untracked_parts import explain_untracked
from ide.store.workspace import Workspace

MAX_CHECKS = 5
N_COMMITS = 6
N_SAMPLES = 14
_COLOR = {"error": "red", "warning": "orange", "note": "blue"}
_ICON = {"error": "error", "warning": "warning", "note": "info"}
_HINT = (
    "The change is the network's: both builds are measured on the newer one's labels. What "
    "corrected labels moved is the answer key's, and stands below."
)
_WATCH = Step("compile", "Watch", "sync", "The first build is running; its numbers come with it.")
_NOUN = {"image": "image", "text": "text", "audio": "recording", "strokes": "drawing"}


def welcome(ws: Workspace) -> None:
    """Lead to the first dataset of an empty workspace."""
    st.info(
        "A dataset is a folder of class folders, a CSV, JSONL or Parquet table, or "
        "scikit-learn's digits to try it with. Look at one below, or bring it in with: "
        "`upwell import SOURCE --name NAME`",
        title="This workspace holds no dataset yet",
        icon=":material/folder_open:",
    )
    import_panel.draw(ws, is_open=True)


def no_view(word: str | None) -> None:
    """Say that nothing stands at the address that was asked for, and what does."""
    if word:
        views = ", ".join(f"/{view}" for view in navigate.VIEWS if view != "home")
        st.warning(
            f"There is no view at /{plain(word[:60])}: this is Home. Views: {plain(views)}.",
            icon=":material/wrong_location:",
        )


def problems(ws: Workspace) -> None:
    """Report what is damaged, with file and line; nothing where all is well."""
    status = cached.status(ws)
    if status.problem:
        st.warning(plain(status.problem), icon=":material/warning:")
    taken = [sentence for dataset in status.datasets for sentence in dataset.taken]
    for sentence in (*status.refused, *taken):
        st.error(plain(sentence), icon=":material/error:")
    notes = [sentence for dataset in status.datasets for sentence in dataset.notes]
    for sentence in notes:
        st.info(plain(sentence), icon=":material/target:")
    for path in status.untracked_parts:
        st.warning(plain(explain_untracked(path)), icon=":material/inventory_2:")
    damage = [sentence for dataset in status.datasets for sentence in dataset.damage]
    if damage:
        lines = "\n".join(f"- {plain(sentence)}" for sentence in damage[:20])
        more = f"\n- and {len(damage) - 20:,} more" if len(damage) > 20 else ""
        title = f"{count(len(damage), 'place')} of the files cannot be read; the rest is"
        st.warning(lines + more, title=title, icon=":material/warning:")


def card(ws: Workspace, name: str) -> None:
    """Draw one dataset: what it holds, how good it is, what to do next."""
    found = facts(ws, name)
    config = found.config
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(config.title)}**", width="content")
        st.caption(plain(_holds(found)), width="content")
    n_samples = 2 if config.modality == "text" else N_SAMPLES
    samples = cached.browse_page(ws, name, None, Filters(order="random"), page_size=n_samples)
    if samples.n_rows:
        gallery(ws, name, tiles_of(python_rows(samples.rows)), key=f"sample_{name}", size="tiny")
    _numbers(ws, name, found)
    under_way = _WATCH if first_build.is_running(ws, name) else None
    for i, step in enumerate(next_steps(found, under_way)):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            navigate.button(
                step.view,
                step.label,
                step.icon,
                name,
                key=f"then_{name}" if i else f"next_{name}",
                is_primary=not i,
                parameters=step.parameters,
            )
            is_compile = step.view == "compile" and step is not _WATCH
            takes = build_time(ws, [name]) if is_compile else None
            why = step.why + (f" A build takes {takes}." if takes else "")
            st.caption(plain(why), width="content")


def activity(ws: Workspace) -> None:
    """Draw what happened lately: the newest commits."""
    st.markdown("**Lately**")
    commits = cached.commits(ws)[:N_COMMITS]
    if not commits:
        st.caption("No commit has touched a dataset yet.")
    for commit in commits:
        line = plain((commit.message.splitlines() or [""])[0][:90])
        st.markdown(
            f"{line}  \n:gray[{short(commit.revision)} · {plain(commit.author)} · "
            f"{ago(commit.committed_at)}]"
        )


def problem_list(ws: Workspace) -> None:
    """Draw what the checks found and what people disagree about, the worst first."""
    st.markdown("**Problems**")
    found = []
    for name in ws.datasets():
        try:
            found.append(facts(ws, name))
        except UpwellError:
            st.caption(f":red[{plain(name)} cannot be read]: its card says why.")
    for each in found:
        if each.status.conflicts:
            text = f"{each.config.name}: {count(len(each.status.conflicts), 'conflict')}"
            navigate.link("review", plain(text), "call_split", each.config.name, queue="conflicts")
        _checks(ws, each)
        if not each.is_checked:
            st.caption(
                f"{plain(each.config.name)}: – (no check has looked yet; a build brings them)"
            )
    is_clean = all(each.n_problems == 0 and not any(each.n_open.values()) for each in found)
    if found and is_clean:
        st.caption("None known: no damage, no conflict, nothing that a check found.")


def _checks(ws: Workspace, found: Facts) -> None:
    """Draw a line a check that found something, with its count, the worst first."""
    name, rows = found.config.name, open_checks(ws, found)
    for row in rows[:MAX_CHECKS]:
        color, words = _COLOR[row["severity"]], plain(row["check"].replace("_", " "))
        text = f":{color}[{row['severity']}] {words} · {row['n']:,}"
        link = {"severity": row["severity"], "check": row["check"]}
        with st.container(gap=None):
            navigate.link("problems", text, _ICON[row["severity"]], name, **link)
            st.caption(plain(row["worst"][:160]))
    if rows:
        text = f"{plain(name)}: {said(found.n_open)}"
        navigate.link("problems", text, "report", name)


def _holds(found: Facts) -> str:
    noun = _NOUN[found.config.modality]
    splits = ", ".join(f"{split} {n:,}" for split, n in found.n_by_split.items())
    return " · ".join(
        [count(found.n_examples, noun), count(len(found.config.classes), "class"), splits]
    )


def _unseen(found: Facts) -> str | None:
    """Say why there is a dash in the place of a number."""
    return None if found.build else "A dash: nothing has looked yet. Compile, and it is a number."


def _numbers(ws: Workspace, name: str, found: Facts) -> None:
    split = headline(found.build)
    metrics = metrics_of(found.build, split) if split else None
    shift = latest_shift(ws, name, split) if split else None
    with st.grid(4, min_column_width=104, gap="small"):
        if metrics and split:
            accuracy = metrics["accuracy"]
            network = shift.network if shift else None
            share_metric(f"{split.capitalize()} accuracy", accuracy["value"], network, hint=_HINT)
        else:
            st.metric("Test accuracy", "–")
        st.metric("Suspects left", number(found.n_suspects_left), help=_unseen(found))
        st.metric("Problems", number(found.n_problems), help=_unseen(found))
        left = found.not_committed
        st.metric("Uncommitted", f"{len(left):,}", help=plain(str(left)) if len(left) else None)
    if len(left):
        navigate.link("changes", f"Not committed: {plain(str(left))}", "edit", name)
    if problems := said(found.n_open):
        navigate.link("problems", problems, "report", name)
    if n := found.n_gates_failed:
        text = f":red[{n:,} of {count(len(found.gates), 'gate')} failed]"
        navigate.link("evals", text, "rule", name)
    if found.build:
        parts = [f"95 %: {interval(metrics['accuracy'])}"] if metrics else []
        parts += [f"since the build before, {shift_words(shift)}"] if shift else []
        parts += [f"labels thought wrong: {found.estimate}"] if found.estimate else []
        parts += [f"build {short(found.build.build_id)}, {ago(found.build.finished_at)}"]
        parts += [f"took {duration(found.build.seconds)}"] if found.build.seconds else []
        parts += [f"{count(found.n_since_build, 'edit')} since"] if found.n_since_build else []
        st.caption(plain(" · ".join(parts)))
