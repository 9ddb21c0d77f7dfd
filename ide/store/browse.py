"""One page of a dataset's examples, filtered and sorted; never the whole table.

The question is asked over Arrow tables in a DuckDB of its own that can reach no file, so that a
person's SQL condition can read what is on the page and nothing else; one that might not end, in a
process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ide.dataset.errors import QueryError
from ide.dataset.reading import is_text
from ide.dataset.schema import EXAMPLE_ID, ISSUES, LABEL, LABELS, PREDICTIONS, SPLIT, SUSPECTS
from ide.dataset.source_columns import with_kept_names
from ide.store.builds import BuildInfo, build_table
from ide.store.duck_types import for_duckdb
from ide.store.exact_values import python_rows
from ide.store.examples import read_examples
from ide.store.media import read_measured
from ide.store.plain_conditions import is_plain
from ide.store.queue import judged_ids
from ide.store.search import matching_ids
from ide.store.sql_process import Answer, run
from ide.store.state import current_labels, dataset_state
from ide.store.workspace import Workspace

_Tables = dict[str, pa.Table]
PAGE_SIZE = 60
MAX_LISTED = 100_000  # ids of a list that is gone through one by one
TIME_LIMIT_S = 20.0
ORDERS = {
    "suspicion": "rank NULLS LAST, example_id",
    "loss": "loss DESC NULLS LAST, example_id",
    "id": "example_id",
    "random": "hash(example_id), example_id",  # the same shuffle every time
}
SHOWN = {
    "all": "TRUE",
    "suspects": "p_mislabeled > 0.5 AND NOT is_judged",
    "edited": "n_edits > 0",
    "relabelled": "label IS DISTINCT FROM imported_label",
    "excluded": "is_excluded",
    "conflicts": "is_conflict",
    "issues": "has_issue",
    "wrong": "predicted <> label",
}
# what every row has, whatever the source brought; the rest of a row is metadata
JOINED_COLUMNS = frozenset(
    {
        *LABELS.names,
        *("imported_label", "rank", "suggested_label", "p_mislabeled", "margin", "reason"),
        *("predicted", "loss", "is_judged", "has_issue"),
    }
)
_FROM_SUSPECTS = [EXAMPLE_ID, "rank", "suggested_label", "p_mislabeled", "margin", "reason"]
_FROM_PREDICTIONS = [EXAMPLE_ID, "predicted", "loss"]
_JOINED = """
CREATE VIEW joined AS
SELECT l.*, e.* EXCLUDE (example_id, label, split),
       e.label AS imported_label, s.rank, s.suggested_label, s.p_mislabeled, s.margin, s.reason,
       p.predicted, p.loss,
       l.example_id IN (SELECT example_id FROM judged) AS is_judged,
       l.example_id IN (SELECT example_id FROM issues) AS has_issue{columns}
