import streamlit as st

from ide.app import (
    cached,
    charts,
    drill_page,
    estimates_panel,
    evals_page,
    gates_panel,
    slices_panel,
    state,
    tables,
)
from ide.app.address_words import say_unknown
from ide.app.addresses import PART
from ide.app.gallery import gallery
from ide.app.panels import matrix
from ide.dataset.flips import BROKEN, FIXED, RELABELLED
from ide.store.builds import build_metrics, list_builds
from ide.store.estimates import estimate_of

ws, name = state.workspace(), state.dataset()
drill_page.going_on(ws, name)
builds = list_builds(ws, name)
if not builds:
    tables.no_build(ws, ws.config(name), "No build yet, so nothing is measured.")
    drill_page.offer(ws, name)
    st.stop()
is_drill = state.parameter(PART) == "drill"
if is_drill:  # asked for by its own address
    drill_page.offer(ws, name)

build, base, split = evals_page.choose(builds)
metrics = build_metrics(build)
pair = cached.pair(build, base) if base else None
evals_page.numbers(metrics, pair, split, estimate_of(build))
if pair and base:
    evals_page.beside(pair, build, base, split)

cells, per_class = st.columns([1, 1.1], gap="medium")
with cells:
    st.caption("**Confusion** · a cell opens its examples")
    given, predicted = state.parameter("given"), state.parameter("predicted")
    matrix(
        metrics["confusion"][split],
        key="confusion",
        selected=(given, predicted) if given and predicted else None,
        on_cell=evals_page.open_cell,
    )
with per_class:
    rows = evals_page.classes(metrics, split)
    charts.class_metrics(evals_page.charted(rows), key="class_metrics")

if given and predicted:
    classes = metrics["confusion"][split]["classes"]
    say_unknown({"given": classes, "predicted": classes})
    tiles = evals_page.cell_tiles(build, split, given, predicted)
    evals_page.cell_header(ws, build, split, (given, predicted), len(tiles))
    gallery(ws, name, tiles, key="cell_examples", size="small")

gates_panel.draw(ws, name, build, base)
estimates_panel.draw(build)

if pair is not None:
    better, worse = st.columns(2, gap="medium")
    with better:
        evals_page.flips(ws, name, evals_page.flip_tiles(pair, split, FIXED), "Fixed", "good")
    with worse:
        evals_page.flips(ws, name, evals_page.flip_tiles(pair, split, BROKEN), "Broken", "bad")
    evals_page.by_label(ws, name, evals_page.flip_tiles(pair, split, RELABELLED))

st.caption("**Classes**")
tables.classes(tables.class_rows(rows, pair.f1_changes(split) if pair else None))
slices_panel.draw(ws, name, build, split)

if not is_drill:
    drill_page.offer(ws, name)
