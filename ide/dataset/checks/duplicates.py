"""Groups of rows with equal content: what the checks of duplicates compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.checks.check_input import CheckInput
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT


@dataclass(frozen=True, slots=True)
class Row:
    """What a check of duplicates compares."""

    example_id: str
    label: str | None
    split: str


def duplicate_groups(dataset: CheckInput) -> Iterator[list[Row]]:
    """Yield the kept rows that share their content, two or more at a time, each group by id."""
    kept = pa.array(dataset.kept)
    rows = dataset.labels.select([EXAMPLE_ID, LABEL, SPLIT]).take(kept)
    hashes = pc.take(dataset.content_hashes, kept)
    codes = np.asarray(pc.fill_null(pc.dictionary_encode(hashes).indices, -1), np.int64)
    known = np.flatnonzero(codes >= 0)  # a payload that is not there is like no other
    repeated = known[np.bincount(codes[known])[codes[known]] > 1] if len(known) else known
    by_content: dict[int, list[Row]] = {}
    for code, row in zip(codes[repeated], rows.take(pa.array(repeated)).to_pylist(), strict=True):
        by_content.setdefault(int(code), []).append(Row(row[EXAMPLE_ID], row[LABEL], row[SPLIT]))
    for group in by_content.values():
        yield sorted(group, key=lambda row: row.example_id)
