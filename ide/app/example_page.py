"""The parts of an example's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc
import streamlit as st

from ide.app import actions, cached, navigate
from ide.app.gallery import Tile, text_of
from ide.app.panels import Bar
from ide.app.payload import PICTURES, payload_reader, payload_url
from ide.app.text import code, percent, plain
from ide.dataset.errors import ExampleNotFoundError
from ide.dataset.evidence import evidence
from ide.dataset.schema import EXAMPLE_ID
from ide.store.browse import JOINED_COLUMNS
from ide.store.builds import BuildInfo
from ide.store.drill_file import drill_id
from ide.store.issues import open_problems_of, problems_of
from ide.store.state import current_labels, dataset_state
from ide.store.workspace import Workspace

MAX_BARS = 6
MAX_PROBLEMS = 5
_COLOR = {"error": "red", "warning": "orange", "note": "blue"}
Row = Mapping[str, Any]


def read(ws: Workspace, name: str, build: BuildInfo | None, example_id: str) -> Row:
    """Return what is known of an example; raise ``ExampleNotFoundError``."""
    row = cached.browse_example(ws, name, build, example_id)
    if row is None:
        raise ExampleNotFoundError(name, example_id)
    return row


def payload(ws: Workspace, name: str, row: Row) -> None:
    """Draw what a person looks at, large."""
    example_id = row[EXAMPLE_ID]
    modality = ws.config(name).modality
    if modality in PICTURES:
        url = payload_url(ws, name, example_id)
        st.html(f'<img class="upwell-large" src="{url}" alt="the example">')
    elif modality == "text":
        with st.container(border=True, height=360):
            st.text(text_of(ws, name, example_id))
    elif modality == "audio":
        sound, mime, _ = payload_reader(ws, name).get(example_id)
        st.audio(sound, format=mime)
    else:
        st.caption(f"Examples of kind {modality} are not drawn yet.")


def facts(row: Row, file: str | None) -> None:
    """Draw the label, its file and split, the network's view, and the metadata."""
    label = "no label" if row["label"] is None else row["label"]
    imported = "no label" if row["imported_label"] is None else row["imported_label"]
    changed = "" if label == imported else f" :gray[imported as {plain(imported)}]"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(label)}**{changed}", width="content")
        for text, color in _badges(row):
            st.badge(plain(text), color=color)
    known = {"Example": code(row[EXAMPLE_ID])}
    known |= {"File": plain(file)} if file else {}
    known["Split"] = plain(row["split"])
    if row["rank"] is not None:
        known["Suspicion"] = f"{percent(row['p_mislabeled'])}, rank {row['rank']:,}"
    if row["predicted"] is not None:
        known["Predicted"] = plain(row["predicted"])
    if row["loss"] is not None:
        known["Loss"] = f"{row['loss']:.3f}"
    known |= {
        plain(column): plain(str(value)[:200])
        for column, value in row.items()
        if column not in JOINED_COLUMNS and value is not None
    }
    st.table(known, border="horizontal", width="stretch")


def _badges(row: Row) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if row["is_conflict"]:
        found.append(("conflict", "red"))
    if row["is_excluded"]:
        found.append(("excluded", "gray"))
    if row["n_edits"]:
        found.append((f"edited by {row['annotator'] or 'someone'}", "blue"))
    elif (row["p_mislabeled"] or 0) > 0.5:
        found.append(("suspect", "orange"))
    return found


