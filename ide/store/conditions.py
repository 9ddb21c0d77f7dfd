"""SQL conditions over examples: which rows fulfil one, and how many those of gates name.

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

from ide.dataset.checks.check_input import NamedByGate
from ide.dataset.config import DatasetConfig
from ide.dataset.errors import QueryError
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

TIME_LIMIT_S = 20.0
_ROW = "upwell_row"
_UNKNOWN = re.compile(r'Referenced column "(.+?)" not found')
# what Browse's conditions know besides, and gates do not: a build says it, and it changes
_OF_BUILDS = frozenset(
    {"predicted", "loss", "rank", "p_mislabeled", "suggested_label", "margin", "reason"}
)
Ask = Callable[[str], np.ndarray]


def read_gates(
    config: DatasetConfig,
    labels: pa.Table,
    metadata: pa.Table | None,
    media: pa.Table | None,
    tags: pa.Table | None = None,
) -> tuple[NamedByGate, ...]:
    """Return the gates of ``dataset.toml``, each with the number of examples that it names.

    Examples without a label, excluded or in conflict count for no gate. labels, metadata, media,
    tags: rows in one order.
    """
    if not config.gates:
        return ()
    others = [table for table in (metadata, media, tags) if table is not None]
    with asking(labels, *others) as ask:
        return tuple(_named(gate, labels, ask) for gate in config.gates)


def counted(labels: pa.Table, split: str | None) -> np.ndarray:
    """Return (N,) bool: which rows of ``schema.LABELS`` can count for a gate of a split."""
    left_out = pc.or_(labels["is_excluded"], labels["is_conflict"])
    found = pc.and_(pc.is_valid(labels[LABEL]), pc.invert(left_out))
    if split is not None:
        found = pc.and_(found, pc.equal(labels[SPLIT], split))
    return np.asarray(pc.fill_null(found, False).to_numpy(), bool)


def tag_table(workspace: Workspace, name: str, labels: pa.Table) -> pa.Table:
    """Return ``tags`` as they stand now, a list a row of ``labels``; written ``'x' IN tags``."""
    states = dataset_state(workspace, name)
    tagged = {i: sorted(state.tags) for i, state in states.items() if state.tags}
    ids = labels[EXAMPLE_ID].to_pylist() if tagged else [""] * len(labels)
    tags = [tagged.get(i, []) for i in ids]
    return pa.table({"tags": pa.array(tags, pa.list_(pa.string()))})


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
        raise QueryError(_sentence(condition, error, known)) from None
    finally:
        timer.cancel()
        timer.join()
    mask = np.zeros(n, bool)
    mask[found] = True
    return mask


def _sentence(condition: str, error: Exception, known: Sequence[str]) -> str:
    """Say what is wrong with a condition, and what was probably meant."""
    said = str(error).split("\n\nLINE", maxsplit=1)[0].replace("\n", " ").strip()
    unknown = _UNKNOWN.search(said)
    if unknown is None:
        hint = ""
        if "arser" in type(error).__name__ or "single expression" in said:
            hint = "; write one condition in SQL, without ';', such as label = '3'"
        return f"{condition[:120]!r} cannot be answered: {said[:300]}{hint}"
    column = unknown[1]
    near = get_close_matches(column, known, n=1)
    if column in _OF_BUILDS:
        hint = "that is what a build says, and changes with it; name the examples by their ids"
    elif near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"columns: {', '.join(known[:30])}"
    return f"{condition[:120]!r} cannot be answered: there is no column {column[:60]!r}; {hint}"


def _named(gate: Gate, labels: pa.Table, ask: Ask) -> NamedByGate:
    try:
        named = ask(gate.condition) & counted(labels, gate.split)
    except QueryError as error:
        return NamedByGate(gate.name, gate.where, None, str(error))
    return NamedByGate(gate.name, gate.where, int(np.count_nonzero(named)))
