"""The tables of a build, read so that what reads on may rely on their columns.

A file may be damaged, or be another program's. One that lacks what every version has written, has
it in another type, or null where there is always a value, is named in a sentence; what only newer
versions write is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import (
    BUILD_EDITS,
    DYNAMICS,
    EXAMPLE_ID,
    FLIPS,
    ISSUES,
    LABEL,
    LABEL_ERRORS,
    LABELS,
    MEDIA,
    PREDICTIONS,
    SECOND_LOOK,
    SLICES,
    SPLIT,
    SUSPECTS,
    TARGETS,
)
from ide.store.files import as_declared, damage_named, read_parquet, read_schema

SCHEMAS: Mapping[str, pa.Schema] = {
    "labels": LABELS,
    "targets": TARGETS,
    "edits": BUILD_EDITS,
    "dynamics": DYNAMICS,
    "predictions": PREDICTIONS,
    "second_look": SECOND_LOOK,
    "suspects": SUSPECTS,
    "label_errors": LABEL_ERRORS,
    "issues": ISSUES,
    "media": MEDIA,
    "slices": SLICES,
    "flips": FLIPS,
}
_SCORED = ("loss", "margin")
# what every version has written, and of that what is never null
_ALWAYS: Mapping[str, tuple[str, ...]] = {
    "labels": tuple(LABELS.names),
    "targets": tuple(TARGETS.names),
    "edits": ("edit_id",),
    "dynamics": tuple(DYNAMICS.names),
    "predictions": (EXAMPLE_ID, "probs", "predicted", "loss", "embedding"),
    "second_look": (EXAMPLE_ID,),
    "suspects": ("rank", EXAMPLE_ID, LABEL, "suggested_label", "p_mislabeled", *_SCORED),
    "label_errors": tuple(LABEL_ERRORS.names),
    "issues": ("check", "severity", EXAMPLE_ID, "other_id", "score", "message"),
    "media": (EXAMPLE_ID, "content_hash", "problem"),
    "slices": tuple(SLICES.names),
    "flips": tuple(FLIPS.names),
}
_NEVER_NULL: Mapping[str, tuple[str, ...]] = {
    "edits": ("edit_id",),
    "dynamics": (EXAMPLE_ID, "epoch"),
    "predictions": (EXAMPLE_ID, "probs"),
    "suspects": ("rank", EXAMPLE_ID, "p_mislabeled"),
    "label_errors": ("n", "n_errors", "low", "high"),
    "issues": ("check", "severity", "message"),
    "slices": ("slice", SPLIT, "n", "n_correct"),
    "flips": (EXAMPLE_ID, "flip"),
}
_SHARES = frozenset({"p_mislabeled"})
_OF_ONE_LENGTH = frozenset({"probs", "embedding", "mean_probs"})


def read_build_table(path: Path, table: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table of a build by its name, such as ``suspects``.

    columns: None = all that are there; of those asked for, what an older version did not write is
    null. Raises ``DamagedFileError`` or ``FileNotFoundError``.
    """
    schema = SCHEMAS[table]
    found = read_parquet(path, columns, schema=schema)
    with damage_named(path):
        wanted = schema.names if columns is None else columns
        for name in wanted:
            if name not in found.column_names and name in _ALWAYS[table]:
                raise ValueError(f"it has no column {name}")
        if columns is not None:
            for name in wanted:
                if name not in found.column_names:
                    field = schema.field(name)
                    found = found.append_column(field, pa.nulls(len(found), field.type))
            found = found.select(list(columns))
        for name in found.column_names:
            _check_column(found[name], name, table)
    return found


def check_build_table(path: Path, table: str) -> None:
    """Raise ``DamagedFileError`` where a table's columns are not its own; no row is read."""
    schema, found = SCHEMAS[table], read_schema(path)
    with damage_named(path):
        for name in _ALWAYS[table]:
            if name not in found.names:
                raise ValueError(f"it has no column {name}")
        as_declared(found.empty_table(), schema)


def _check_column(column: pa.ChunkedArray, name: str, table: str) -> None:
    if name in _NEVER_NULL.get(table, ()):
        n_null = pc.sum(pc.is_null(column, nan_is_null=True)).as_py() or 0
        if n_null:
            raise ValueError(f"its column {name} is null in {n_null:,} rows")
    if name in _SHARES and len(column):
        bounds = pc.min_max(column).as_py()
        if bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] <= 1:
            raise ValueError(f"its column {name} has a value that is not within 0 and 1")
    if name in _OF_ONE_LENGTH and len(column):
        lengths = pc.min_max(pc.list_value_length(column)).as_py()
        if lengths["min"] != lengths["max"]:
            raise ValueError(f"the lists of its column {name} differ in length")
