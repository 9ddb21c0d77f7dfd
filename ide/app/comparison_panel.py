"""The parts of Reviews that are about the builds: metrics, flips, gates and checks, both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from ide.app import diff_page, navigate, tables
from ide.app.gallery import Tile, gallery
from ide.app.panels import share_metric
from ide.app.reviews.data import Listing
from ide.app.text import class_pair, count, interval, percent, plain, points
from ide.dataset.changes import words_of
from ide.dataset.flips import BROKEN, FIXED, RELABELLED
from ide.dataset.report_metrics import verdict
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.dataset.two_builds import TEST_FIRST, Shift, headline_split
from ide.store.comparison import Comparison
from ide.store.gates import GateResult
from ide.store.workspace import Workspace

MAX_TILES = 48
MAX_ISSUES = 200
MAX_FAILED = 16  # examples of a failed gate


def summary(found: Comparison | None, listing: Listing) -> None:
    """Draw the verdict in numbers: accuracy, flips, gates, checks; and what one must know."""
    changed = Counter(listing.table["kind"].to_pylist())
    with st.grid(5, min_column_width=120, gap="small"):
        with st.container(gap="xxsmall"):
            _accuracy(found)
        st.metric(
            "Changes", f"{len(listing.table):,}", help=f"{changed['relabelled']:,} relabelled"
        )
        with st.container(gap="xxsmall"):
            _flipped(found)
        st.metric("Gates failed", _gates(found))
        st.metric("Labels thought wrong", _estimates(found))
    if found is not None and found.note:
        st.caption(f":material/info: {plain(found.note[0].upper() + found.note[1:])}.")


def _headline(found: Comparison | None) -> str | None:
    """Return the split that the verdict is of; None where nothing is measured."""
    splits = (found.metrics or {}).get("splits", {}) if found else {}
    measured = [s for s in splits if (splits[s].get("accuracy") or {}).get("value") is not None]
    return headline_split(measured)


def _shift(found: Comparison | None, split: str | None) -> Shift | None:
    return found.pair.shifts.get(split) if found and found.pair and split else None


def _flipped(found: Comparison | None) -> None:
    """Draw how many examples of the headline split the network fixed and broke."""
    split = _headline(found)
    shift = _shift(found, split)
    label = f"Fixed / broken, {split}" if split else "Fixed / broken"
    hint = "Examples that became right, or wrong, both builds held against the newer one's labels"
    if shift is None:
        st.metric(label, "–", help=hint)
        return
    st.metric(label, f"{shift.n_fixed:,} / {shift.n_broken:,}", help=hint)
    if shift.n_relabelled:
        st.caption(f"and {shift.n_relabelled:,} by their label alone")


def _accuracy(found: Comparison | None) -> None:
    """Draw the accuracy, what of its change is the network's, and whether it is more than noise."""
    split = _headline(found)
    if found is None or found.metrics is None or split is None:
        st.metric("Accuracy", "–", help="No build of these labels on this machine.")
        return
    value, shift = found.metrics["splits"][split]["accuracy"]["value"], _shift(found, split)
    if shift is None:
        share_metric(f"Accuracy, {split}", value, None, digits=2)
        return
    judged = verdict(shift)
    hint = f"By {judged.test}, p = {judged.p:.2g}; the change is the network's, on the same labels"
    share_metric(f"Accuracy, {split}", value, shift.network, digits=2, hint=hint)
    st.caption("**more than noise**" if judged.is_real else "within noise")
    if shift.answer_key:
        st.caption(f"the answer key {plain(points(shift.answer_key))}")


def _gates(found: Comparison | None) -> str:
    if found is None or found.gates is None:
        return "not judged"
    if not found.gates:
        return "no gates"
    return f"{sum(not g.is_passed for g in found.gates):,} of {len(found.gates):,}"


def _estimates(found: Comparison | None) -> str:
    if found is None or found.estimate is None:
        return "–"
    before = f"{found.base_estimate.n_errors:.0f} → " if found.base_estimate else ""
    return f"{before}{found.estimate.n_errors:.0f}"


def caused(found: Comparison | None) -> dict[str, tuple[int, int]]:
    """Return edit id → how many examples it fixed, and broke, as the most probable cause."""
    counted: dict[str, list[int]] = {}
    if found is not None and found.flips is not None:
        columns = (found.flips[c].to_pylist() for c in (EXAMPLE_ID, "flip"))
        for example_id, flip in zip(*columns, strict=True):
            for edit_id in found.causes.get(example_id, ())[:1] if flip != RELABELLED else ():
                counted.setdefault(edit_id, [0, 0])[flip == BROKEN] += 1
    return {edit_id: (n[0], n[1]) for edit_id, n in counted.items()}


