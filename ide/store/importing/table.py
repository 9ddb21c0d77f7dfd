"""A table's columns, recognised by their names, and its rows as examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import plain_form
from ide.dataset.source_columns import kept_name
from ide.store.importing.bounds import take_first
from ide.store.importing.folder import IMAGE_SUFFIXES
from ide.store.importing.named_files import read_named, shortened
from ide.store.importing.source import (
    NO_SPLIT,
    Columns,
    SourceRow,
    as_example_id,
    as_label,
    as_split,
    split_in_file_name,
)

LABEL_NAMES = ("label", "labels", "class", "category", "class_name", "label_name", "target", "y")
SPLIT_NAMES = ("split", "subset", "partition", "set")
ID_NAMES = ("example_id", "id", "uid", "uuid", "key")
IMAGE_NAMES = ("image", "img", "image_bytes", "bytes", "png", "jpeg", "picture", "photo")
PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "file_path", "image_path")
TEXT_NAMES = ("text", "sentence", "document", "content", "review", "message", "body", "prompt")
N_PEEKED = 100  # rows that are looked at to find the columns of a table without a header

Record = tuple[str, Mapping[str, Any]]  # where, and the values by column


@dataclass(frozen=True, slots=True)
class Roles:
    """The part that each column of a table plays."""

    label: str | None
    payload: str
    is_path: bool  # the payload column names a file beside the table
    modality: str
    example_id: str | None
    split: str | None
    split_of_all: str | None  # of rows whose split no column says
    metadata: Mapping[str, str]  # the name it is kept under, by column
    notes: tuple[str, ...]


def peek(records: Iterator[Record]) -> tuple[list[Record], Iterator[Record]]:
    """Return the first records, and all of them as if none had been taken."""
    first = take_first(records, N_PEEKED)
    return first, itertools.chain(first, records)


def find_roles(
    names: Sequence[str],
    columns: Columns,
    first: Sequence[Record],
    *,
    file: str,
    modality: str | None,
    image_columns: Sequence[str] = (),
) -> Roles:
    """Find the columns by name, or raise ``ImportRefusedError`` saying which there are.

    first: a few records, to tell paths of images from text. image_columns: those that hold bytes.
    """
    _refuse_repeats(names, file)
    label = find_column(names, columns.label, LABEL_NAMES, file)
    if label is None and columns.label is None:
        raise ImportRefusedError(
            f"{file} has no label column; its columns are {_listed(names)}. Name the one that "
            "holds the labels with --label-column COLUMN, or say --label-column '' if nobody has "
            "labelled them. Nothing was imported."
        )
    example_id = find_column(names, columns.example_id, ID_NAMES, file)
    of_all = columns.split_of_all
    is_said = of_all is not None and of_all != NO_SPLIT
    split = None if is_said else find_column(names, columns.split, SPLIT_NAMES, file)
    if of_all is None and split is None:
        of_all = split_in_file_name(file)
    free = [n for n in names if n not in (label, example_id, split)]
    payload, is_path, kind = _find_payload(
        free,
        columns.payload or None,
        first,
        file=file,
        modality=modality,
        image_columns=image_columns,
    )
    kept = kept_names([n for n in free if n != payload or is_path], names)
    notes = [f"the column {n[:60]!r} is kept as {k[:80]}" for n, k in kept.items() if n != k]
    if of_all is not None and not is_said and of_all != NO_SPLIT:
        notes.insert(
            0,
            f"{file}: rows are put into split {of_all}, as its name says; "
            "with --split none they are dealt",
        )
    of_all = None if of_all == NO_SPLIT else of_all
    return Roles(label, payload, is_path, kind, example_id, split, of_all, kept, tuple(notes))


def kept_names(columns: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the name that each column is kept under; no two are one but for their case.

    One without a name becomes its number in ``names``; see ``ide.dataset.source_columns``.
    """
    kept: dict[str, str] = {}
    taken = {n.strip().lower() for n in columns}
    for column in columns:
        name = column.strip() or f"column_{names.index(column) + 1}"
        taken_by_others = taken - {name.lower()} if column.strip() else taken
        repeats = {k.lower() for k in kept.values()}
        kept[column] = kept_name(name, taken_by_others | repeats)
        taken.add(kept[column].lower())
    return kept


