"""Which kind of source a person named, by its scheme, its being a folder, or its suffix."""

from __future__ import annotations

from collections.abc import Callable

from ide.dataset.errors import ImportRefusedError
from ide.store.files import expanded
from ide.store.importing.delimited import open_delimited
from ide.store.importing.folder import open_folder
from ide.store.importing.json_lines import open_json_lines
from ide.store.importing.own_export import open_own_export
from ide.store.importing.parquet import open_parquet
from ide.store.importing.shards import Opener, open_shards, tables_in
from ide.store.importing.sklearn import open_sklearn
from ide.store.importing.source import Columns, Source

SCHEMES: dict[str, Callable[[str], Source]] = {"sklearn": open_sklearn}
TABLES: dict[str, Opener] = {
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
    ".parquet": open_parquet,
}


def open_source(source: str, *, columns: Columns, modality: str | None) -> Source:
    """Open what a person named, or raise ``ImportRefusedError``.

    modality: that of the dataset the rows are for; None = it has none yet.
    """
    scheme, colon, _ = source.partition(":")
    if colon and scheme in SCHEMES:
        return SCHEMES[scheme](source)
    if "://" in source:
        raise ImportRefusedError(
            f"{source[:120]!r} is an address, not a file here; download it first. "
            "Nothing was imported."
        )
    path = expanded(source)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError):  # too long, or no name that a file could have
        is_folder = is_there = False
    own = open_own_export(path) if is_there and columns == Columns() else None
    if own is not None:
        return own.source
    if is_folder:
        tables = tables_in(path, tuple(TABLES))
        if tables:
            return open_shards(path, tables, TABLES, columns, modality)
        return open_folder(path, columns, modality)
    if not is_there:
        raise ImportRefusedError(
            f"there is no file or folder {source[:200]!r}; name a folder of images by class, a "
            ".csv, .jsonl or .parquet table, or sklearn:digits. Nothing was imported."
        )
    opener = TABLES.get(path.suffix.lower())
    if opener is None or not path.is_file():
        raise ImportRefusedError(
            f"{path.name}: {path.suffix or 'a file without a suffix'} is not a kind of file that "
            f"can be imported; wanted {', '.join(TABLES)}, or a folder of images by class. "
            "Nothing was imported."
        )
    if path.stat().st_size == 0:
        raise ImportRefusedError(
            f"{path.name} is empty; wanted a line with the columns' names and a row an example. "
            "Nothing was imported."
        )
    return opener(path, columns, modality)
