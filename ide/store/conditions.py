"""SQL conditions over examples: how many rows fulfil one, and those of gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ide.dataset.checks.check_input import Gate
from ide.dataset.config import DatasetConfig
from ide.dataset.errors import QueryError
from ide.dataset.schema import EXAMPLE_ID


def read_gates(
    config: DatasetConfig, labels: pa.Table, metadata: pa.Table | None, media: pa.Table | None
) -> tuple[Gate, ...]:
    """Return the gates of ``dataset.toml``, each with the number of examples its slice names.

    labels, metadata, media: rows in one order.
    """
    others = [table for table in (metadata, media) if table is not None]
    return tuple(_gate(gate, n, labels, others) for n, gate in enumerate(config.gates, 1))


def _gate(
    gate: Mapping[str, Any], number: int, labels: pa.Table, others: Sequence[pa.Table]
) -> Gate:
    name = str(gate.get("name") or number)
    condition = gate.get("slice", "true")
    if not isinstance(condition, str):
        problem = f"slice is {condition!r}, wanted a condition in quotes"
        return Gate(name, str(condition), None, problem)
    try:
        return Gate(name, condition, count_matching(condition, labels, *others))
    except QueryError as error:
        return Gate(name, condition, None, str(error))


def count_matching(condition: str, labels: pa.Table, *others: pa.Table) -> int:
    """Return how many examples fulfil a condition over columns; raise ``QueryError`` in a sentence.

    others: further tables with their rows in the order of ``labels``; of columns of one name the
    first one counts. The database can reach no file.
    """
    import duckdb

    columns = {name: labels[name] for name in labels.column_names}
    for table in others:
        for name in table.column_names:
            columns.setdefault(name, table[name])
    with duckdb.connect(config={"enable_external_access": False}) as database:
        database.register("examples", pa.table(columns))
        database.execute("SET lock_configuration = true")
        sql = f"SELECT count({EXAMPLE_ID}) AS n FROM examples WHERE ({condition}\n)"
        try:
            if len(database.extract_statements(sql)) != 1:
                raise QueryError(f"{condition[:120]!r} is not one condition; leave out the ';'")
            row = database.execute(sql).fetchone()
        except duckdb.Error as error:
            said = str(error).split("\n\nLINE", maxsplit=1)[0].replace("\n", " ").strip()
            raise QueryError(f"{condition[:120]!r} cannot be answered: {said[:300]}") from None
    return int(row[0]) if row else 0
