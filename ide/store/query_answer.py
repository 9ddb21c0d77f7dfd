"""Answering SQL from a person, a page or a file, so that it can read and nothing else.

Two fences: only statements that DuckDB itself parses as reading are run, and the database has
no access to files outside the workspace's data, to the network, or to extensions;
docs/decisions/021-sql-reads-only.md. This is called in a process of its own, which has its limits
from ``sql_process``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow as pa

from ide.dataset.errors import QueryError, UpwellError
from ide.store.duck import TABLES, connect, literal
from ide.store.exact_values import spans_as_text
from ide.store.examples import example_parts
from ide.store.past_sql import past_path
from ide.store.sql_fence import reading_statements
from ide.store.sql_hints import Known, hint
from ide.store.sql_names import quote_datasets
from ide.store.sql_process import Answer
from ide.store.workspace import Workspace

_ROWS_AT_ONCE = 256
# what a function of ours said, such as that there is no such revision
_OURS = re.compile(r"Python exception occurred while executing the UDF: \w+Error: ([^\n]+)")


def answer(
    workspace: Workspace, sql: str, limit: int, max_bytes: int, *, memory_bytes: int
) -> Answer:
    """Answer the last of one or more reading statements; ``is_cut``: there were more rows.

    Raises ``QueryError`` with one sentence for everything that DuckDB refuses, and for writing;
    ``MemoryError`` where the answer does not fit into the memory.
    """
    with connect(workspace) as connection:
        connection.execute(f"SET memory_limit = '{memory_bytes >> 10} KiB'")
        try:
            sql = quote_datasets(sql, frozenset(workspace.datasets()))
            statements = reading_statements(connection, sql)
            _confine(connection, workspace)
            for text in statements[:-1]:
                _rows(connection, text, limit, max_bytes)
            table, is_cut = _rows(connection, statements[-1], limit, max_bytes)
        except duckdb.Error as error:
            if is_out_of_memory(error):
                raise MemoryError from None
            raise QueryError(_refusal(error, sql, connection, workspace)) from None
    return {"is_cut": is_cut}, [spans_as_text(table)]


def is_out_of_memory(error: Exception) -> bool:
    """Whether DuckDB had no more memory; what allocates past its own counting says bad_alloc."""
    said = str(error)
    return isinstance(error, duckdb.OutOfMemoryException) or "bad_alloc" in said


def _confine(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Leave the database with its views and the workspace's data; nobody can undo it."""
    folders = (
        workspace.datasets_path,
        workspace.root / "builds",
        workspace.local_path / "builds",
        workspace.local_path / "at" / "builds",  # those of other revisions
        past_path(workspace),
    )
    allowed = ", ".join(literal(f"{folder}/") for folder in folders)
    # DVC may have linked examples from a cache that lies elsewhere; what they are was read above
    parts = [part for name in workspace.datasets() for part in example_parts(workspace, name)]
    linked = ", ".join(literal(str(part.resolve())) for part in parts)
    for setting in (
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "temp_directory = ''",
        f"allowed_directories = [{allowed}]",
        f"allowed_paths = [{linked}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _rows(
    connection: duckdb.DuckDBPyConnection, text: str, limit: int, max_bytes: int
) -> tuple[pa.Table, bool]:
    """Return at most ``limit`` rows of at most ``max_bytes``, and whether there are more."""
    relation: Any = connection.sql(text)  # None where a statement has no rows
    if relation is None:
        return pa.table({}), False
    reader = relation.limit(limit + 1).to_arrow_reader(_ROWS_AT_ONCE)
    batches: list[pa.RecordBatch] = []
    n_bytes = 0
    for batch in reader:
        n_bytes += batch.nbytes
        if n_bytes > max_bytes:
            if not batches:
                raise QueryError(
                    f"the first rows of the answer take {n_bytes >> 20:,} MiB, and an answer may "
                    f"take {max_bytes >> 20:,}; select fewer columns, or shorter values"
                )
            return pa.Table.from_batches(batches, reader.schema).slice(0, limit), True
        batches.append(batch)
    table = pa.Table.from_batches(batches, reader.schema)
    return table.slice(0, limit), len(table) > limit


def _first_line(error: duckdb.Error) -> str:
    ours = _OURS.search(str(error))
    if ours:
        return ours[1].strip()
    return (str(error).strip().splitlines() or ["DuckDB refused the query"])[0][:400]


def _refusal(
    error: duckdb.Error, sql: str, connection: duckdb.DuckDBPyConnection, workspace: Workspace
) -> str:
    """Say what DuckDB said, and beside it what was probably meant, or what there is."""
    said = _first_line(error)
    if not workspace.datasets():
        return f"{said}. There are no datasets yet" if _is_of_names(error) else said
    meant = hint(said, sql, _known(connection, workspace))
    if not meant and _is_of_names(error):
        names = ", ".join(workspace.datasets()[:10])
        meant = f"Datasets: {names}; tables of each: {', '.join(TABLES)}"
    return f"{said.rstrip('.!')}. {meant}" if meant else said


def _is_of_names(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.CatalogException)


def _known(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> Known:
    """Return what a query could have named."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(f"{schema}.{table}", {})[column] = kind
    modalities = {}
    for name in workspace.datasets():
        with suppress(UpwellError):  # what is wrong with it is said elsewhere
            modalities[name] = workspace.config(name).modality
    words = frozenset(word for (word,) in connection.execute(_WORDS).fetchall())
    return Known(columns, modalities, words)


_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
WHERE NOT internal AND schema_name <> 'main' AND NOT starts_with(table_name, '_')
"""
_WORDS = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
