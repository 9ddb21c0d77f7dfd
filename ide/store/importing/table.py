"""A table's columns, recognised by their names, and its rows as examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.folder import IMAGE_SUFFIXES, read_file
from ide.store.importing.metadata import metadata_name
from ide.store.importing.source import Columns, SourceRow, as_example_id, as_label, as_split

LABEL_NAMES = ("label", "labels", "class", "category", "class_name", "label_name", "target", "y")
SPLIT_NAMES = ("split", "subset", "partition", "set")
ID_NAMES = ("example_id", "id", "uid", "uuid", "key")
IMAGE_NAMES = ("image", "img", "image_bytes", "bytes", "png", "jpeg", "picture", "photo")
PATH_NAMES = ("path", "file", "filename", "file_name", "filepath", "file_path", "image_path")
TEXT_NAMES = ("text", "sentence", "document", "content", "review", "message", "body", "prompt")
_N_PEEKED = 100  # rows that are looked at to find the columns of a table without a header

Record = tuple[str, Mapping[str, Any]]  # where, and the values by column


@dataclass(frozen=True, slots=True)
class Roles:
    """The part that each column of a table plays."""

    label: str
    payload: str
    is_path: bool  # the payload column names a file beside the table
    modality: str
    example_id: str | None
    split: str | None
    metadata: Mapping[str, str]  # the name it is kept under, by column


def peek(records: Iterator[Record]) -> tuple[list[Record], Iterator[Record]]:
    """Return the first records, and all of them as if none had been taken."""
    first = list(itertools.islice(records, _N_PEEKED))
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
    label = _find(names, columns.label, LABEL_NAMES, file)
    if label is None:
        raise ImportRefusedError(
            f"{file} has no label column; its columns are {_listed(names)}. Name the one that "
            "holds the labels with --label-column COLUMN. Nothing was imported."
        )
    example_id = _find(names, columns.example_id, ID_NAMES, file)
    split = _find(names, columns.split, SPLIT_NAMES, file)
    free = [n for n in names if n not in (label, example_id, split)]
    payload, is_path, kind = _find_payload(
        free, columns.payload, first, file=file, modality=modality, image_columns=image_columns
    )
    kept = {n: metadata_name(n, names.index(n) + 1) for n in free if n != payload or is_path}
    return Roles(label, payload, is_path, kind, example_id, split, kept)


def table_rows(records: Iterable[Record], roles: Roles, folder: Path) -> Iterator[SourceRow]:
    """Turn records into rows, reading the files that they name."""
    root = folder.resolve()
    for where, record in records:
        payload = record.get(roles.payload)
        example_id = None
        if roles.example_id is not None:
            example_id = as_example_id(record.get(roles.example_id), where)
        yield SourceRow(
            where=f"{where} ({payload})"[:300] if roles.is_path and payload else where,
            payload=_read(root, payload, where) if roles.is_path and payload else payload,
            label=as_label(record.get(roles.label), where),
            split=as_split(record.get(roles.split), where) if roles.split else None,
            example_id=example_id,
            metadata={kept: record.get(name) for name, kept in roles.metadata.items()},
        )


def _read(root: Path, value: Any, where: str) -> bytes:
    """Read a file that a table names, if it lies in the table's folder."""
    if not isinstance(value, str) or "\0" in value or not value.isprintable():
        raise ImportRefusedError(
            f"{where}: the path {str(value)[:80]!r} is not one; wanted a file's path relative to "
            "the table. Nothing was imported."
        )
    path = (root / value.strip()).resolve()
    if not path.is_relative_to(root):
        raise ImportRefusedError(
            f"{where}: the path {value[:120]!r} leads out of the table's folder; put the files "
            "beside the table, and name them relative to it. Nothing was imported."
        )
    return read_file(path, f"{where} ({value[:200]})")


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
        _find(names, given, (), file)
        if given in image_columns:
            return given, False, "image"
        is_path = _lower(given) in PATH_NAMES + IMAGE_NAMES or _names_images(given, first)
        return given, is_path, _path_modality(given, first) if is_path else "text"
    image = _find(image_columns, None, IMAGE_NAMES, file) or next(iter(image_columns), None)
    if image is not None and modality != "text":
        return image, False, "image"
    path = _find(names, None, PATH_NAMES + IMAGE_NAMES, file)
    text = _find(names, None, TEXT_NAMES, file)
    if path is not None and (text is None or (modality != "text" and _names_images(path, first))):
        return path, True, _path_modality(path, first)
    if text is not None:
        return text, False, "text"
    raise ImportRefusedError(
        f"{file} has no column of images, text or paths; its columns are {_listed(names)} beside "
        "those of label, id and split. Name it with --payload-column COLUMN. "
        "Nothing was imported."
    )


def _find(names: Sequence[str], given: str | None, usual: Sequence[str], file: str) -> str | None:
    """Return the column that was named, or the first one with a usual name, or None."""
    if given is not None:
        if given not in names:
            raise ImportRefusedError(
                f"{file} has no column {given[:80]!r}; its columns are {_listed(names)}. "
                "Nothing was imported."
            )
        return given
    by_lower = {_lower(n): n for n in reversed(names)}
    return next((by_lower[u] for u in usual if u in by_lower), None)


def _lower(name: str) -> str:
    return name.strip().lower()


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
