"""The parts of Bisect: what to search for, the search as it goes, the culprit."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ide.app import (
    actions,
    cached,
    charts,
    diff_page,
    errors,
    history_page,
    navigate,
    state,
    tables,
)
from ide.app.bisect_strip import strip
from ide.app.commit_rows import accuracies
from ide.app.revision_choice import choices
from ide.app.text import code, count, percent, plain, short
from ide.dataset.errors import UpwellError
from ide.dataset.gates import METRICS
from ide.dataset.schema import TEST
from ide.store.bisect_report import commit_rows, cost, evidence, headline
from ide.store.bisect_request import gate_of
from ide.store.bisect_state import CANCELLED, DONE, FAILED, RUNNING, Bisect, load_progress
from ide.store.bisecting import bisect_status
from ide.store.builds import build_metrics, current_build
from ide.store.revisions import HEAD, WORKING_TREE, Span
from ide.store.workspace import Workspace

POLL_S = 1.0
_SYNTAX = "METRIC on SPLIT slice CONDITION >= BOUND"


def request(ws: Workspace, name: str) -> None:
    """Draw the form: a revision that passes, one that fails, the gate, and the button."""
    words = _revisions(ws, name)
    latest = bisect_status(ws)
    known = latest if latest and latest.dataset == name else None
    good = state.parameter("good") or (known.good_name if known else _likely_good(ws, name))
    bad = state.parameter("bad") or (known.bad_name if known else HEAD)
    ready = _gates(ws, name)
    gate = state.parameter("gate") or (known.gate if known else next(iter(ready), None))
    with st.form("bisect", border=False):
        left, middle, right = st.columns([1, 1, 1.4], gap="small", vertical_alignment="bottom")
        with left:
            _select("Good: it passes", "bisect_good", words, good)
        with middle:
            _select("Bad: it fails", "bisect_bad", words, bad)
        with right:
            _select("Gate", "bisect_gate", ready, gate, help_text=_GATE_HELP)
            at_gate = st.container(gap=None)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            pressed = st.form_submit_button(
                "Find the commit",
                icon=":material/search:",
                type="primary",
                key="bisect_start",
                disabled=latest is not None and latest.state == RUNNING,
            )
            st.caption(
                "Builds revisions in between, beside the working tree: label on meanwhile.",
                width="content",
            )
        _syntax(ws, name)
    if pressed and not _refused(ws, name, st.session_state["bisect_gate"], at_gate):
        asked = [st.session_state[f"bisect_{part}"] for part in ("good", "bad", "gate")]
        actions.start_bisect(name, *asked)
        st.rerun()


_GATE_HELP = (
    "A gate of dataset.toml by its name, or a line: METRIC on SPLIT slice CONDITION >= BOUND. "
    "Metrics: accuracy, recall of CLASS, precision of CLASS, f1 of CLASS, macro_f1, loss, n_wrong."
)


def _syntax(ws: Workspace, name: str) -> None:
    """Show how a gate is written, with lines that can be taken as they are."""
    lines = [line for line in _ready_lines(ws, name) if "slice" in line or " of " in line]
    examples = ", or ".join(code(line) for line in lines[:2])
    own = " or the name of a gate of dataset.toml" if ws.config(name).gates else ""
    st.caption(
        f"A gate is a line, `{_SYNTAX}`{own}. SPLIT (else test) and the slice may be left out: "
        f"{examples}. Metrics: {plain(', '.join(METRICS))}; recall, precision, f1 are of a class."
    )


def _refused(ws: Workspace, name: str, gate: str | None, at_gate: DeltaGenerator) -> bool:
    """Say at the field why a gate is none; whether that is so."""
    if not gate:
        at_gate.error(f"Choose a gate, or write one: {_SYNTAX}")
        return True
    try:
        gate_of(ws, name, gate)
    except UpwellError as error:
        at_gate.error(plain(error))
        return True
    return False


def _select(
    title: str, key: str, words: dict[str, str], value: str | None, *, help_text: str | None = None
) -> None:
    options = list(words) if value is None or value in words else [value, *words]
    st.selectbox(
        title,
        options,
        index=None if value is None else options.index(value),
        format_func=lambda n: words.get(n, n),
        placeholder="Choose or type",
        key=key,
        accept_new_options=True,
        help=help_text
        or "A branch, a tag or a commit; any other name that git knows can be typed.",
    )


def _revisions(ws: Workspace, name: str) -> dict[str, str]:
    """Return name → how it is shown, with the accuracy where a build is kept."""
    words = {n: text for n, text in choices(ws, name).items() if n != WORKING_TREE}
    for revision, (split, accuracy) in accuracies(cached.history(ws, name).metrics).items():
        if shown := words.get(revision[:10]):
            words[revision[:10]] = f"{shown} · {split} {percent(accuracy)}"
    return words


def _likely_good(ws: Workspace, name: str) -> str | None:
    """Return the commit before HEAD whose build is the best, the newest of equals; else the first.

    The search needs a revision that passes: the newest that has a build may be broken already.
    """
    found = cached.history(ws, name)
    older = [commit.revision for commit in found.commits[1:]]
    known = accuracies(found.metrics)
    built = [revision for revision in older if revision in known]
    best = max(built, key=lambda revision: known[revision][1], default=None)
    return next((revision[:10] for revision in (best, *older[-1:]) if revision), None)


def _gates(ws: Workspace, name: str) -> dict[str, str]:
    """Return name or line → how it is shown: the dataset's own gates, then ready conditions."""
    own = {gate.name: f"{gate.name} · {gate.text}" for gate in ws.config(name).gates}
    return own | {line: line for line in _ready_lines(ws, name)}


