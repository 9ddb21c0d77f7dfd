"""Answering SQL from a person, a page or a notebook, so that it can read and nothing else.

Two fences: only statements that DuckDB itself parses as reading are run, and the database has
no access to files outside the workspace's data, to the network, or to extensions. Each would
do alone; see docs/decisions/021-sql-reads-only.md.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ide.dataset.errors import QueryError
from ide.store.duck import TABLES, connect, literal
from ide.store.examples import example_parts
from ide.store.past_sql import past_path
from ide.store.workspace import Workspace

_EXPLAIN = re.compile(r"\s*EXPLAIN\b\s*(?:ANALYZE\b\s*)?(?:\([^()]*\)\s*)?", re.IGNORECASE)
# DuckDB runs a PIVOT as several statements, and these words cannot begin one that writes
_SELECTS = re.compile(r"\s*(?:PIVOT|UNPIVOT|FROM|SELECT|WITH|\()", re.IGNORECASE)
# what a function of ours said, such as that there is no such revision
_OURS = re.compile(r"Python exception occurred while executing the UDF: \w+Error: ([^\n]+)")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query; ``is_cut``: there were more than the limit."""

    table: pa.Table
    is_cut: bool


def query(
    workspace: Workspace, sql: str, *, limit: int = 1000, timeout_s: float | None = 60.0
) -> QueryResult:
    """Return the first ``limit`` rows of the last of one or more reading statements.

    timeout_s: after this many seconds the query is stopped; None = never. Raises
    ``QueryError`` with one sentence for everything that DuckDB refuses, and for writing.
    """
    with connect(workspace) as connection:
        statements = _reading_statements(connection, sql)
        _confine(connection, workspace)
        with _time_limit(connection, timeout_s):
            return _run(connection, workspace, statements, limit)


def _reading_statements(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Split a query into statements, or raise where one of them does not only read."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_first_line(error)) from None
    if not statements:
        raise QueryError("the query is empty; try: SELECT * FROM duckdb_tables()")
    for statement in statements:
        if not _only_reads(connection, statement):
            kind = statement.type.name.replace("_", " ")
            raise QueryError(
                f"{kind} is refused: a query here only reads (SELECT, FROM, WITH, VALUES, PIVOT, "
                "DESCRIBE, SUMMARIZE, SHOW, EXPLAIN). To write a file: upwell export; to change "
                "a label: upwell edit"
            )
    return [statement.query for statement in statements]


def _only_reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    kind, text = statement.type, statement.query
    if kind == duckdb.StatementType.SELECT:
        return True
    if kind == duckdb.StatementType.MULTI:
        return _SELECTS.match(text) is not None
    if kind != duckdb.StatementType.EXPLAIN:
        return False
    inner = _EXPLAIN.sub("", text, count=1)  # EXPLAIN ANALYZE COPY would write
    if inner == text:
        return False
    try:
        found = connection.extract_statements(inner)
    except duckdb.Error:
        return False
    return all(s.type == duckdb.StatementType.SELECT for s in found)


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


def _run(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, statements: list[str], limit: int
) -> QueryResult:
    table = pa.table({})
    for text in statements:
        try:
            relation = connection.sql(text)
            table = pa.table({}) if relation is None else relation.limit(limit + 1).to_arrow_table()
        except duckdb.InterruptException:
            raise QueryError(
                "the query was stopped, for it took too long; ask for less, or add a LIMIT"
            ) from None
        except duckdb.Error as error:
            raise QueryError(_first_line(error) + _hint(error, workspace)) from None
    return QueryResult(table.slice(0, limit), is_cut=len(table) > limit)


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, timeout_s: float | None) -> Iterator[None]:
    """Interrupt the connection's query after some seconds."""
    if timeout_s is None:
        yield
        return
    timer = threading.Timer(timeout_s, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _first_line(error: duckdb.Error) -> str:
    ours = _OURS.search(str(error))
    if ours:
        return ours[1].strip()
    return (str(error).strip().splitlines() or ["DuckDB refused the query"])[0][:400]


def _hint(error: duckdb.Error, workspace: Workspace) -> str:
    """Name what there is, where a query names what there is not."""
    if not isinstance(error, duckdb.CatalogException):
        return ""
    names = workspace.datasets()
    if not names:
        return ". There are no datasets yet"
    return f". Datasets: {', '.join(names[:10])}; tables of each: {', '.join(TABLES)}"
