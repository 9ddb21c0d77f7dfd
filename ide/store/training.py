"""The training record, read for a picture: means over a split, and the curve of one example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import NoBuildError
from ide.dataset.schema import DYNAMICS, EXAMPLE_ID
from ide.store.builds import BuildInfo, build_table
from ide.store.files import as_declared, damage_named, damaged_file

_MEANS = """
SELECT d.epoch, l.split, avg(d.loss) AS loss,
       count(*) FILTER (d.margin > 0) / count(*) AS accuracy, count(*) AS n
FROM read_parquet(?) d JOIN read_parquet(?) l USING (example_id)
WHERE d.loss IS NOT NULL AND NOT isnan(d.loss) AND NOT l.is_excluded
GROUP BY ALL ORDER BY l.split, d.epoch
"""


def training_curves(build: BuildInfo) -> pa.Table:
    """Return ``epoch, split, loss, accuracy, n``: what the network was like at each epoch's end.

    loss: the mean cross-entropy, ≥ 0; accuracy: the share whose margin is above 0, which is
    where the given label has the highest probability.
    """
    import duckdb

    paths = [str(build.path / "dynamics.parquet"), str(build.path / "labels.parquet")]
    try:
        with duckdb.connect() as database:
            found: pa.Table = database.sql(_MEANS, params=paths).to_arrow_table()
            return found
    except duckdb.Error as error:
        for table in ("dynamics", "labels"):  # whichever is damaged names itself
            build_table(build, table)
        raise damaged_file(Path(paths[0]), error) from None


def example_curve(build: BuildInfo, example_id: str) -> dict[str, list[Any]]:
    """Return ``epoch``, ``loss`` and ``margin`` of one example; empty lists without a record."""
    path = build.path / "dynamics.parquet"
    try:
        with damage_named(path):
            table = pq.read_table(path, filters=[(EXAMPLE_ID, "=", example_id)])
            table = as_declared(table.select(DYNAMICS.names), DYNAMICS)
    except FileNotFoundError:
        raise NoBuildError(build.dataset) from None
    found: dict[str, list[Any]] = table.sort_by("epoch").drop_columns([EXAMPLE_ID]).to_pydict()
    return found
