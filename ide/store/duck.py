"""A workspace as SQL: an in-memory DuckDB database in which each dataset is a schema.

DuckDB reads; nothing is written through it. Parquet is read where it lies, when a query asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa

from ide.dataset.errors import DamagedFileError, GitError, StorageError, UpwellError
from ide.dataset.schema import (
    DYNAMICS,
    EXAMPLE_ID,
    FLIPS,
    ISSUES,
    LABEL,
    LABEL_ERRORS,
    LABELS,
    MEDIA,
    PREDICTIONS,
    SLICES,
    SPLIT,
    SUSPECTS,
)
from ide.store.build_tables import check_build_table
from ide.store.builds import BuildInfo, current_build, list_builds
from ide.store.commits import brought_by, log
from ide.store.damaged_tables import add_damaged, add_damaged_dataset
from ide.store.drill_file import drill_in_force
from ide.store.edit_log import edits_revision, read_edits
from ide.store.examples import example_parts, open_part, read_examples
from ide.store.media import read_measured
from ide.store.past_sql import add_functions, add_macros
from ide.store.state import dataset_state
from ide.store.tables import (
    BUILDS,
    COMMITS,
    EDITS_WITH_REVISION,
    METRICS,
    builds_table,
    commits_table,
    edits_table,
    metrics_table,
    states_table,
)
from ide.store.workspace import Workspace

# What a build's Parquet files hold; flips are against the build before it.
BUILD_TABLES: Mapping[str, pa.Schema] = {
    "predictions": PREDICTIONS,
    "dynamics": DYNAMICS,
    "suspects": SUSPECTS,
    "label_errors": LABEL_ERRORS,
    "issues": ISSUES,
    "media": MEDIA,
    "slices": SLICES,
    "flips": FLIPS,
}
_COLUMNS: Mapping[str, pa.Schema] = {
    "examples": pa.schema([LABELS.field(c) for c in (EXAMPLE_ID, SPLIT, LABEL)]),
    "labels": LABELS,
    "edits": EDITS_WITH_REVISION,
    **BUILD_TABLES,
    "metrics": METRICS,
    "builds": BUILDS,
    "commits": COMMITS,
}
TABLES = tuple(_COLUMNS)


def connect(workspace: Workspace | str | Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open a workspace as an in-memory DuckDB database; every dataset has all of ``TABLES``.

    It shows the workspace as it is now; connect again to see what changed. Tables of a dataset
    without a build are empty and have their columns; where a file is damaged, reading its table
    raises a sentence that names it, and every other table can be read. Raises ``WorkspaceError``
    where there is no workspace. See docs/sql.md for every table and column.
    """
    found = workspace if isinstance(workspace, Workspace) else Workspace.find(workspace)
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        add_functions(connection, found, BUILD_TABLES)
        for name in found.datasets():
            try:
                _add_dataset(connection, found, name)
            except UpwellError as error:  # it costs this dataset, and no other
                plain = {t: pa.schema(map(_plain, s)) for t, s in _COLUMNS.items()}
                add_damaged_dataset(connection, quoted(name), plain, str(error))
    except BaseException:
        connection.close()
        raise
    return connection


def _add_dataset(connection: duckdb.DuckDBPyConnection, workspace: Workspace, name: str) -> None:
    """Make a dataset's schema: views of its Parquet files, tables of what is small."""
    connection.execute(f"CREATE SCHEMA {quoted(name)}")
    _add_examples(connection, workspace, name)
    _add_table(connection, name, "_states", states_table(dataset_state(workspace, name)))
    connection.execute(
        f"""CREATE VIEW {quoted(name)}.labels AS
        SELECT e.example_id, coalesce(s.label, e.label) AS label,
          coalesce(s.split, e.split) AS split, coalesce(s.is_excluded, false) AS is_excluded,
          coalesce(s.n_edits, 0)::INTEGER AS n_edits, s.annotator,
          coalesce(s.is_conflict, false) AS is_conflict
        FROM {quoted(name)}.examples e LEFT JOIN {quoted(name)}._states s USING (example_id)"""
    )
    build = current_build(workspace, name)
    for table, schema in BUILD_TABLES.items():
        _add_build_table(connection, name, table, schema, build)
    if build is None or not (build.path / "media.parquet").exists():
        _add_measured(connection, workspace, name)
    builds = list_builds(workspace, name)
    _add_table(connection, name, "builds", builds_table(builds))
    try:
        _add_table(connection, name, "metrics", metrics_table(builds))
    except DamagedFileError as error:
        add_damaged(connection, f"{quoted(name)}.metrics", METRICS, str(error))
    try:
        commits = log(workspace, name, limit=None)
    except GitError:  # no git, no commits; the rest can be queried all the same
        commits = []
    _add_table(connection, name, "commits", commits_table(commits, name))
    known = (len(commits), commits[0].revision) if commits else None  # fetching may add older ones
    edits = _edits(workspace, name, edits_revision(workspace, name), known)
    _add_table(connection, name, "edits", edits)
    add_macros(connection, quoted(name), literal(name), BUILD_TABLES)


