"""Examples as pictures: a page of them is one component, never a widget each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app import navigate, state
from ide.app.payload import payload_reader, payload_url
from ide.app.text import percent
from ide.dataset.edit import WHOLE_DATASET
from ide.dataset.errors import ExampleNotFoundError
from ide.store.file_names import file_names
from ide.store.importing.preview import Sample
from ide.store.workspace import Workspace

_FOLDER = Path(__file__).parent / "components"
SIZES = {"tiny": 56, "small": 80, "medium": 112, "large": 320}
MAX_TEXT = 600  # characters of a text on a tile

_gallery = st.components.v2.component(
    "upwell.gallery",
    html='<div class="grid"></div>',
    css=(_FOLDER / "gallery.css").read_text(encoding="utf-8"),
    js="".join((_FOLDER / f).read_text(encoding="utf-8") for f in ("choosing.js", "gallery.js")),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One example: ``before`` → ``label`` below it, a note at the right, perhaps a button."""

    example_id: str
    label: str | None = None
    before: str | None = None
    note: str = ""
    title: str = ""
    tone: str = ""  # suspect, edited, good, bad, excluded
    why: str = ""  # a line of its own below the labels
    heading: str = ""  # begins a group: a line of its own before the tile
    action_id: str | None = None
    other: str | None = None  # another class beside the label, such as what is predicted
    relation: str = "→"  # what that is to the label


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tiles are chosen; ``epoch``: another one puts these in the place of the browser's.

    ``on_change`` is called with the epoch and the ids, as the browser sends them.
    """

    ids: Sequence[str]
    epoch: int
    on_change: Callable[[object], None]


def gallery(
    ws: Workspace,
    dataset: str,
    tiles: Sequence[Tile],
    *,
    key: str,
    size: str = "medium",
    action: str = "",
    on_action: Callable[[str, str], None] | None = None,
    choice: Choice | None = None,
    listed: Callable[[], Sequence[str]] | None = None,
) -> None:
    """Draw tiles; a click opens the example's page, the button of a tile calls ``on_action``.

    With a ``choice``, each tile has a box. ``listed``: the ids of the list that the tiles are a
    page of; None: they are the list.
    """
    modality = ws.config(dataset).modality
    file_of: Callable[[str], str | None] = file_names(ws, dataset) if tiles else lambda _: None
    items = [
        _item(ws, dataset, tile, action, modality) | _file(file_of(tile.example_id), tile)
        for tile in tiles
    ]

    def on_open() -> None:
        example_id = str(st.session_state[key].open)
        if example_id == WHOLE_DATASET:
            navigate.go("problems", dataset, show="all")
        ids = listed() if listed else [t.example_id for t in tiles if t.example_id != WHOLE_DATASET]
        state.set_example_list(dataset, ids)
        navigate.go("example", dataset, example=example_id)

    def on_act() -> None:
        if on_action is not None:
            on_action(dataset, str(st.session_state[key].act))

    def on_choose() -> None:
        if choice is not None:
            choice.on_change(st.session_state[key].chosen)

    chosen = {"epoch": choice.epoch, "ids": list(choice.ids)} if choice else None
    _gallery(
        key=key,
        data={"items": items, "size": SIZES[size], "chosen": chosen},
        on_open_change=on_open,
        on_act_change=on_act,
        on_chosen_change=on_choose,
    )


def sketches(samples: Sequence[Sample], *, key: str) -> None:
    """Draw examples that are not in the workspace yet: a click opens nothing."""
    items = [
        {
            **asdict(Tile(s.example_id, label=s.label or "no label")),
            "id": s.example_id,
            "href": None,
            "title": f"{s.example_id} · {s.label or 'no label'}",
            "url": s.look.image,
            "text": s.look.text if s.look.image is None else None,
            "is_sound": False,
            "action": "",
        }
        for s in samples
    ]
    _gallery(key=key, data={"items": items, "size": SIZES["small"], "chosen": None})


def tiles_of(
    rows: Iterable[Mapping[str, Any]], tags: Mapping[str, Iterable[str]] | None = None
) -> list[Tile]:
    """Return the tiles of rows of ``ide.store.browse``; ``tags``: of the tagged, by id."""
    return [
        Tile(
            example_id=row["example_id"],
            label=row["label"] if row["label"] is not None else "no label",
            before=row["imported_label"],
            note=_note(row),
            title=_title(row),
            tone=_tone(row),
            why=" ".join(f"#{tag}" for tag in sorted((tags or {}).get(row["example_id"], ()))),
        )
        for row in rows
    ]


def _item(ws: Workspace, dataset: str, tile: Tile, action: str, modality: str) -> dict[str, Any]:
    url, text = _payload(ws, dataset, tile.example_id, is_text=modality == "text")
    return {
        **{k: v for k, v in asdict(tile).items() if k not in ("example_id", "title")},
        "id": tile.example_id,
        "href": navigate.address("example", dataset, example=tile.example_id),
        "title": tile.title or tile.example_id,
        "url": url,
        "is_sound": modality == "audio" and url is not None,
        "text": text,
        "action": action if tile.action_id else "",
        "action_title": f"{action} {tile.title or tile.example_id}",
    }


def _file(name: str | None, tile: Tile) -> dict[str, Any]:
    """Return the file's name of a tile, and its title with it."""
    title = tile.title or tile.example_id
    return {"file": name, "title": f"{title} · {name}" if name else title}


def _payload(
    ws: Workspace, dataset: str, example_id: str, *, is_text: bool
) -> tuple[str | None, str | None]:
    """Return the address of a picture, or a text; also where there is no such example."""
    if example_id == WHOLE_DATASET:
        return None, "the whole dataset"
    if is_text:
        return None, text_of(ws, dataset, example_id)[:MAX_TEXT]
    try:
        return payload_url(ws, dataset, example_id), None
    except ExampleNotFoundError:
        return None, "–"


def text_of(ws: Workspace, dataset: str, example_id: str) -> str:
    """Return the text of an example; a dash where the example is no longer there."""
    try:
        payload, _, _ = payload_reader(ws, dataset).get(example_id)
    except ExampleNotFoundError:
        return "–"
    return payload.decode("utf-8", errors="replace")


def _note(row: Mapping[str, Any]) -> str:
    if row.get("p_mislabeled") is not None and row["p_mislabeled"] > 0.05:
        return percent(row["p_mislabeled"], digits=0)
    return ""


def _title(row: Mapping[str, Any]) -> str:
    parts = [row["example_id"], row["split"]]
    if row.get("predicted") is not None:
        parts.append(f"predicted {row['predicted']}")
    if row.get("reason"):
        parts.append(row["reason"])
    return " · ".join(parts)


def _tone(row: Mapping[str, Any]) -> str:
    if row["is_excluded"]:
        return "excluded"
    if row["is_conflict"]:
        return "bad"
    if row["n_edits"]:
        return "edited"
    return "suspect" if (row.get("p_mislabeled") or 0) > 0.5 else ""
