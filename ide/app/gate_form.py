"""*Make this a gate*: a button wherever something is seen, and the form that it opens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from ide.app import cached, errors, state
from ide.app.text import count, plain
from ide.dataset.errors import UpwellError
from ide.dataset.gates import EVERY, GATE_SPLITS, MAX_NAME, METRICS, Gate, check_gate
from ide.store.builds import current_build
from ide.store.gate_columns import n_named
from ide.store.gate_file import add_gate, free_name
from ide.store.gates import base_build, judge_gates
from ide.store.workspace import Workspace

LABEL = "Make this a gate"


def button(
    ws: Workspace, name: str, draft: Callable[[], Gate], *, key: str, label: str = LABEL
) -> None:
    """Draw the button; ``draft`` is asked for the gate that the form begins with."""
    hint = "What went wrong once is tested for ever: see Gates in Evals, and upwell test."
    if st.button(label, icon=":material/rule:", key=f"{key}_gate", help=hint):
        with errors.shown():
            open_form(ws, name, draft())


@st.dialog(LABEL, width="medium", icon=":material/rule:")
def open_form(ws: Workspace, name: str, draft: Gate) -> None:
    """Draw the form, and below it what the gate would say of the current build."""
    gate = _form(ws, name, draft)
    try:
        is_sound = _preview(ws, name, gate)
    except UpwellError as error:
        errors.explain(error)
        is_sound = False
    if st.button("Save the gate", type="primary", key="gate_save", disabled=not is_sound):
        try:
            add_gate(ws, name, gate)
        except UpwellError as error:
            errors.explain(error)
        else:
            cached.forget_history()
            state.notify(f"Gate {plain(gate.name)} stands in dataset.toml and in Evals", "rule")
            st.rerun()


def _form(ws: Workspace, name: str, draft: Gate) -> Gate:
    """Draw the fields, filled in, and return the gate as it stands in them."""
    config = ws.config(name)
    keys = _keys(draft)
    taken = {gate.name for gate in config.gates}
    title = st.text_input(
        "Name", free_name(draft.name, taken)[:MAX_NAME], key=keys("name"), max_chars=MAX_NAME
    )
    condition = st.text_area(
        "Condition",
        draft.condition,
        key=keys("condition"),
        height=90,
        help="SQL over label, split, example_id, tags and the columns of the source.",
    )
    with st.grid(3, min_column_width=140, gap="small", vertical_alignment="bottom"):
        kind = st.selectbox(
            "Metric", list(METRICS), list(METRICS).index(draft.kind), key=keys("metric")
        )
        measure = METRICS[kind]
        label = None
        if measure.of_class:
            at = config.classes.index(draft.label) if draft.label in config.classes else 0
            label = st.selectbox("of", config.classes, at, key=keys("label"))
        bound = _number(
            "At most" if measure.is_at_most else "At least",
            kind,
            draft.bound,
            keys(f"bound_{kind}"),
        )
        tolerance = _number("Tolerance", kind, None, keys(f"tolerance_{kind}"))
        splits = st.selectbox(
            "Split",
            GATE_SPLITS,
            GATE_SPLITS.index(draft.split or EVERY),
            key=keys("split"),
            help="Whose examples count; all = every split.",
        )
    return Gate(
        name=title.strip(),
        condition=condition.strip(),
        metric=f"{kind} of {label}" if label is not None else kind,
        bound=0.0 if bound is None else bound,
        tolerance=tolerance,
        split=None if splits == EVERY else splits,
    )


def _number(label: str, kind: str, value: float | None, key: str) -> float | None:
    """Draw a bound or a tolerance of a metric; empty is None."""
    measure = METRICS[kind]
    is_share = measure.highest == 1
    if value is not None and (measure.is_at_most or value > measure.highest):
        value = 0.0 if measure.is_count else 0.5
    options: dict[str, Any] = (
        {"step": 1.0, "format": "%.0f"} if measure.is_count else {"step": 0.01, "format": "%.4g"}
    )
    hint = "How much worse than the base build it may be; empty = it is compared with none."
    return st.number_input(
        label,
        0.0,
        1.0 if is_share else None,
        value,
        key=key,
        placeholder="none",
        help=hint if label == "Tolerance" else None,
        **options,
    )


def _preview(ws: Workspace, name: str, gate: Gate) -> bool:
    """Say what the gate would say now; whether it can be saved."""
    check_gate(gate, ws.config(name).classes)
    n = n_named(ws, name, gate)
    where = f" of {gate.split}" if gate.split else ""
    others = n_named(ws, name, replace(gate, split=None)) - n
    more = f"; {others:,} more in other splits do not count" if others else ""
    st.caption(f"It names {count(n, 'example')}{where}{more}.")
    if not n and not others:
        st.caption("What is excluded or disputed does not count, so there is nothing to save yet.")
    build = current_build(ws, name)
    if build is None:
        st.caption("There is no build yet to judge.")
        return n > 0
    base = base_build(ws, name)
    (result,) = judge_gates(ws, name, build=build, base=base, gates=[gate])
    color, verdict = ("green", "Passes now") if result.is_passed else ("red", "Fails now")
    st.markdown(f":{color}[**{verdict}**] · {plain(result.says)}")
    return n > 0


def _keys(draft: Gate) -> Callable[[str], str]:
    """Return the keys of the form's fields; another draft has others, and so its own values."""
    digest = hashlib.blake2b(repr(draft).encode(), digest_size=6).hexdigest()
    return lambda field: f"gate_{digest}_{field}"