FROM labels l JOIN examples e USING (example_id)
LEFT JOIN suspects s USING (example_id) LEFT JOIN predictions p USING (example_id){join}
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show. ``where`` is a SQL condition over the joined columns; "" = no condition.

    search: words that all have to be in the example; see ``ide.store.search``.
    """

    label: str | None = None
    predicted: str | None = None
    split: str | None = None
    show: str = "all"
    where: str = ""
    order: str = "suspicion"
    search: str = ""
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class BrowsePage:
    """One page: ``rows`` has at most ``page_size`` of the ``n_rows`` that match."""

    rows: pa.Table
    n_rows: int
    page: int
    n_pages: int


def browse_page(
    workspace: Workspace,
    name: str,
    build: BuildInfo | None,
    filters: Filters,
    *,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> BrowsePage:
    """Return one page (from 1) of the examples that match; raise ``QueryError`` for bad SQL.

    The columns are those of ``browse_columns``; a page beyond the last one is the last one.
    """
    asked = (filters, page, page_size)
    facts, (rows,) = _answered("page_of", filters, _tables(workspace, name, build, filters), *asked)
    return BrowsePage(rows, **facts)


def browse_ids(
    workspace: Workspace, name: str, build: BuildInfo | None, filters: Filters, *, limit: int
) -> list[str]:
    """Return the ids of what matches, in the order asked, at most ``limit``."""
    tables = _tables(workspace, name, build, filters)
    _, (rows,) = _answered("ids_of", filters, tables, filters, limit)
    ids: list[str] = rows[EXAMPLE_ID].to_pylist()
    return ids


def page_of(
    tables: _Tables,
    filters: Filters,
    page: int,
    page_size: int,
    *,
    memory_bytes: int | None = None,
) -> Answer:
    """Return the rows of a page, and what ``BrowsePage`` has besides."""
    with _joined(tables, memory_bytes) as database:
        condition, values = _condition(database, filters)
        n_rows = _ask(database, f"SELECT count(*) AS n FROM joined WHERE {condition}", values)
        total = n_rows["n"][0].as_py()
        n_pages = max(1, -(-total // page_size))
        page = min(max(1, page), n_pages)
        rows = _ask(
            database,
            f"SELECT * FROM joined WHERE {condition} "
            f"ORDER BY {ORDERS.get(filters.order, ORDERS['id'])} "
            f"LIMIT {page_size} OFFSET {(page - 1) * page_size}",
            values,
        )
    return {"n_rows": total, "page": page, "n_pages": n_pages}, [rows]


def ids_of(
    tables: _Tables, filters: Filters, limit: int, *, memory_bytes: int | None = None
) -> Answer:
    """Return the ids of what matches, as a table."""
    with _joined(tables, memory_bytes) as database:
        condition, values = _condition(database, filters)
        order = ORDERS.get(filters.order, ORDERS["id"])
        sql = f"SELECT example_id FROM joined WHERE {condition} ORDER BY {order} LIMIT {limit:d}"
        return {}, [_ask(database, sql, values)]


_FUNCTIONS: dict[str, Callable[..., Answer]] = {"page_of": page_of, "ids_of": ids_of}


def _answered(function: str, filters: Filters, tables: _Tables, *arguments: Any) -> Answer:
    """Answer here where the filters are sure to end soon, else in a process of its own."""
    known = {*JOINED_COLUMNS, *(c for table in tables.values() for c in table.column_names)}
    if is_plain(filters.where, known):
        return _FUNCTIONS[function](tables, *arguments)
    return run(
        f"ide.store.browse:{function}",
        *(tables, *arguments),
        seconds=TIME_LIMIT_S,
        subject="the condition",
        advice="narrow it",
    )


def browse_columns(workspace: Workspace, name: str) -> dict[str, str]:
    """Return the columns that a condition can name, with their types."""
    with _joined(_tables(workspace, name, None)) as database:
        described = _ask(database, "DESCRIBE joined", [])
    return dict(
        zip(described["column_name"].to_pylist(), described["column_type"].to_pylist(), strict=True)
    )


def browse_example(
    workspace: Workspace, name: str, build: BuildInfo | None, example_id: str
) -> dict[str, Any] | None:
    """Return one example's row, or None where there is no such example."""
    with _joined(_tables(workspace, name, build)) as database:
        found = _ask(database, "SELECT * FROM joined WHERE example_id = ?", [example_id])
    return next(iter(python_rows(found)), None)


def _tables(
    workspace: Workspace, name: str, build: BuildInfo | None, filters: Filters | None = None
) -> _Tables:
    """Return what ``joined`` is made of; ``media`` only where something was measured.

    And the ids that the filters name by what is no column: ``searched`` and ``tagged``.
    """
    examples = for_duckdb(with_kept_names(read_examples(workspace, name)))
    measured = _measured(workspace, name, build, {*JOINED_COLUMNS, *examples.column_names})
    return {
        "labels": current_labels(workspace, name),
        "examples": examples,
        "judged": pa.table({EXAMPLE_ID: pa.array(judged_ids(workspace, name), pa.string())}),
        "suspects": _build_columns(build, "suspects", SUSPECTS, _FROM_SUSPECTS),
        "predictions": _build_columns(build, "predictions", PREDICTIONS, _FROM_PREDICTIONS),
        "issues": _build_columns(build, "issues", ISSUES, [EXAMPLE_ID]),
        **({} if measured is None else {"media": measured}),
        **(_named(workspace, name, filters) if filters else {}),
    }


