"""The training record, read for a picture: means over a split, and the curve of one example."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.errors import NoBuildError
from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import BuildInfo

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
    except duckdb.IOException:
        raise NoBuildError(build.dataset) from None


def example_curve(build: BuildInfo, example_id: str) -> dict[str, list[Any]]:
    """Return ``epoch``, ``loss`` and ``margin`` of one example; empty lists without a record."""
    try:
        table = pq.read_table(
            build.path / "dynamics.parquet", filters=[(EXAMPLE_ID, "=", example_id)]
        )
    except FileNotFoundError:
        raise NoBuildError(build.dataset) from None
    found: dict[str, list[Any]] = table.sort_by("epoch").drop_columns([EXAMPLE_ID]).to_pydict()
    return found
