"""SQL from a person, a page or a file: answered in a process of its own, which can only read.

``ide.connect()`` is for a person's own Python, and has neither fence nor limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ide.dataset.errors import QueryError
from ide.dataset.reading import is_text
from ide.store.sql_process import run
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

TIME_LIMIT_S = 60.0
MAX_ANSWER_BYTES = 128 << 20
_ADVICE = "ask for less, or add a LIMIT"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query; ``is_cut``: there were more than the limit, of rows or of bytes."""

    table: pa.Table
    is_cut: bool


def query(
    workspace: Workspace,
    sql: str,
    *,
    limit: int = 1000,
    timeout_s: float | None = TIME_LIMIT_S,
    on_wait: Callable[[], None] | None = None,
) -> QueryResult:
    """Return the first ``limit`` rows of the last of one or more reading statements.

    timeout_s: after this many seconds the query is stopped, whatever it does; None = never.
    on_wait: called some times a second until the answer is there; what it raises stops the query.
    Raises ``QueryError`` with one sentence for everything that DuckDB refuses, and for writing;
    ``QueryStoppedError`` where the query takes too long or needs too much memory.
    """
    if not is_text(sql):
        raise QueryError("the query holds half of a character, which UTF-8 cannot; write it anew")
    facts, tables = run(
        "ide.store.query_answer:answer",
        *(workspace, sql, limit, MAX_ANSWER_BYTES),
        seconds=timeout_s,
        subject="the query",
        advice=_ADVICE,
        on_wait=on_wait,
    )
    return QueryResult(tables[0], bool(facts["is_cut"]))
