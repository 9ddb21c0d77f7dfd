"""SQL conditions over examples: which rows fulfil one.

A condition is one expression that is true or false of each row. It is asked of tables in memory,
in a DuckDB that can reach no file, no network, no variable of ours and no setting, and within a
time limit; docs/decisions/021-sql-reads-only.md.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import QueryError, UnknownColumnError
from ide.dataset.schema import LABEL, MEDIA, SPLIT

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
    import duckdb

    columns: dict[str, Any] = {name: labels[name] for name in labels.column_names}
    for table in others:
        for name in table.column_names:
            columns.setdefault(name, table[name])
    known = list(columns)
    columns[_ROW] = pa.array(np.arange(len(labels)))
    with duckdb.connect(config={"enable_external_access": False}) as database:
        database.execute("SET python_enable_replacements = false")
        database.register("examples", pa.table(columns))
        database.execute("SET lock_configuration = true")
        yield lambda condition: _fulfilled(database, condition, len(labels), known)


def _fulfilled(database: Any, condition: str, n: int, known: Sequence[str]) -> np.ndarray:
    import duckdb

    timer = threading.Timer(TIME_LIMIT_S, database.interrupt)
    timer.daemon = True
    timer.start()
    try:
        asked = duckdb.SQLExpression(f"({condition}\n)")
        examples = database.table("examples")
        kind = str(examples.project(asked).types[0])
        if kind not in ("BOOLEAN", '"NULL"', "NULL"):
            raise QueryError(
                f"{condition[:120]!r} is no condition: it is {kind}, wanted what is true or false "
                "of an example, such as label = '3'"
            )
        found = examples.filter(asked).project(_ROW).to_arrow_table()[_ROW].to_numpy()
    except duckdb.InterruptException:
        raise QueryError(
            f"{condition[:120]!r} took longer than {TIME_LIMIT_S:g} s and was stopped; simplify it"
        ) from None
    except duckdb.Error as error:
        raise _refusal(condition, error, known) from None
    finally:
        timer.cancel()
        timer.join()
    mask = np.zeros(n, bool)
    mask[found] = True
    return mask


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
