"""SQL about the past: ``diff('A','B')``, and the tables of a dataset as of any revision.

DuckDB has no table functions in Python, so each is a table macro over a function that returns a
list of rows, or the names of the Parquet files to read. They are called when a query asks, and
read: git, DVC's cache, the kept builds. See docs/decisions/050-sql-of-the-past.md.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from ide.dataset.errors import QueryError
from ide.dataset.ids import content_id
from ide.dataset.replay import replay
from ide.dataset.schema import LABELS
from ide.store import git
from ide.store.builds import BuildInfo
from ide.store.commits import brought_by, log_at
from ide.store.files import read_schema, storage_errors, write_parquet
from ide.store.history import DIFF, diff
from ide.store.inside import refuse_links
from ide.store.past_edits import edits_at
from ide.store.past_examples import parts_at
from ide.store.tables import (
    COMMITS,
    EDITS_WITH_REVISION,
    METRICS,
    commits_table,
    edits_table,
    metrics_table,
    states_table,
)
from ide.store.workspace import Workspace

FOLDER = "past"  # below .upwell: links to what DVC's cache has of the past, for DuckDB to read
_TYPES = {
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.list_(pa.string()): "VARCHAR[]",
}
_Rows = Callable[..., pa.Table]


def past_path(workspace: Workspace) -> Path:
    """The folder of files of the past that queries may read; it can be deleted at any time."""
    return workspace.local_path / FOLDER


def add_functions(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    build_tables: Mapping[str, pa.Schema],
) -> None:
    """Make ``diff`` and the functions that the macros of ``add_macros`` call."""
    rows: dict[str, tuple[_Rows, pa.Schema, int]] = {
        "_upwell_diff": (partial(_diff, workspace), DIFF, 3),
        "_upwell_states": (partial(_states, workspace), LABELS, 2),
        "_upwell_edits": (partial(_edits, workspace), EDITS_WITH_REVISION, 2),
        "_upwell_commits": (partial(_commits, workspace), COMMITS, 2),
        "_upwell_metrics": (partial(_metrics, workspace), METRICS, 2),
    }
    for name, (function, schema, n_arguments) in rows.items():
        _add(connection, name, _as_list(function, schema), n_arguments, _struct(schema))
    _add(connection, "_upwell_parts", _as_names(partial(_parts, workspace)), 2, "VARCHAR[]")
    of_build = partial(_build_file, workspace, build_tables)
    _add(connection, "_upwell_build_file", _as_names(of_build), 3, "VARCHAR[]")
    connection.execute(
        "CREATE MACRO diff(a := 'HEAD', b := NULL, name := NULL) AS TABLE "
        "SELECT r.* FROM (SELECT unnest(_upwell_diff(a, b, name)) AS r)"
    )


def add_macros(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    dataset: str,
    build_tables: Mapping[str, pa.Schema],
) -> None:
    """Make the tables of a dataset as of a revision: ``labels_at(rev)``, ``suspects_at(rev)``, …

    schema, dataset: the dataset's name as a SQL identifier and as a literal.
    """
    parts = f"read_parquet(_upwell_parts({dataset}, rev), union_by_name = true)"
    macros = {
        "examples_at": f"SELECT * FROM {parts}",
        "labels_at": f"""SELECT e.example_id, coalesce(s.label, e.label) AS label,
            coalesce(s.split, e.split) AS split, coalesce(s.is_excluded, false) AS is_excluded,
            coalesce(s.n_edits, 0)::INTEGER AS n_edits, s.annotator,
            coalesce(s.is_conflict, false) AS is_conflict
            FROM {parts} e LEFT JOIN (
              SELECT r.* FROM (SELECT unnest(_upwell_states({dataset}, rev)) AS r)
            ) s USING (example_id)""",
        **{
            f"{table}_at": f"SELECT r.* FROM (SELECT unnest(_upwell_{table}({dataset}, rev)) AS r)"
            for table in ("edits", "commits", "metrics")
        },
        **{
            f"{table}_at": "SELECT * FROM "
            f"read_parquet(_upwell_build_file({dataset}, rev, '{table}'), union_by_name = true)"
            for table in build_tables
        },
    }
    for name, query in macros.items():
        connection.execute(f"CREATE MACRO {schema}.{name}(rev) AS TABLE {query}")


def _add(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    function: Callable[..., pa.Array],
    n_arguments: int,
    returns: str,
) -> None:
    def of_two(one: pa.ChunkedArray, two: pa.ChunkedArray) -> pa.Array:
        return function(one, two)

    def of_three(one: pa.ChunkedArray, two: pa.ChunkedArray, three: pa.ChunkedArray) -> pa.Array:
        return function(one, two, three)

    connection.create_function(
        name,
        of_two if n_arguments == 2 else of_three,  # DuckDB counts a function's parameters
        ["VARCHAR"] * n_arguments,
        returns,
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def _as_list(function: _Rows, schema: pa.Schema) -> Callable[..., pa.Array]:
    """Return a function of columns of arguments: for each row of them a list of rows."""
    fields = [_plain(field) for field in schema]
    kind = pa.list_(pa.struct(fields))

    def call(*columns: pa.ChunkedArray) -> pa.Array:
        lists = [pa.array([], kind)]
        for arguments in zip(*(column.to_pylist() for column in columns), strict=True):
            table = function(*arguments).select(schema.names).cast(pa.schema(fields))
            batch = table.combine_chunks()
            values = pa.StructArray.from_arrays(
                [_whole(column) for column in batch.columns], fields=fields
            )
            lists.append(pa.ListArray.from_arrays(pa.array([0, len(table)], pa.int32()), values))
        return pa.concat_arrays(lists)

    return call


def _as_names(function: Callable[..., list[str]]) -> Callable[..., pa.Array]:
    def call(*columns: pa.ChunkedArray) -> pa.Array:
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([function(*arguments) for arguments in rows], pa.list_(pa.string()))

    return call


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _plain(field: pa.Field) -> pa.Field:
    """Return a field whose moments have no time zone: see ``duck._plain``."""
    is_moment = pa.types.is_timestamp(field.type)
    return field.with_type(pa.timestamp(field.type.unit)) if is_moment else field


def _struct(schema: pa.Schema) -> str:
    fields = (
        f'"{f.name}" ' + ("TIMESTAMP_MS" if pa.types.is_timestamp(f.type) else _TYPES[f.type])
        for f in schema
    )
    return f"STRUCT({', '.join(fields)})[]"


# --- what the functions return; each raises UpwellError with a sentence


def _diff(workspace: Workspace, a: str | None, b: str | None, name: str | None) -> pa.Table:
    return diff(workspace, a, b, [name] if name else None)


def _states(workspace: Workspace, name: str, rev: str | None) -> pa.Table:
    return states_table(replay(edits_at(workspace, workspace.require(name), _revision(rev))))


def _edits(workspace: Workspace, name: str, rev: str | None) -> pa.Table:
    edits = edits_at(workspace, workspace.require(name), _revision(rev))
    commits = log_at(workspace, _revision(rev), workspace.require(name))
    return edits_table(edits, brought_by(commits, name))


def _commits(workspace: Workspace, name: str, rev: str | None) -> pa.Table:
    return commits_table(log_at(workspace, _revision(rev), workspace.require(name)), name)


def _metrics(workspace: Workspace, name: str, rev: str | None) -> pa.Table:
    return metrics_table([_build(workspace, name, rev)])


def _parts(workspace: Workspace, name: str, rev: str | None) -> list[str]:
    """Return the files of the examples at a revision, where the fences let DuckDB read them."""
    commit = git.resolve(workspace.root, _revision(rev))
    found = parts_at(workspace, workspace.require(name), commit)
    if isinstance(found, str):
        raise QueryError(found)
    if not found:
        raise QueryError(f"{name!r} has no examples at {commit[:10]}, or not on this machine")
    return [str(_readable(workspace, path)) for path in found]


def _build_file(
    workspace: Workspace,
    schemas: Mapping[str, pa.Schema],
    name: str,
    rev: str | None,
    table: str,
) -> list[str]:
    """Return the file of a build's table, and where it lacks columns an empty one that has them."""
    if table not in schemas:
        raise QueryError(f"{table!r} is no table of a build; wanted one of {', '.join(schemas)}")
    path = _build(workspace, name, rev).path / f"{table}.parquet"
    known = set(read_schema(path).names) if path.exists() else set()
    lacking = [f for f in schemas[table] if f.name not in known]
    found = [str(path)] if path.exists() else []
    if lacking or not found:
        schema = pa.schema([_single(field) for field in lacking or schemas[table]])
        empty = past_path(workspace) / f"no-{content_id(str(schema).encode())}.parquet"
        refuse_links(empty)
        if not empty.exists():  # of another query, or of the other side of this one
            write_parquet(empty, schema.empty_table())
        found.append(str(empty))
    return found