def _named(workspace: Workspace, name: str, filters: Filters) -> _Tables:
    """Return the ids that a search and a tag name, each where it is asked for."""
    found: _Tables = {}
    if filters.search.strip():
        found["searched"] = matching_ids(workspace, name, filters.search)
    if filters.tag is not None:
        states = dataset_state(workspace, name)
        ids = [i for i, state in states.items() if filters.tag in state.tags]
        found["tagged"] = pa.table({EXAMPLE_ID: pa.array(ids, pa.string())})
    return found


@contextmanager
def _joined(tables: _Tables, memory_bytes: int | None = None) -> Iterator[Any]:
    """Yield a DuckDB connection with the view ``joined``, and no way out of it."""
    import duckdb

    with duckdb.connect(config={"enable_external_access": False}) as database:
        for table, content in tables.items():
            database.register(table, content)
        columns = join = ""
        if "media" in tables:
            columns, join = ", m.* EXCLUDE (example_id)", "\nLEFT JOIN media m USING (example_id)"
        database.execute(_JOINED.format(columns=columns, join=join))
        database.execute("SET python_enable_replacements = false")
        if memory_bytes is not None:
            database.execute(f"SET memory_limit = '{memory_bytes >> 10} KiB'")
        database.execute("SET lock_configuration = true")
        yield database


def _measured(
    workspace: Workspace, name: str, build: BuildInfo | None, taken: set[str]
) -> pa.Table | None:
    """Return what was measured of the payloads; None where nothing was.

    Without columns that are null throughout, and without those that the source has itself.
    """
    media = read_measured(workspace, name)
    if media is None and build is not None and (build.path / "media.parquet").exists():
        media = build_table(build, "media")
    if media is None:
        return None
    known = (c for c in media.column_names if media[c].null_count < len(media))
    own = [c for c in known if c not in taken and c != "content_hash"]
    return media.select([EXAMPLE_ID, *own]) if own else None


def _build_columns(
    build: BuildInfo | None, table: str, schema: pa.Schema, columns: list[str]
) -> pa.Table:
    if build is None:
        return schema.empty_table().select(columns)
    return build_table(build, table, columns)


def _condition(database: Any, filters: Filters) -> tuple[str, list[str]]:
    """Return the WHERE clause and its values; raise ``QueryError`` for a condition of bad SQL."""
    parts, values = [SHOWN.get(filters.show, "TRUE")], []
    for column, value in (
        (LABEL, filters.label),
        ("predicted", filters.predicted),
        (SPLIT, filters.split),
    ):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    for table, is_asked in (
        ("searched", bool(filters.search.strip())),
        ("tagged", filters.tag is not None),
    ):
        if is_asked:
            parts.append(f"example_id IN (SELECT example_id FROM {table})")
    if filters.where.strip():
        parts.append(f"({_checked(database, filters.where)}\n)")
    return " AND ".join(parts), values


def _checked(database: Any, where: str) -> str:
    """Return a condition that is one expression and nothing more, or raise ``QueryError``."""
    import duckdb

    if not is_text(where):
        raise QueryError("the condition holds half of a character, which UTF-8 cannot")
    try:
        statements = database.extract_statements(f"SELECT 1 WHERE ({where}\n)")
        is_one = len(statements) == 1 and "?" not in where and "$" not in where
    except duckdb.Error as error:
        raise QueryError(_sentence(where, error)) from None
    if not is_one:
        raise QueryError(
            f"{where[:120]!r} is not one condition; write one expression without ';', '?' or '$', "
            "such as p_mislabeled > 0.5 AND label = '3'"
        )
    return where


def _ask(database: Any, sql: str, values: list[str]) -> pa.Table:
    import duckdb

    try:
        found: pa.Table = database.sql(sql, params=values).to_arrow_table()
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.Error as error:
        raise QueryError(_sentence("the condition", error)) from None
    return found


def _sentence(where: str, error: Exception) -> str:
    """Say what DuckDB said of a condition, in one line."""
    said = str(error).split("\n\nLINE", maxsplit=1)[0].replace("\n", " ").strip()
    subject = where if where == "the condition" else f"the condition {where[:120]!r}"
    return f"{subject} cannot be answered: {said[:300]}"
