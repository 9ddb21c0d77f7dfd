"""Tables of a database whose file is damaged: they have their columns, and reading one says why.

So a damaged file costs the queries that read it, and no other table or dataset.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa


def add_damaged(
    connection: duckdb.DuckDBPyConnection, target: str, schema: pa.Schema, sentence: str
) -> None:
    """Make a view with the columns of ``schema`` that raises ``sentence`` when it is read.

    target: the view's name, quoted.
    """
    connection.register("_arrow", schema.empty_table())
    try:
        described = connection.sql("DESCRIBE FROM _arrow").fetchall()
    finally:
        connection.unregister("_arrow")
    columns = ", ".join(f"NULL::{row[1]} AS {_quoted(row[0])}" for row in described)
    text = "'" + sentence.replace("'", "''") + "'"
    drop_table(connection, target)
    connection.execute(
        f"CREATE VIEW {target} AS SELECT {columns} WHERE error({text})::VARCHAR IS NULL"
    )


def drop_table(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Remove a table or a view, whichever it is, if it is there."""
    for kind in ("VIEW", "TABLE"):
        try:
            connection.execute(f"DROP {kind} IF EXISTS {target}")
        except duckdb.CatalogException:  # it is one of the other kind
            continue


def add_damaged_dataset(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    tables: Mapping[str, pa.Schema],
    sentence: str,
) -> None:
    """Make all tables of a dataset of which nothing can be read; schema: its name, quoted."""
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.execute(f"CREATE SCHEMA {schema}")
    for table, columns in tables.items():
        add_damaged(connection, f"{schema}.{_quoted(table)}", columns, sentence)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