def _single(field: pa.Field) -> pa.Field:
    is_half = pa.types.is_list(field.type) and pa.types.is_float16(field.type.value_type)
    return field.with_type(pa.list_(pa.float32())) if is_half else field


def _build(workspace: Workspace, name: str, rev: str | None) -> BuildInfo:
    from ide.store.build_of import build_of_revision  # it brings a reader of YAML along

    revision = _revision(rev)
    build = build_of_revision(workspace, workspace.require(name), revision)
    if build is None:
        raise QueryError(
            f"no build of {name!r} at {revision[:40]} is kept on this machine. "
            f"Make it with: upwell compile --at {revision[:40]} {name}"
        )
    return build


def _revision(rev: str | None) -> str:
    if not rev:
        raise QueryError("which revision? Write it as text, such as labels_at('HEAD~1')")
    return rev


def _readable(workspace: Workspace, path: Path) -> Path:
    """Return a path below the workspace's data for a file of DVC's cache: a link, else a copy."""
    if path.is_relative_to(workspace.datasets_path):
        return path
    target = past_path(workspace) / f"{path.parent.name}{path.name}.parquet"
    refuse_links(target)
    if target.exists():
        return target
    with storage_errors(target, "write"):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path.resolve(), target)
        except FileExistsError:
            return target
        except OSError:  # another disk
            temporary = target.with_suffix(f".{os.getpid()}.tmp")
            temporary.unlink(missing_ok=True)
            shutil.copyfile(path, temporary)
            temporary.replace(target)
    return target
