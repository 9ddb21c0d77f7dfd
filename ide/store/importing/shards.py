"""A folder of tables that are the parts of one: shards, or a file a split."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.folder import IMAGE_SUFFIXES
from ide.store.importing.source import Columns, Source, split_in_file_name, split_of_folder
from ide.store.importing.texts import natural_key

_MAX_NOTES = 10
Opener = Callable[[Path, Columns, str | None], Source]


def tables_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the tables of a folder and those below it, in order.

    None where it is a folder by class: one with images, or with texts below it.
    """
    tables = []
    for path in folder.rglob("*"):
        suffix, parts = path.suffix.lower(), path.relative_to(folder).parts
        if any(part.startswith(".") for part in parts):
            continue
        if suffix in IMAGE_SUFFIXES or (suffix == ".txt" and len(parts) > 1):
            return []
        if suffix in suffixes and path.is_file():
            tables.append(path)
    return sorted(tables, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def open_shards(
    folder: Path,
    tables: Sequence[Path],
    openers: Mapping[str, Opener],
    columns: Columns,
    modality: str | None,
) -> Source:
    """Open tables as one source, or refuse those that do not go together."""
    name = folder.resolve().name
    kinds = sorted({path.suffix.lower() for path in tables})
    if len(kinds) > 1:
        raise ImportRefusedError(
            f"the folder {name!r} holds tables of several kinds ({', '.join(kinds)}); import the "
            "files of one kind, one by one or from a folder of their own. Nothing was imported."
        )
    sources = [_open(path, openers[kinds[0]], columns, modality) for path in tables]
    _refuse_other_modality(name, tables, sources)
    notes = list(dict.fromkeys(note for source in sources for note in source.notes))
    if len(notes) > _MAX_NOTES:
        notes = [*notes[:_MAX_NOTES], f"and {len(notes) - _MAX_NOTES:,} more notes of its files"]
    sizes = [source.n_rows for source in sources]
    return Source(
        name=name,
        modality=sources[0].modality,
        rows=itertools.chain.from_iterable(source.rows for source in sources),
        n_rows=sum(n for n in sizes if n is not None) if None not in sizes else None,
        metadata_types=_common_types(tables, sources),
        is_text_table=sources[0].is_text_table,
        notes=tuple(notes),
    )


def _open(path: Path, opener: Opener, columns: Columns, modality: str | None) -> Source:
    """Open one table; where its name says no split, its folder's may."""
    split = split_of_folder(path.parent.name)
    if split is None or columns.split_of_all is not None or split_in_file_name(path.name):
        return opener(path, columns, modality)
    source = opener(path, replace(columns, split_of_all=split), modality)
    note = (
        f"{path.parent.name}/: rows are put into split {split}, as the folder's name says; with "
        "--split none they are dealt"
    )
    return replace(source, notes=(note, *source.notes))


def _refuse_other_modality(name: str, tables: Sequence[Path], sources: Sequence[Source]) -> None:
    for path, source in zip(tables, sources, strict=True):
        if source.modality != sources[0].modality:
            raise ImportRefusedError(
                f"the folder {name!r}: {path.name} holds {source.modality}s, and {tables[0].name} "
                f"{sources[0].modality}s; import them under names of their own. "
                "Nothing was imported."
            )


def _common_types(tables: Sequence[Path], sources: Sequence[Source]) -> dict[str, pa.DataType]:
    types: dict[str, pa.DataType] = {}
    for path, source in zip(tables, sources, strict=True):
        for column, kind in source.metadata_types.items():
            if types.setdefault(column, kind) != kind:
                raise ImportRefusedError(
                    f"{path.name}: the column {column[:60]!r} is of type {kind}, and in a table "
                    f"before it {types[column]}; write them with one type. Nothing was imported."
                )
    return types
