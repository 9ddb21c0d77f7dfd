"""Flips: what a build fixed, its predecessor would have broken."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.flips import flips
from ide.dataset.schema import FLIPS, LABELS

CLASSES = ("a", "b")
rows = st.tuples(
    st.sampled_from((None, *CLASSES)), st.sampled_from(CLASSES), st.booleans(), st.booleans()
)
builds = st.dictionaries(st.integers(0, 9).map(str), rows, max_size=10)


def tables(build):
    labels = [
        (i, label, "test", is_excluded, 0, None, is_conflict)
        for i, (label, _, is_excluded, is_conflict) in build.items()
    ]
    columns = list(zip(*labels, strict=True)) or [()] * len(LABELS)
    predictions = {"example_id": list(build), "predicted": [row[1] for row in build.values()]}
    return (
        pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, LABELS, strict=True)], schema=LABELS
        ),
        pa.table(predictions, schema=pa.schema([(k, pa.string()) for k in predictions])),
    )


def counted(build):
    return {i: row[0] == row[1] for i, row in build.items() if row[0] and not row[2] and not row[3]}


@given(base=builds, new=builds)
def test_flips_are_the_examples_whose_correctness_changed(base, new):
    table = flips(*tables(base), *tables(new))
    assert table.schema == FLIPS
    was, is_ = counted(base), counted(new)
    expected = {
        i: "fixed" if is_[i] else "broken" for i in was.keys() & is_.keys() if was[i] != is_[i]
    }
    ids = table["example_id"].to_pylist()
    assert dict(zip(ids, table["flip"].to_pylist(), strict=True)) == expected
    assert ids == sorted(ids)


@given(base=builds, new=builds)
def test_exchanging_the_builds_exchanges_fixed_and_broken(base, new):
    there = flips(*tables(base), *tables(new))
    back = flips(*tables(new), *tables(base))
    other = {"fixed": "broken", "broken": "fixed"}
    assert [other[f] for f in there["flip"].to_pylist()] == back["flip"].to_pylist()
    assert there["predicted"].to_pylist() == back["base_predicted"].to_pylist()
    assert there["label"].to_pylist() == back["base_label"].to_pylist()


@given(build=builds)
def test_a_build_against_itself_has_no_flips(build):
    assert flips(*tables(build), *tables(build)).num_rows == 0
