"""Which examples the rows of an answer are about, and what is to be seen of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from ide.app import navigate
from ide.app.payload import PICTURES, payload_urls
from ide.dataset.errors import UpwellError
from ide.dataset.schema import EXAMPLE_ID
from ide.store.state import imported_labels
from ide.store.thumbnails import thumbnail
from ide.store.workspace import Workspace

MAX_PICTURES = 100  # of a table; of the rows after them there is a link
_BYTES_OF_ALL = 4 << 20
_DATASET = "dataset"
_SIDE = 96  # pixels
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")

Example = tuple[str, str]  # a dataset and an id in it


def examples_of(ws: Workspace, sql: str, table: pa.Table, dataset: str) -> list[Example | None]:
    """Return which example each row is about, by its column ``example_id``; [] without one.

    Its dataset is what the row's column ``dataset`` says; else the first that has the id, of
    those that the query names and the open one.
    """
    if EXAMPLE_ID not in table.column_names or not _is_text(table[EXAMPLE_ID].type):
        return []
    datasets = _datasets(ws, sql, dataset)
    own: Sequence[object] = [None] * len(table)
    if _DATASET in table.column_names:
        own = table[_DATASET].to_pylist()
        datasets += [n for n in ws.datasets() if n in set(own) and n not in datasets]
    ids_of = {name: _ids(ws, name) for name in datasets}
    found: list[Example | None] = []
    for example_id, said in zip(table[EXAMPLE_ID].to_pylist(), own, strict=True):
        asked = [said] if said in ids_of else datasets
        names = (str(name) for name in asked if example_id in ids_of[str(name)])
        name = next(names, None)
        found.append((name, example_id) if name is not None else None)
    return found if any(found) else []


def _datasets(ws: Workspace, sql: str, dataset: str) -> list[str]:
    """Return the datasets that a query names, in its order, and the open one at last."""
    bare = sql.replace('"', "").lower()
    places = {n: re.search(rf"(?<!\w){re.escape(n)}\s*\.", bare) for n in ws.datasets()}
    named = {n: match.start() for n, match in places.items() if match}
    listed = sorted(named, key=named.__getitem__)
    return [*listed, *([dataset] if dataset not in listed else [])]


def _ids(ws: Workspace, name: str) -> frozenset[str] | dict[str, str | None]:
    try:
        return imported_labels(ws, name)
    except UpwellError:  # what is wrong with a dataset is said where it is opened
        return frozenset()


def links(examples: Sequence[Example | None]) -> list[str | None]:
    """Return the address of each row's example."""
    return [navigate.address("example", x[0], example=x[1]) if x else None for x in examples]


def pictures(ws: Workspace, examples: Sequence[Example | None]) -> list[str | None]:
    """Return the address of the picture of each of the first rows; [] where none has one."""
    names = {x[0] for x in examples if x}
    with_pictures = {n for n in names if ws.config(n).modality in PICTURES}
    url_of = {name: payload_urls(ws, name) for name in with_pictures}
    found: list[str | None] = [None] * len(examples)
    for row, example in enumerate(examples[:MAX_PICTURES]):
        if example and example[0] in url_of:
            found[row] = url_of[example[0]](example[1])
    return found if any(found) else []


def picture_columns(table: pa.Table) -> dict[str, list[str | None]]:
    """Return small pictures, as data URLs, of the first rows of the columns that hold any."""
    found: dict[str, list[str | None]] = {}
    n_left = _BYTES_OF_ALL
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
            continue
        urls: list[str | None] = [None] * len(table)
        for row, value in enumerate(column.slice(0, MAX_PICTURES).to_pylist()):
            if value is not None and value.startswith(_BEGINNINGS) and n_left > 0:
                urls[row] = thumbnail(value, _SIDE)
                n_left -= len(urls[row] or "")
        if any(urls):
            found[name] = urls
    return found


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
