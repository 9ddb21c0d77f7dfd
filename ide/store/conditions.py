"""SQL conditions over examples: how many rows fulfil one."""

from __future__ import annotations

import pyarrow as pa

from ide.dataset.errors import QueryError
from ide.dataset.schema import EXAMPLE_ID


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