def buttons(ws: Workspace, name: str, row: Row, build: BuildInfo | None) -> None:
    """Draw what one can do: relabel, confirm, exclude or restore, undo, comment."""
    example_id = row[EXAMPLE_ID]
    shown = evidence_of(ws, name, row, build)
    st.selectbox(
        "Relabel",
        [c for c in ws.config(name).classes if c != row["label"]],
        index=None,
        placeholder="Relabel as …",
        key="example_relabel",
        label_visibility="collapsed",
        on_change=actions.edit_from,
        args=(name, example_id, "label", "example_relabel", shown),
    )
    suggested = row["suggested_label"]
    with st.container(horizontal=True, gap="xsmall"):
        if suggested and suggested != row["label"]:
            _act(
                f"Take {plain(suggested)}",
                "check",
                (name, example_id, "label", suggested, shown),
            )
        if row["label"] is not None:
            _act("Confirm", "verified", (name, example_id, "confirm", None, shown))
        if row["is_excluded"]:
            _act("Restore", "restore_from_trash", (name, example_id, "restore", None, shown))
        else:
            _act("Exclude", "block", (name, example_id, "exclude", None, shown))
        state = dataset_state(ws, name).get(example_id)
        st.button(
            "Undo",
            icon=":material/undo:",
            disabled=not (state and any(state.in_force.values())),
            on_click=actions.undo_newest,
            args=(name, example_id),
        )
    st.text_input(
        "Comment",
        placeholder="Comment, then Enter",
        key="example_comment",
        label_visibility="collapsed",
        icon=":material/chat:",
        on_change=actions.edit_from,
        args=(name, example_id, "comment", "example_comment", shown),
    )


def _act(label: str, icon: str, args: tuple[Any, ...]) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"example_{args[2]}_{args[3]}",
        on_click=actions.edit,
        args=args,
    )


def evidence_of(
    ws: Workspace, name: str, row: Row, build: BuildInfo | None
) -> dict[str, Any] | None:
    """Return the evidence of what is done here; a build is shown also where it ranks nothing."""
    odds = row["p_mislabeled"]
    return evidence(
        build_id=build.build_id if build else None,
        rank=row["rank"],
        p_mislabeled=None if odds is None else round(odds, 4),
        suggested_label=row["suggested_label"],
        drill=drill_id(ws, name),
    )


def probability_bars(
    ws: Workspace, name: str, build: BuildInfo | None, example_id: str
) -> list[Bar]:
    """Return the probabilities of the classes, highest first; none without a build."""
    if build is None:
        return []
    table = cached.table(build, "predictions", (EXAMPLE_ID, "probs"))
    found = table.filter(pc.equal(table[EXAMPLE_ID], example_id))["probs"].to_pylist()
    if not found or found[0] is None:
        return []
    pairs = sorted(zip(found[0], ws.config(name).classes, strict=False), reverse=True)
    return [Bar(label, p, percent(p)) for p, label in pairs[:MAX_BARS]]


def neighbors(ws: Workspace, name: str, build: BuildInfo, row: Row) -> list[Tile]:
    """Return the nearest training examples, with the labels they have now."""
    table = cached.table(build, "suspects", (EXAMPLE_ID, "neighbors"))
    found = table.filter(pc.equal(table[EXAMPLE_ID], row[EXAMPLE_ID]))["neighbors"].to_pylist()
    ids = found[0] if found and found[0] else []
    labels = current_labels(ws, name)
    near = labels.filter(pc.is_in(labels[EXAMPLE_ID], value_set=_strings(ids)))
    label_by_id = dict(zip(near[EXAMPLE_ID].to_pylist(), near["label"].to_pylist(), strict=True))
    return [
        Tile(i, label_by_id[i], tone="good" if label_by_id[i] == row["label"] else "bad")
        for i in ids
        if i in label_by_id
    ]


def problems(ws: Workspace, name: str, build: BuildInfo | None, row: Row) -> None:
    """Draw what the checks found about an example and nobody settled, each with its link."""
    found = open_problems_of(ws, name, build, row[EXAMPLE_ID]) if build else []
    for problem in found[:MAX_PROBLEMS]:
        words = plain(problem["check"].replace("_", " "))
        said = plain(problems_of(build).sentence(problem)[:160]) if build else ""
        text = f":{_COLOR[problem['severity']]}[{words}] {said}"
        navigate.link("problems", text, "report", name, issue=problem["problem_id"])
    if len(found) > MAX_PROBLEMS:
        text = f"All {len(found):,} problems of it"
        navigate.link("problems", text, "report", name, text=row[EXAMPLE_ID])


def _strings(ids: list[str]) -> Any:
    import pyarrow as pa

    return pa.array(ids, pa.string())
