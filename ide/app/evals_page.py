"""The parts of Evals: a build, perhaps beside another, on one split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from ide.app import cached, gate_form, navigate, state
from ide.app.address_words import say_unknown
from ide.app.charts import MAX_CLASSES
from ide.app.gallery import Tile, gallery
from ide.app.panels import share_metric
from ide.app.text import count, interval, moment, plain, shift_words, short
from ide.dataset.estimates import Estimate
from ide.dataset.flips import BROKEN, FIXED, RELABELLED
from ide.dataset.gate_drafts import MAX_IDS, of_class
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.dataset.two_builds import TwoBuilds, headline_split
from ide.store.builds import BuildInfo, build_metrics, current_build
from ide.store.gate_drafts import accuracy_of, draft_of_examples
from ide.store.workspace import Workspace

MAX_TILES = 60


def choose(builds: Sequence[BuildInfo]) -> tuple[BuildInfo, BuildInfo | None, str]:
    """Draw the choice of build, base and split; return what is chosen."""
    by_id = {build.build_id: build for build in builds}
    ids = list(by_id)
    say_unknown({"build": ids, "base": ids})
    with st.grid(3, min_column_width=180, gap="small", vertical_alignment="bottom"):
        chosen = st.selectbox("Build", ids, format_func=short, key="build", bind="query-params")
        others = [i for i in ids if i != chosen]
        base = st.selectbox(
            "Beside",
            others,
            index=_default_base(chosen or ids[0], ids, others),
            format_func=short,
            placeholder="No other build" if not others else "Nothing",
            disabled=not others,
            key="base",
            bind="query-params",
        )
        build = by_id[chosen or ids[0]]
        splits = list(build_metrics(build)["splits"])
        say_unknown({"eval_split": splits})
        split = st.segmented_control(
            "Split",
            splits,
            default=headline_split(splits),
            required=True,
            key="eval_split",
            bind="query-params",
        )
    at = moment(build.finished_at)
    st.caption(
        f"Build of {at} UTC at revision {short(build.revision)}, {count(build.n_edits, 'edit')}"
    )
    return build, by_id.get(base or ""), split or splits[0]


def _default_base(chosen: str, ids: list[str], others: list[str]) -> int | None:
    """Return the build before the chosen one."""
    later = ids[ids.index(chosen) + 1 :]
    return others.index(later[0]) if later else None


def numbers(
    metrics: Mapping[str, Any],
    pair: TwoBuilds | None,
    split: str,
    estimate: Estimate | None,
) -> None:
    """Draw the headline numbers, with what the network changed against the base.

    estimate: how many labels of all splits are thought wrong, where the build tells.
    """
    now = metrics["splits"][split]
    shift = pair.shifts.get(split) if pair else None
    with st.grid(5 if estimate else 4, min_column_width=120, gap="small"):
        delta = shift.network if shift else None
        share_metric(f"Accuracy, {split}", now["accuracy"]["value"], delta, digits=2)
        st.metric("95 % interval", interval(now["accuracy"]))
        f1_delta = None
        if pair and shift:
            was, is_ = (side["splits"][split]["macro_f1"] for side in (pair.base, pair.now))
            f1_delta = None if was is None or is_ is None else is_ - was
        share_metric("Macro F1", now["macro_f1"], f1_delta, digits=2)
        st.metric("Examples", f"{now['n']:,}")
        if estimate:
            hint = "Expected in all splits, with a 95 % interval; the chart below tells where."
            st.metric("Labels thought wrong", str(estimate), help=hint)


def beside(pair: TwoBuilds, build: BuildInfo, base: BuildInfo, split: str) -> None:
    """Say what of the difference the network did, what the answer key, and on which labels."""
    shift = pair.shifts.get(split)
    if shift is None:
        st.caption(f"No example of {split} can be compared with build {short(base.build_id)}.")
        return
    st.caption(
        f":material/compare_arrows: Beside {short(base.build_id)}, {split}: "
        f"{plain(shift_words(shift))}. Both are measured on the labels of {short(build.build_id)}, "
        f"on the {count(shift.n, 'example')} that both can be asked."
    )


def classes(metrics: Mapping[str, Any], split: str) -> list[dict[str, Any]]:
    """Return the classes' metrics on a split."""
    return [row for row in metrics["classes"] if row["split"] == split]