def metrics(found: Comparison | None) -> None:
    """Draw each split before and after, and the classes and slices that moved."""
    if found is None or found.metrics is None:
        st.caption("No build of these labels on this machine, so nothing is measured.")
        if found is not None:
            navigate.link("compile", "Compile", "play_circle", found.dataset)
        return
    rows = [_split_row(found, s) for s in TEST_FIRST if found.metrics["splits"].get(s)]
    st.dataframe(rows, hide_index=True, alt="Metrics of each split, before and after")
    st.caption(_HOW if found.pair else _APART)
    if found.n_slices:
        _moved(found)
    split = next(s for s in TEST_FIRST if found.metrics["splits"].get(s))
    st.caption(f"**Classes, {split}**")
    own = [row for row in found.metrics["classes"] if row["split"] == split]
    tables.classes(tables.class_rows(own, found.pair.f1_changes(split) if found.pair else None))


_HOW = (
    "Before and after are measured on the newer build's labels, on the examples that both builds "
    "can be asked; *the answer key* is what labels, splits and exclusions moved of the accuracies "
    "that each reports."
)
_APART = (
    "Each build is measured on its own labels here: without both, what the network did and what "
    "corrected labels did cannot be told apart."
)


def _moved(found: Comparison) -> None:
    looked = f"{found.n_slices:,} classes and slices of held-out examples were looked at"
    if not found.moved:
        st.caption(f"{looked}; none moved more than noise.")
        return
    st.caption(f"{looked}; **{len(found.moved):,} moved more than noise** (Holm's correction).")
    moved = [
        {
            "class or slice": m.slice,
            "split": m.split,
            "n": m.n,
            "before": percent(m.before),
            "after": percent(m.after),
            "95 %": interval({"low": m.low, "high": m.high}),
            "change": points(m.after - m.before),
            "fixed": m.n_fixed,
            "broken": m.n_broken,
            "p": f"{m.p:.2g}",
        }
        for m in found.moved
    ]
    st.dataframe(moved, hide_index=True, alt="Classes and slices that moved more than noise")


def _split_row(found: Comparison, split: str) -> dict[str, Any]:
    shift = _shift(found, split)
    if shift is None or found.pair is None:
        return _unpaired_row(found, split)
    return {
        "split": split,
        "n": shift.n,
        "accuracy before": percent(shift.before, digits=2),
        "after": percent(shift.after, digits=2),
        "95 %": interval(found.pair.now["splits"][split]["accuracy"]),
        "the network": points(shift.network),
        "more than noise": str(verdict(shift)),
        "fixed": shift.n_fixed,
        "broken": shift.n_broken,
        "the answer key": points(shift.answer_key) or "–",
        "by label alone": shift.n_relabelled,
    }


def _unpaired_row(found: Comparison, split: str) -> dict[str, Any]:
    """Return a split of two builds that cannot be paired, each on its own labels."""
    assert found.metrics is not None
    now = found.metrics["splits"][split]
    was = (found.base_metrics or {}).get("splits", {}).get(split) or {}
    before, after = was.get("accuracy"), now.get("accuracy") or {"value": None}
    return {
        "split": split,
        "n": now["n"],
        "accuracy before": percent(before["value"], digits=2) if before else "–",
        "after": percent(after["value"], digits=2),
        "95 %": interval(now.get("accuracy")),
    }


def flips(ws: Workspace, found: Comparison | None) -> None:
    """Draw the examples that became wrong, then those that became right, by what caused it."""
    if found is None or found.flips is None:
        st.caption(
            "Which examples became right or wrong is known where both revisions have a build here."
        )
        return
    people = dict(
        zip(*(found.changes[c].to_pylist() for c in ("edit_id", "annotator")), strict=True)
    )
    strongest: dict[str, Mapping[str, Any]] = {}
    for row in found.attribution.to_pylist():
        strongest.setdefault(row[EXAMPLE_ID], row)
    kinds = ((BROKEN, "Broken", "red"), (FIXED, "Fixed", "green"), (RELABELLED, _BY_LABEL, "gray"))
    for flip, title, color in kinds:
        rows = found.flips.filter(pc.equal(found.flips["flip"], flip)).to_pylist()
        if not rows and flip == RELABELLED:
            continue
        st.caption(f"**:{color}[{title}]** · {count(len(rows), 'example')}{_by_split(rows)}")
        tiles = _flip_tiles(rows, strongest, people)
        if tiles:
            gallery(ws, found.dataset, tiles[:MAX_TILES], key=f"review_{flip}")
        if len(tiles) > MAX_TILES:
            st.caption(f"and {len(tiles) - MAX_TILES:,} more")


