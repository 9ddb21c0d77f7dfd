"""The mark of an export of Upwell's own: what its table or folders cannot say, for reading it back.

A CSV has no types, and no format has the order of the classes or those that no example has. So an
export is marked: Parquet in its schema, a table of text by a file beside it
(``FILE.upwell.json``), a folder by ``upwell.json`` in it. A file without its mark is read as
anybody's. See docs/decisions/085-exports-are-marked.md.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from ide.dataset.reading import parse_json

PARQUET_KEY = b"upwell"
FOLDER_MARK = "upwell.json"
FOLDER_ROWS = "metadata.jsonl"  # as Hugging Face's imagefolder has it, too
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Edited:
    """What stood of an edited example when it was exported, and the edits that a next one names."""

    label: str | None
    split: str | None
    heads: Mapping[str, tuple[str, ...]]  # by register: "label" and "split"


@dataclass(frozen=True, slots=True)
class Mark:
    """What an export says of itself.

    ``payload``: the column of payloads, or of the paths of their files. ``metadata``: the other
    columns by the name they have in the dataset, with their types, in their order. ``names``: the
    name a column has in the file, by that in the dataset, where it is another. ``empty_texts``:
    in a CSV, whose empty cells are text of no characters rather than nothing: column → example
    ids, or True for all.
    """

    modality: str
    payload: str
    is_path: bool
    classes: tuple[str, ...]
    metadata: pa.Schema
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    empty_texts: Mapping[str, Literal[True] | Sequence[str]] = field(default_factory=dict)
    edited: Mapping[str, Edited] = field(default_factory=dict)


def sidecar_path(path: Path) -> Path:
    """Return where the mark of a table of text lies."""
    return path.with_name(f"{path.name}.upwell.json")


def to_json(mark: Mark) -> str:
    """Return a mark as JSON."""
    fields = {
        "upwell_export": _VERSION,
        "modality": mark.modality,
        "payload": mark.payload,
        "is_path": mark.is_path,
        "title": mark.title,
        "description": mark.description,
        "licence": mark.licence,
        "classes": list(mark.classes),
        "columns": {f.name: str(f.type) for f in mark.metadata},  # for people
        "schema": base64.b64encode(mark.metadata.serialize().to_pybytes()).decode(),
        "names": dict(mark.names),
        "empty_texts": {k: v if v is True else list(v) for k, v in mark.empty_texts.items()},
        "edited": {
            i: {
                "label": e.label,
                "split": e.split,
                "heads": {k: list(v) for k, v in e.heads.items()},
            }
            for i, e in mark.edited.items()
        },
    }
    return json.dumps(fields, ensure_ascii=False, indent=1)


def read_mark(path: Path) -> Mark | None:
    """Return the mark that a file holds; None where there is none, or none of ours."""
    try:
        return parse_mark(path.read_bytes())
    except OSError:
        return None


def parse_mark(data: bytes) -> Mark | None:
    """Read a mark; None for what is none: the export is then read as anybody's file."""
    try:
        fields = parse_json(data)
        if fields["upwell_export"] != _VERSION:
            return None
        edited = {
            i: Edited(e["label"], e["split"], {k: tuple(v) for k, v in dict(e["heads"]).items()})
            for i, e in fields["edited"].items()
        }
        return Mark(
            modality=str(fields["modality"]),
            payload=str(fields["payload"]),
            is_path=bool(fields["is_path"]),
            classes=tuple(map(str, fields["classes"])),
            metadata=pa.ipc.read_schema(pa.py_buffer(base64.b64decode(fields["schema"]))),
            title=fields["title"],
            description=fields["description"],
            licence=fields["licence"],
            names=dict(fields["names"]),
            empty_texts=dict(fields["empty_texts"]),
            edited=edited,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError, pa.ArrowException):
        return None