def charted(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Say which classes a chart shows, and return them: all of a few, else the weakest dozen.

    Of many classes a person can name some instead.
    """
    if len(rows) <= MAX_CLASSES:
        st.caption("**Precision and recall**, with 95 % intervals")
        return rows
    which = f"the weakest {MAX_CLASSES} of {count(len(rows), 'class')}"
    st.caption(f"**Precision and recall**, with 95 % intervals · {which}")
    by_label = {row["label"]: row for row in rows}
    chosen = st.multiselect(
        "Classes",
        list(by_label),
        key="charted_classes",
        max_selections=MAX_CLASSES,
        placeholder="Find classes",
        label_visibility="collapsed",
    )
    return [by_label[label] for label in chosen] or weakest(rows, MAX_CLASSES)


def weakest(rows: Sequence[Mapping[str, Any]], n: int) -> list[Mapping[str, Any]]:
    """Return the ``n`` classes of the lowest F1, those without any last."""
    return sorted(rows, key=lambda row: (row["f1"] is None, row["f1"] or 0.0, row["label"]))[:n]


def open_cell(given: str, predicted: str) -> None:
    """Show the examples of a cell of the confusion matrix below it."""
    state.set_parameter("given", given)
    state.set_parameter("predicted", predicted)


def cell_header(ws: Workspace, build: BuildInfo, split: str, cell: tuple[str, str], n: int) -> None:
    """Say what is shown, lead to all of it, and offer a gate of it."""
    name, (given, predicted) = build.dataset, cell
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = f"**Given {plain(given)}, predicted {plain(predicted)}**"
        st.caption(f"{what} · {count(n, 'example')}", width="content")
        parameters = {"label": given, "predicted": predicted, "split": split}
        navigate.link("browse", "Open in Browse", "grid_view", name, **parameters)
        if n and current_build(ws, name) == build:
            narrowed = {"given": given, "predicted": predicted, "split": split}
            navigate.link("review", "Review these", "rate_review", name, **narrowed)
        if n:
            gate_form.button(
                ws, name, lambda: _cell_draft(ws, build, split, given, predicted), key="cell"
            )


def _cell_draft(ws: Workspace, build: BuildInfo, split: str, given: str, predicted: str) -> Gate:
    """Return a gate of a cell: its examples, or the class where they are right or too many."""
    ids = _cell_ids(build, split, given, predicted)
    if given == predicted or len(ids) > MAX_IDS:
        return of_class(given, split=split, wanted=accuracy_of(build, split))
    return draft_of_examples(ws, build.dataset, ids, f"{given} taken for {predicted}")


def cell_tiles(build: BuildInfo, split: str, given: str, predicted: str) -> list[Tile]:
    """Return the examples of a cell, at most a page of them, as they were in the build."""
    ids = _cell_ids(build, split, given, predicted)[:MAX_TILES]
    tone = "" if given == predicted else "bad"
    return [Tile(i, given, other=predicted, tone=tone) for i in ids]


def _cell_ids(build: BuildInfo, split: str, given: str, predicted: str) -> list[str]:
    labels = cached.table(build, "labels", (EXAMPLE_ID, LABEL, SPLIT, "is_excluded"))
    predictions = cached.table(build, "predictions", (EXAMPLE_ID, "predicted"))
    both = labels.join(predictions, EXAMPLE_ID, join_type="inner")
    wanted = pc.and_(
        pc.and_(pc.equal(both[LABEL], given), pc.equal(both["predicted"], predicted)),
        pc.and_(pc.equal(both[SPLIT], split), pc.invert(both["is_excluded"])),
    )
    ids: list[str] = both.filter(wanted).sort_by(EXAMPLE_ID)[EXAMPLE_ID].to_pylist()
    return ids


def flip_tiles(pair: TwoBuilds, split: str, flip: str) -> list[Tile]:
    """Return the examples of a split that changed sides in one way, such as ``fixed``."""
    return _tiles(pair.flips.filter(pc.equal(pair.flips[SPLIT], split)), flip)


def _tiles(table: pa.Table, flip: str) -> list[Tile]:
    rows = table.filter(pc.equal(table["flip"], flip)).to_pylist()
    return [
        Tile(
            row[EXAMPLE_ID],
            row["predicted"],
            before=row["base_predicted"],
            other=row[LABEL] if flip != RELABELLED else None,
            relation="is",
            note="" if flip != RELABELLED else _relabelled(row),
            title=f"{row[EXAMPLE_ID]}: label {row['base_label']} → {row[LABEL]}, "
            f"predicted {row['base_predicted']} → {row['predicted']}",
            tone={FIXED: "good", BROKEN: "bad"}.get(flip, ""),
        )
        for row in rows
    ]


def _relabelled(row: Mapping[str, Any]) -> str:
    return f"was {row['base_label']}, is {row[LABEL]}"


def by_label(ws: Workspace, name: str, tiles: list[Tile]) -> None:
    """Draw the examples that count as right, or wrong, since their label changed alone."""
    if tiles:
        said = "the network did not change sides, the answer key did"
        st.caption(f"**Label changed** · {count(len(tiles), 'example')}: {said}")
        gallery(ws, name, tiles[:MAX_TILES], key="flips_label", size="small")
        if len(tiles) > MAX_TILES:
            st.caption(f"and {len(tiles) - MAX_TILES:,} more")


def flips(ws: Workspace, name: str, tiles: list[Tile], title: str, color: str) -> None:
    """Draw the examples that became right, or wrong."""
    tone = "green" if color == "good" else "red"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"**:{tone}[{title}]** · {count(len(tiles), 'example')}", width="content")
        if tiles and color == "bad":
            ids = [tile.example_id for tile in tiles]
            draft = partial(draft_of_examples, ws, name, ids, "broken once")
            gate_form.button(ws, name, draft, key="broken")
    if tiles:
        gallery(ws, name, tiles[:MAX_TILES], key=f"flips_{color}", size="small")
        if len(tiles) > MAX_TILES:
            st.caption(f"and {len(tiles) - MAX_TILES:,} more")
    else:
        st.caption(f"No example of this split was {title.lower()}.")