_BY_LABEL = "Label changed: the answer key did it"


def _by_split(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how many examples are of which split: `` (test 3, train 1)``."""
    n = Counter(row[SPLIT] for row in rows)
    said = ", ".join(f"{split} {n[split]:,}" for split in TEST_FIRST if n[split])
    return f" ({said})" if said else ""


def _flip_tiles(
    rows: Sequence[Mapping[str, Any]],
    strongest: Mapping[str, Mapping[str, Any]],
    people: Mapping[str | None, str | None],
) -> list[Tile]:
    """Return tiles with a heading a cause, the most frequent first; test before training."""
    causes = {row[EXAMPLE_ID]: _cause(strongest.get(row[EXAMPLE_ID]), people) for row in rows}
    n = Counter(causes.values())
    order = sorted(
        rows,
        key=lambda r: (
            *(-n[causes[r[EXAMPLE_ID]]], causes[r[EXAMPLE_ID]]),
            *(TEST_FIRST.index(r[SPLIT]), r[EXAMPLE_ID]),
        ),
    )
    tiles, last = [], None
    for row in order:
        cause = causes[row[EXAMPLE_ID]]
        heading = f"{cause}: {diff_page.times(n[cause])}" if cause != last else ""
        tiles.append(_flip_tile(row, strongest.get(row[EXAMPLE_ID]), heading))
        last = cause
    return tiles


def _cause(row: Mapping[str, Any] | None, people: Mapping[str | None, str | None]) -> str:
    """Say which edits probably did it: ``relabelled 3 → 8 by ada``."""
    if row is None:
        return "no edit near"
    values = class_pair(row["before"] or None, row["after"] or None)
    who = people.get(row["edit_id"])
    parts = (words_of(row["kind"]), values, f"by {who}" if who else "")
    return "probably by " + " ".join(part for part in parts if part)


def _flip_tile(row: Mapping[str, Any], cause: Mapping[str, Any] | None, heading: str) -> Tile:
    near = {0: "its own label", 1: "the nearest example"}
    place = cause["nearness"] if cause else None
    said = f"label {row['base_label']} → {row[LABEL]}, " if row["base_label"] != row[LABEL] else ""
    return Tile(
        row[EXAMPLE_ID],
        row["predicted"],
        before=row["base_predicted"],
        other=row[LABEL],
        relation="is",
        title=f"{row[EXAMPLE_ID]}: {said}predicted {row['base_predicted']} → {row['predicted']}. "
        + (cause["says"] if cause else ""),
        tone={FIXED: "good", BROKEN: "bad"}.get(row["flip"], ""),
        why=row[SPLIT] + ("" if place is None else f", {near.get(place, f'neighbour {place}')}"),
        heading=heading,
    )


def gates_and_checks(ws: Workspace, found: Comparison | None) -> None:
    """Draw each gate with pass or fail, and what the checks find that is new, or gone."""
    if found is None or found.gates is None:
        st.caption("There is no build of these labels here to judge the gates by.")
    elif not found.gates:
        st.caption("This dataset has no gates: `dataset.toml` can hold some, as `[[gate]]`.")
    else:
        for number, result in enumerate(sorted(found.gates, key=lambda g: g.is_passed)):
            _gate(ws, found.dataset, number, result)
    if found is not None and found.build and found.base:
        _issues("New", found.new_issues)
        _issues("Gone", found.gone_issues)


def _gate(ws: Workspace, name: str, number: int, result: GateResult) -> None:
    verdict_ = ":green-badge[passed]" if result.is_passed else ":red-badge[failed]"
    st.markdown(f"{verdict_} **{plain(result.gate.name)}** {plain(result.says)}")
    if result.failed_ids and not result.is_passed:
        ids = result.failed_ids[:MAX_FAILED]
        gallery(ws, name, [Tile(i, tone="bad") for i in ids], key=f"gate_{number}", size="small")
        if len(ids) < len(result.failed_ids):
            st.caption(f"and {len(result.failed_ids) - len(ids):,} more")


def _issues(word: str, issues: pa.Table) -> None:
    st.caption(f"**{word} findings of the checks** · {len(issues):,}")
    if len(issues):
        columns = ["severity", "check", EXAMPLE_ID, "message"]
        shown = issues.select(columns).slice(0, MAX_ISSUES)
        wide = {"message": st.column_config.TextColumn(width="large")}
        st.dataframe(shown, hide_index=True, column_config=wide, alt=f"{word} findings")
