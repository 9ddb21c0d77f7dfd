"""SQL conditions over examples: which rows fulfil one.

A condition is one expression that is true or false of each row. It is asked of tables in memory,
in a DuckDB that can reach no file, no network, no variable of ours and no setting; one that might
not end, in a process of its own: docs/decisions/074-sql-in-a-process-of-its-own.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import QueryError, UnknownColumnError
from ide.dataset.names import same_form
from ide.dataset.reading import is_text
from ide.dataset.schema import LABEL, MEDIA, SPLIT
from ide.store.plain_conditions import is_plain
from ide.store.sql_process import Answer, run

TIME_LIMIT_S = 20.0
_ROW = "upwell_row"
_UNKNOWN = re.compile(r'Referenced column "(.+?)" not found')
# what Browse's conditions know besides, and gates do not: a build says it, and it changes
_OF_BUILDS = frozenset(
    {"predicted", "loss", "rank", "p_mislabeled", "suggested_label", "margin", "reason"}
)
Ask = Callable[[str], np.ndarray]


def counted(labels: pa.Table, split: str | None) -> np.ndarray:
    """Return (N,) bool: which rows of ``schema.LABELS`` can count for a gate of a split."""
    left_out = pc.or_(labels["is_excluded"], labels["is_conflict"])
    found = pc.and_(pc.is_valid(labels[LABEL]), pc.invert(left_out))
    if split is not None:
        found = pc.and_(found, pc.equal(labels[SPLIT], split))
    return np.asarray(pc.fill_null(found, False).to_numpy(), bool)


@contextmanager
def asking(labels: pa.Table, *others: pa.Table) -> Iterator[Ask]:
    """Yield a function from a condition to (N,) bool, whether each row fulfils it.

    others: further tables with their rows in the order of ``labels``; of columns of one name the
    first one counts. What is neither true nor false of a row is not fulfilled. The function
    raises ``QueryError`` with a sentence.
    """
    columns: dict[str, Any] = {name: labels[name] for name in labels.column_names}
    for table in others:
        for name in table.column_names:
            columns.setdefault(name, table[name])
    known = list(columns)
    columns[_ROW] = pa.array(np.arange(len(labels)))
    examples = pa.table(columns)

    @cache
    def in_form() -> pa.Table:
        return pa.table({n: _in_form(column) for n, column in columns.items()})

    with _database(examples) as database:

        def ask(condition: str) -> np.ndarray:
            if condition.isascii():
                rows = _fulfilling(examples, condition, known, database)
            else:
                rows = _fulfilling(in_form(), same_form(condition), known)
            mask = np.zeros(len(labels), bool)
            mask[rows[_ROW].to_numpy()] = True
            return mask

        yield ask


def _fulfilling(
    examples: pa.Table, condition: str, known: Sequence[str], database: Any = None
) -> pa.Table:
    """Answer here where a condition is sure to end soon, else in a process of its own.

    database: one that has the examples already.
    """
    if not is_plain(condition, known):
        return _rows_of_process(examples, condition)
    if database is not None:
        return _rows(database, condition, known)
    with _database(examples) as other:
        return _rows(other, condition, known)


def _in_form(column: Any) -> Any:
    """Return a column of text in the form that names are compared in; others as they are."""
    is_string = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return pc.utf8_normalize(column, "NFC") if is_string else column


def answer(examples: pa.Table, condition: str, *, memory_bytes: int) -> Answer:
    """Answer one condition in a process of its own: the numbers of the rows that fulfil it."""
    known = [name for name in examples.column_names if name != _ROW]
    with _database(examples, memory_bytes) as database:
        return {}, [_rows(database, condition, known)]


def _rows_of_process(examples: pa.Table, condition: str) -> pa.Table:
    _, tables = run(
        "ide.store.conditions:answer",
        *(examples, condition),
        seconds=TIME_LIMIT_S,
        subject=repr(condition[:120]),
        advice="simplify it",
    )
    return tables[0]


@contextmanager
def _database(examples: pa.Table, memory_bytes: int | None = None) -> Iterator[Any]:
    import duckdb

    with duckdb.connect(config={"enable_external_access": False}) as database:
        database.execute("SET python_enable_replacements = false")
        database.register("examples", examples)
        if memory_bytes is not None:
            database.execute(f"SET memory_limit = '{memory_bytes >> 10} KiB'")
        database.execute("SET lock_configuration = true")
        yield database


def _rows(database: Any, condition: str, known: Sequence[str]) -> pa.Table:
    """Return the numbers of the rows that fulfil a condition, in the column ``_ROW``."""
    import duckdb

    if not is_text(condition):
        raise QueryError("the condition holds half of a character, which UTF-8 cannot")
    try:
        asked = duckdb.SQLExpression(f"({condition}\n)")
        examples = database.table("examples")
        kind = str(examples.project(asked).types[0])
        if kind not in ("BOOLEAN", '"NULL"', "NULL"):
            raise QueryError(
                f"{condition[:120]!r} is no condition: it is {kind}, wanted what is true or false "
                "of an example, such as label = '3'"
            )
        return examples.filter(asked).project(_ROW).to_arrow_table()
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.Error as error:
        raise _refusal(condition, error, known) from None


def _refusal(condition: str, error: Exception, known: Sequence[str]) -> QueryError:
    """Say what is wrong with a condition, and what was probably meant."""
    said = str(error).split("\n\nLINE", maxsplit=1)[0].replace("\n", " ").strip()
    unknown = _UNKNOWN.search(said)
    if unknown is not None:
        return UnknownColumnError(condition, unknown[1], _hint(unknown[1], known))
    is_syntax = "arser" in type(error).__name__ or "single expression" in said
    hint = "; write one condition in SQL, without ';', such as label = '3'" if is_syntax else ""
    return QueryError(f"{condition[:120]!r} cannot be answered: {said[:300]}{hint}")


def _hint(column: str, known: Sequence[str]) -> str:
    if column in _OF_BUILDS:
        return "that is what a build says, and changes with it; name the examples by their ids"
    if column in MEDIA.names:
        return "it is measured with the next upwell check or compile"
    near = get_close_matches(column, known, n=1)
    return f"did you mean {near[0]}?" if near else f"columns: {', '.join(known[:30])}"