def table_rows(records: Iterable[Record], roles: Roles, folder: Path) -> Iterator[SourceRow]:
    """Turn records into rows, reading the files that they name."""
    root = folder.resolve()
    for where, record in records:
        payload = record.get(roles.payload)
        example_id = None
        if roles.example_id is not None:
            example_id = as_example_id(record.get(roles.example_id), where)
        yield SourceRow(
            where=f"{where} ({shortened(payload)})" if roles.is_path and payload else where,
            payload=partial(read_named, root, payload, where)
            if roles.is_path and payload
            else payload,
            label=as_label(record.get(roles.label), where) if roles.label is not None else None,
            split=_split(record, roles, where),
            example_id=example_id,
            metadata={kept: record.get(name) for name, kept in roles.metadata.items()},
        )


def _split(record: Mapping[str, Any], roles: Roles, where: str) -> str | None:
    if roles.split is None:
        return roles.split_of_all
    return as_split(record.get(roles.split), where, roles.split) or roles.split_of_all


def _find_payload(
    names: Sequence[str],
    given: str | None,
    first: Sequence[Record],
    *,
    file: str,
    modality: str | None,
    image_columns: Sequence[str],
) -> tuple[str, bool, str]:
    """Return (column, whether it names files, modality)."""
    if given is not None:
        find_column(names, given, (), file)
        if given in image_columns:
            return given, False, "image"
        is_path = plain_form(given) in PATH_NAMES + IMAGE_NAMES or _names_images(given, first)
        return given, is_path, _path_modality(given, first) if is_path else "text"
    image = find_column(image_columns, None, IMAGE_NAMES, file) or next(iter(image_columns), None)
    if image is not None and modality != "text":
        return image, False, "image"
    path = find_column(names, None, PATH_NAMES + IMAGE_NAMES, file)
    text = find_column(names, None, TEXT_NAMES, file)
    if path is not None and (text is None or (modality != "text" and _names_images(path, first))):
        return path, True, _path_modality(path, first)
    if text is not None:
        return text, False, "text"
    raise ImportRefusedError(
        f"{file} has no column of images, text or paths; its columns are {_listed(names)} beside "
        "those of label, id and split. Name it with --payload-column COLUMN. "
        "Nothing was imported."
    )


def find_column(
    names: Sequence[str], given: str | None, usual: Sequence[str], file: str
) -> str | None:
    """Return the column that was named, or the first one with a usual name, or None."""
    if given == "":
        return None
    if given is not None:
        if given not in names:
            raise ImportRefusedError(
                f"{file} has no column {given[:80]!r}; its columns are {_listed(names)}. "
                "Nothing was imported."
            )
        return given
    by_form = {plain_form(n): n for n in reversed(names)}
    return next((by_form[u] for u in usual if u in by_form), None)


def _refuse_repeats(names: Sequence[str], file: str) -> None:
    """Refuse two columns of one name: a row could hold the value of one of them only."""
    repeated = next((n for n in names if names.count(n) > 1), None)
    if repeated is not None:
        raise ImportRefusedError(
            f"{file}: the column {repeated[:60]!r} stands twice; rename one. Nothing was imported."
        )


def _names_images(column: str, first: Sequence[Record]) -> bool:
    values = [r.get(column) for _, r in first]
    texts = [v for v in values if isinstance(v, str) and v.strip()]
    return bool(texts) and all(Path(t.strip()).suffix.lower() in IMAGE_SUFFIXES for t in texts)


def _path_modality(column: str, first: Sequence[Record]) -> str:
    values = [str(r.get(column) or "").strip() for _, r in first]
    texts = [v for v in values if v]
    return "text" if texts and all(t.lower().endswith(".txt") for t in texts) else "image"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(n[:60]) for n in names[:30]) or "none"
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "")
