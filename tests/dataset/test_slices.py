"""Slices partition what counts, and DuckDB understands their conditions."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.schema import LABELS, SLICES
from ide.dataset.slices import MAX_VALUES, members_of, slices

NASTY = ["it's", 'say "hi"', "=1+1"]


def dataset(seed: int, n: int = 40):
    generator = np.random.default_rng(seed)
    choose = lambda values: pa.array(generator.choice(np.array(values, object), n))  # noqa: E731
    ids = pa.array([f"{i:03d}" for i in range(n)])
    labels = pa.table(
        {
            "example_id": ids,
            "label": choose([None, *NASTY]).cast(pa.string()),
            "split": choose(["train", "test"]).cast(pa.string()),
            "is_excluded": pa.array(generator.random(n) < 0.2),
            "n_edits": pa.array(np.zeros(n, np.int32)),
            "annotator": pa.nulls(n, pa.string()),
            "is_conflict": pa.array(generator.random(n) < 0.2),
        },
        schema=LABELS,
    )
    predictions = pa.table({"example_id": ids, "predicted": choose(NASTY).cast(pa.string())})
    metadata = pa.table(
        {
            "example_id": ids,
            'the pen\'s "kind"': choose([None, "ink", "it's lead"]).cast(pa.string()),
            "is_left_handed": pa.array(generator.random(n) < 0.5),
            "year": pa.array(generator.integers(2020, 2024, n)),
            "number": pa.array(np.arange(n)),
            "width": pa.array(generator.random(n)),
        }
    )
    return labels, predictions, metadata


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_slices_are_what_duckdb_counts_by_their_conditions(seed):
    labels, predictions, metadata = dataset(seed)
    table = slices(labels, predictions, metadata)
    assert table.schema == SLICES
    everything = labels.append_column("predicted", predictions["predicted"])
    for name in metadata.column_names[1:]:
        everything = everything.append_column(name, metadata[name])
    with duckdb.connect() as db:
        db.register("everything", everything)
        for row in table.to_pylist():
            n, k = db.execute(
                f"SELECT count(*), count(*) FILTER (label = predicted) FROM everything WHERE "
                f"({row['slice']}) AND split = '{row['split']}' AND label IS NOT NULL "
                "AND NOT is_excluded AND NOT is_conflict"
            ).fetchall()[0]
            assert (row["n"], row["n_correct"]) == (n, k)
            assert row["low"] <= row["accuracy"] <= row["high"]


@given(seed=st.integers(0, 10**6))
def test_the_slices_of_a_column_partition_the_whole(seed):
    table = slices(*dataset(seed)).to_pylist()
    for split in ("train", "test"):
        of_split = [row for row in table if row["split"] == split]
        whole = sum(row["n"] for row in of_split if row["slice"] == "true")
        for start in ("label", '"the pen', '"is_left_handed"', '"year"'):
            assert sum(r["n"] for r in of_split if r["slice"].startswith(start)) == whole


def test_numbers_and_columns_of_many_values_are_no_slices():
    names = " ".join(slices(*dataset(0, n=2 * MAX_VALUES))["slice"].to_pylist())
    assert '"year"' in names
    assert '"number"' not in names and '"width"' not in names


def test_values_beyond_what_a_float_holds_are_slices_too():
    labels, predictions, _ = dataset(0)
    ids = pa.array([2**63 + 5, 1] * 20, pa.uint64())
    table = slices(labels, predictions, pa.table({"id": ids}))
    assert {f'"id" = {2**63 + 5}', '"id" = 1'} <= set(table["slice"].to_pylist())
    members = members_of(labels, pa.table({"id": ids}), {f'"id" = {2**63 + 5}'})
    assert np.array_equal(members[f'"id" = {2**63 + 5}'], np.arange(40) % 2 == 0)
