"""Gates in Evals: every gate against its bound, and what failed, as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from ide.app import cached, navigate
from ide.app.gallery import Tile, gallery
from ide.app.panels import Bar, bars
from ide.app.text import clipped, count, plain
from ide.dataset.gate_words import number
from ide.dataset.judging import GateResult
from ide.store.builds import BuildInfo
from ide.store.gates import rows_of
from ide.store.workspace import Workspace

MAX_TILES = 24  # of one gate
MAX_FAILED = 12  # gates that are drawn with their examples
MAX_WHERE = 160  # characters of a condition, which may name hundreds of examples
_NAME_EM = 16


def draw(ws: Workspace, name: str, build: BuildInfo, base: BuildInfo | None) -> None:
    """Draw the gates of a dataset, judged on a build; how to make one where there is none."""
    found = cached.gates(ws, name, build, base)
    if not found:
        st.caption(
            "**Gates** · none yet. *Make this a gate*, on an example, in Browse, on a confusion, "
            "a slice or what a build broke, tests it with every build, and by `upwell test`."
        )
        return
    failed = [r for r in found if not r.is_passed]
    said = (
        f":red[{len(failed):,} of {len(found):,} fail]"
        if failed
        else f"{count(len(found), 'gate')}, all pass"
    )
    st.caption(f"**Gates** · {said}")
    shown, low = bars_of(found)
    bars(shown, key="gates", low=low, name_em=_NAME_EM)
    for index, result in enumerate(failed[:MAX_FAILED]):
        _failed(ws, name, build, result, key=f"gate_{index}")
    if len(failed) > MAX_FAILED:
        st.caption(f"and {len(failed) - MAX_FAILED:,} more that fail")
    passed = [r for r in found if r.is_passed]
    if passed:
        with st.expander(f"What the {count(len(passed), 'passing gate')} can tell"):
            for result in passed:
                said = f"{clipped(result.gate.where, MAX_WHERE)} · {result.says}"
                st.caption(f"**{plain(result.gate.name)}** · {plain(said)}")


def bars_of(results: Sequence[GateResult]) -> tuple[list[Bar], float]:
    """Return a bar a gate, those that fail first, and where the track begins.

    What is no share is drawn so that its bound stands in the middle.
    """
    ends = [min(r.low, r.gate.bound) for r in results if r.low is not None and _is_share(r)]
    low = max(0.0, math.floor(10 * min(ends, default=0.0) - 0.5) / 10)
    ordered = sorted(results, key=lambda r: r.is_passed)
    return [_bar(result, low) for result in ordered], low


def _bar(result: GateResult, low: float) -> Bar:
    gate = result.gate
    bound = f"{gate.sign} {number(gate, gate.bound)}"
    value = "–" if result.value is None else number(gate, result.value)
    at = [_place(result, x, low) for x in (result.value, result.low, result.high, gate.bound)]
    return Bar(
        label=gate.name,
        value=at[0],
        text=f"{value}, wanted {bound}",
        low=at[1],
        high=at[2],
        mark=at[3],
        tone="good" if result.is_passed else "bad",
        title=f"{gate.name}: {gate.metric} on {clipped(gate.where, MAX_WHERE)}, "
        + count(result.n, "example"),
    )


def _place(result: GateResult, value: float | None, low: float) -> float | None:
    """Return where on the track a value stands."""
    if value is None or _is_share(result):
        return value
    share = min(1.0, value / (2 * result.gate.bound)) if result.gate.bound else min(1.0, value)
    return low + (1 - low) * share


def _is_share(result: GateResult) -> bool:
    return not result.gate.measure.is_at_most


def _failed(ws: Workspace, name: str, build: BuildInfo, result: GateResult, *, key: str) -> None:
    gate = result.gate
    with st.container(border=True, gap="small", key=f"{key}_failed"):
        st.markdown(
            f":red[:material/cancel:] **{plain(gate.name)}** · "
            f":gray[{plain(clipped(gate.where, MAX_WHERE))}]"
        )
        st.caption(plain(result.says))
        if result.value is not None:
            label = "Find the commit that broke it"
            navigate.link("bisect", label, "search", name, gate=gate.name)
        tiles = [
            Tile(
                row["example_id"],
                row["label"],
                other=row["predicted"],
                title=f"{row['example_id']}: given {row['label']}, predicted {row['predicted']}",
                tone="bad",
            )
            for row in rows_of(build, result.failed_ids[:MAX_TILES])
        ]
        if tiles:
            gallery(ws, name, tiles, key=key, size="small")
        if (n := len(result.failed_ids) - len(tiles)) > 0:
            st.caption(f"and {n:,} more")
