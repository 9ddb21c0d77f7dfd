"""Flips: what a build fixed, and broke, on one set of labels; and what its labels alone moved."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.flips import flips
from ide.dataset.schema import FLIPS, LABELS

CLASSES = ("a", "b")
rows = st.tuples(
    st.sampled_from((None, *CLASSES)),  # label
    st.sampled_from(CLASSES),  # predicted
    st.booleans(),  # is_excluded
    st.booleans(),  # is_conflict
    st.sampled_from(("test", "train")),
)
builds = st.dictionaries(st.integers(0, 9).map(str), rows, max_size=10)


def tables(build):
    labels = [
        (i, label, split, is_excluded, 0, None, is_conflict)
        for i, (label, _, is_excluded, is_conflict, split) in build.items()
    ]
    columns = list(zip(*labels, strict=True)) or [()] * len(LABELS)
    predictions = {"example_id": list(build), "predicted": [row[1] for row in build.values()]}
    return (
        pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, LABELS, strict=True)], schema=LABELS
        ),
        pa.table(predictions, schema=pa.schema([(k, pa.string()) for k in predictions])),
    )


def is_counted(row):
    return bool(row[0]) and not row[2] and not row[3]


def expected_flip(was, now):
    """Say what became of an example, the plain way; None for nothing, or not to be compared."""
    was_trained = is_counted(was) and was[4] == "train"
    if not is_counted(now) or was_trained != (now[4] == "train"):
        return None
    was_right, is_right = was[1] == now[0], now[1] == now[0]
    if was_right != is_right:
        return "fixed" if is_right else "broken"
    return "relabelled" if is_counted(was) and (was[1] == was[0]) != is_right else None


@given(base=builds, new=builds)
def test_fixed_and_broken_are_judged_on_the_newer_labels_and_the_rest_is_the_label_s(base, new):
    table = flips(*tables(base), *tables(new))
    assert table.schema == FLIPS
    expected = {i: expected_flip(base[i], new[i]) for i in base.keys() & new.keys()}
    ids = table["example_id"].to_pylist()
    assert dict(zip(ids, table["flip"].to_pylist(), strict=True)) == {
        i: flip for i, flip in expected.items() if flip
    }
    assert ids == sorted(ids)


@given(base=builds, new=builds)
def test_on_the_same_labels_exchanging_the_builds_exchanges_fixed_and_broken(base, new):
    base = {i: (new[i][0], row[1], *new[i][2:]) for i, row in base.items() if i in new}
    there = flips(*tables(base), *tables(new))
    back = flips(*tables(new), *tables(base))
    other = {"fixed": "broken", "broken": "fixed"}
    assert [other[f] for f in there["flip"].to_pylist()] == back["flip"].to_pylist()
    assert there["predicted"].to_pylist() == back["base_predicted"].to_pylist()
    assert there["label"].to_pylist() == back["base_label"].to_pylist()


@given(build=builds)
def test_a_build_against_itself_has_no_flips(build):
    assert flips(*tables(build), *tables(build)).num_rows == 0