@lru_cache(maxsize=4)
def _edits(
    workspace: Workspace, name: str, _revision: str, known: tuple[int, str] | None
) -> pa.Table:
    """Return all edits with the commits that brought them; the workbench asks for each query."""
    commits = log(workspace, name, limit=None) if known else []
    return edits_table(read_edits(workspace, name).every, brought_by(commits, name))


def _add_examples(connection: duckdb.DuckDBPyConnection, workspace: Workspace, name: str) -> None:
    parts = example_parts(workspace, name)
    try:
        for path in parts:
            open_part(workspace, path).close()
    except DamagedFileError as error:
        schema = _COLUMNS["examples"]
        add_damaged(connection, f"{quoted(name)}.examples", schema, str(error))
        return
    if parts:
        drill = drill_in_force(workspace, name)
        _add_parquet(connection, name, "examples", parts, planted=drill.labels if drill else {})
    else:
        columns = [EXAMPLE_ID, SPLIT, LABEL, workspace.config(name).payload_column]
        _add_table(connection, name, "examples", read_examples(workspace, name, columns))


def _add_build_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: str,
    schema: pa.Schema,
    build: BuildInfo | None,
) -> None:
    path = build.path / f"{table}.parquet" if build else None
    if path is None or not path.exists():
        _add_table(connection, name, table, schema.empty_table())
        return
    try:
        check_build_table(path, table)
    except DamagedFileError as error:
        plain = pa.schema(map(_plain, schema))
        add_damaged(connection, f"{quoted(name)}.{quoted(table)}", plain, str(error))
        return
    _add_parquet(connection, name, table, [path])
    known = set(connection.sql(f"FROM {quoted(name)}.{quoted(table)} LIMIT 0").columns)
    if lacking := [field for field in schema if field.name not in known]:  # an older build
        _add_table(connection, name, f"_lacking_{table}", pa.schema(lacking).empty_table())
        _add_parquet(connection, name, table, [path], lacking=f"_lacking_{table}")


def _add_measured(connection: duckdb.DuckDBPyConnection, workspace: Workspace, name: str) -> None:
    """Put what ``upwell check`` measured in the place of a build's table ``media``."""
    measured = read_measured(workspace, name)
    if measured is not None:
        connection.execute(f"DROP TABLE {quoted(name)}.media")
        _add_table(connection, name, "media", measured)


def _add_parquet(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: str,
    paths: list[Path],
    *,
    planted: Mapping[str, str] | None = None,
    lacking: str | None = None,
) -> None:
    """Make a view over Parquet files, in their order; a column that one lacks is null there.

    A path that exists is taken as it is, also where it holds what would be a pattern.
    planted: example id → the label that a drill puts in the place of the imported one.
    lacking: an empty table of the columns that all of them lack.
    """
    listed = ", ".join(literal(str(path)) for path in paths)
    columns = "*"
    if planted:
        pairs = ", ".join(f"{literal(i)}: {literal(label)}" for i, label in planted.items())
        columns = f"* REPLACE (coalesce(MAP {{{pairs}}}[example_id], label) AS label)"
    more = f" UNION ALL BY NAME FROM {quoted(name)}.{quoted(lacking)}" if lacking else ""
    try:
        connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(name)}.{quoted(table)} AS "
            f"SELECT {columns} FROM read_parquet([{listed}], union_by_name = true){more}"
        )
    except duckdb.Error as error:
        said = (str(error).splitlines() or [""])[0][:200]
        raise StorageError(
            f"{table} of {name!r} cannot be read as Parquet ({said}). Get the examples again with: "
            f"dvc checkout --force; make a build anew with: upwell compile {name}"
        ) from error


def _add_table(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, rows: pa.Table
) -> None:
    """Copy an Arrow table into the database."""
    connection.register("_arrow", rows.cast(pa.schema([_plain(f) for f in rows.schema])))
    target = f"{quoted(name)}.{quoted(table)}"
    connection.execute(f"CREATE TABLE {target} AS SELECT * FROM _arrow")
    connection.unregister("_arrow")


def _plain(field: pa.Field) -> pa.Field:
    """Return a field of a type that DuckDB and its Python client have without more packages.

    Half floats become floats, as where DuckDB reads Parquet; moments become TIMESTAMP in UTC,
    since fetching a TIMESTAMP WITH TIME ZONE needs pytz.
    """
    kind = field.type
    if pa.types.is_timestamp(kind):
        return field.with_type(pa.timestamp(kind.unit))
    is_half = pa.types.is_list(kind) and pa.types.is_float16(kind.value_type)
    return field.with_type(pa.list_(pa.float32())) if is_half else field


def quoted(name: str) -> str:
    """Return a name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"