def _ready_lines(ws: Workspace, name: str) -> list[str]:
    """Return gates that anybody may want: test accuracy first, held to what parts good from bad."""
    config = ws.config(name)
    lines = [f"accuracy >= {_parting_bound(ws, name)}", "macro_f1 >= 0.9", "n_wrong <= 20"]
    if config.classes:
        weakest = _weakest_class(ws, name) or config.classes[0]
        quoted = weakest.replace("'", "''")
        lines += [f"recall of {weakest} >= 0.9", f"accuracy on slice label = '{quoted}' >= 0.9"]
    return lines


def _parting_bound(ws: Workspace, name: str) -> float:
    """Return a test accuracy between the best and the newest that is known, else 0.95."""
    known = cached.history(ws, name).metrics
    of_test = [by_split[TEST] for by_split in known.values() if TEST in by_split]
    if not of_test:
        return 0.95
    newest = next(
        known[c.revision] for c in cached.history(ws, name).commits if c.revision in known
    )
    low, high = newest.get(TEST, min(of_test)), max(of_test)
    return round((low + high) / 2, 3) if high - low > 0.002 else max(0.0, round(high - 0.005, 3))


def _weakest_class(ws: Workspace, name: str) -> str | None:
    """Return the class of the lowest recall on the test set; None without a build."""
    build = current_build(ws, name)
    rows = build_metrics(build).get("classes", []) if build else []
    of_test = [r for r in rows if r["split"] == TEST and r["recall"]["value"] is not None]
    return min(of_test, key=lambda r: r["recall"]["value"])["label"] if of_test else None


def live(ws: Workspace, name: str) -> None:
    """Draw the latest bisection; while one runs, anew once a second, and the page at its end."""
    found = bisect_status(ws)
    is_running = found is not None and found.state == RUNNING
    st.fragment(_live, run_every=POLL_S if is_running else None)(ws, name, is_running)


def _live(ws: Workspace, name: str, was_running: bool) -> None:
    found = bisect_status(ws)
    if was_running and (found is None or found.state != RUNNING):
        st.rerun()
    if found is None:
        tables.nothing(
            "No search yet. Name a revision that passes, one that fails, and the gate: the commits "
            "between them then stand here, and turn green and red as they are built."
        )
        return
    if found.dataset != name and found.state == RUNNING:
        st.info(f"A bisection of {plain(found.dataset)} is running.", icon=":material/sync:")
        navigate.link("bisect", f"Watch {plain(found.dataset)}", "search", found.dataset)
        return
    if found.dataset == name:
        try:
            _headline(ws, found)
            _commits(found)
        except UpwellError as error:
            errors.explain(error)


