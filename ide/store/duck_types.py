"""Arrow tables in types that DuckDB has, for those that another program or version wrote."""

from __future__ import annotations

import pyarrow as pa


def for_duckdb(table: pa.Table) -> pa.Table:
    """Return a table whose half floats are floats and whose longest decimals are text."""
    fields = [_field(f) for f in table.schema]
    return table if fields == list(table.schema) else table.cast(pa.schema(fields))


def _field(field: pa.Field) -> pa.Field:
    kind = field.type
    if pa.types.is_float16(kind):
        return field.with_type(pa.float32())
    if pa.types.is_decimal(kind) and kind.precision > 38:
        return field.with_type(pa.string())
    return field