def _headline(ws: Workspace, found: Bisect) -> None:
    said = plain(headline(found))
    if found.state == RUNNING:
        with st.container(border=True, key="bisect_running"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":primary[:material/sync:] **{said}**", width="content")
                st.space("stretch")
                st.button(
                    "Cancel",
                    icon=":material/cancel:",
                    key="bisect_cancel",
                    on_click=actions.cancel_bisect,
                )
            doing = load_progress(ws, found.bisect_id)
            if found.probing:
                st.caption(f"{short(found.probing)} · {plain(doing)}")
    elif found.state == FAILED:
        st.error(said, title="No culprit", icon=":material/error:")
    elif found.state == CANCELLED:
        st.caption(f":material/cancel: {said[:1].upper()}{said[1:]}")


def _commits(found: Bisect) -> None:
    """Draw the strip and the plot."""
    rows = commit_rows(found)
    if not rows:
        return
    st.caption(
        f"**{plain(found.gate_line)}** · {plain(found.good_name)} to {plain(found.bad_name)}, "
        "oldest first; pale: it follows from another. A commit opens what it changed."
    )
    strip(rows, found.dataset, key="bisect_strip")
    if any(row["value"] is not None for row in rows):
        charts.bisection(rows, found.metric, found.bound, key="bisect_plot")


def culprit(ws: Workspace, name: str) -> None:
    """Draw what was found: the commit, the verdict, what speaks against it, what to do."""
    found = _done(ws, name)
    if found is None:
        return
    for revision in found.culprits:
        _culprit(ws, found, revision)
    for sentence in (*found.notes, found.doubt):
        if sentence:
            st.warning(plain(sentence), icon=":material/warning:")


def changes(ws: Workspace, name: str) -> None:
    """Draw what the culprit changed, as pictures."""
    found = _done(ws, name)
    if found is None:
        return
    stops = [stop for revision in found.culprits if (stop := found.stop(revision))]
    span = Span("before it", "the commit", stops[0].came_from, stops[-1].revision)
    listed = cached.change_list_of(ws, name, span)
    diff_page.pictures(ws, name, listed, key="bisect_diff", with_undo=False)


def _done(ws: Workspace, name: str) -> Bisect | None:
    found = bisect_status(ws)
    is_it = found is not None and found.dataset == name and found.state == DONE
    return found if is_it else None


def _culprit(ws: Workspace, found: Bisect, revision: str) -> None:
    stop = found.stop(revision)
    if stop is None:
        return
    with st.container(border=True, gap="small"):
        is_only = len(found.culprits) == 1
        title = "broke the gate" if is_only else "may have broken it"
        st.markdown(f":red[:material/error:] **{short(revision)} {title}** · {plain(stop.subject)}")
        rest = " ".join(stop.message.splitlines()[1:]).strip()
        said = [plain(rest)] if rest else []
        said.append(
            f"{plain(stop.author)}, {plain(stop.committed_at[:16].replace('T', ' '))}; "
            f"{count(stop.n_changes, 'label')} changed"
            + plain(f", {stop.note}" if stop.note else "")
        )
        if convicted := evidence(found, revision):
            said.append(plain(convicted))
        if is_only:
            said.append(plain(f"found with {cost(found)}"))
        st.caption("  \n".join(said))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            is_asked = st.button(
                "Revert it",
                icon=":material/undo:",
                key=f"bisect_revert_{revision}",
                help="Takes its edits back by edits, in a commit of their own; later edits stay.",
            )
            navigate.link("changes", "Its changes", "difference", found.dataset, b=revision[:10])
            navigate.link("history", "History", "history", found.dataset)
    if is_asked:
        history_page.ask_revert(ws, revision)
