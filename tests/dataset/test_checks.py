"""Checks: one conformance test over all that is registered, and what each finds."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.check_settings import SEVERITIES, CheckSettings
from ide.dataset.checks import CHECKS, CheckInput, run_checks
from ide.dataset.checks.registry import check, registering_in, skipped_checks
from ide.dataset.schema import ISSUES, LABELS, SPLITS
from tests.planted import media_table

CLASSES = ("a", "b")


def dataset(*rows, classes=CLASSES, **options) -> CheckInput:
    """Rows of (content, label, split[, is_excluded[, is_conflict]]); ids are their places."""
    full = [(*row, *(False, False)[len(row) - 3 :]) for row in rows]
    labels = [
        (f"{i:03d}", label, split, is_excluded, 0, None, is_conflict)
        for i, (_, label, split, is_excluded, is_conflict) in enumerate(full)
    ]
    columns = list(zip(*labels, strict=True)) or [()] * len(LABELS)
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, LABELS, strict=True)], schema=LABELS
    )
    return CheckInput(table, pa.array([r[0] for r in full], pa.string()), classes, **options)


def found(name, *rows, **options):
    table = run_checks(dataset(*rows, **options), [name])
    return list(zip(table["example_id"].to_pylist(), table["other_id"].to_pylist(), strict=True))


rows = st.lists(
    st.tuples(
        st.sampled_from("xyz"),
        st.sampled_from((None, "a", "b", "c")),
        st.sampled_from(SPLITS),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


@given(rows=rows, seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_every_check_keeps_its_promises(rows, seed):
    """One table for any rows in any order; ids that exist, scores of 0 … 1, something to say."""
    generator = np.random.default_rng(seed)
    given_ = replace(dataset(*rows), **everything(generator, rows))
    table = run_checks(given_)
    assert table.schema == ISSUES
    assert set(table["check"].to_pylist()) <= set(CHECKS)
    ids = {None, *given_.labels["example_id"].to_pylist()}
    for issue in table.to_pylist():
        assert issue["example_id"] in ids and issue["other_id"] in ids
        assert issue["example_id"] is None or issue["example_id"] != issue["other_id"]
        assert 0 <= issue["score"] <= 1
        assert issue["message"]
        assert issue["example_id"] or issue["subject"]
    assert len(set(table["issue_id"].to_pylist())) == len(table)
    assert run_checks(shuffled(given_, generator)) == table


def everything(generator, rows) -> dict:
    """Return all that a dataset may have, by chance."""
    n = len(rows)
    probs = generator.dirichlet(np.ones(len(CLASSES)), n)
    return {
        "media": media_table(
            n,
            problem=[None, "it is empty"] * (n // 2) + [None] * (n % 2),
            brightness=generator.random(n),
            width=generator.integers(1, 99, n),
            height=generator.integers(1, 99, n),
        ),
        "metadata": pa.table({"camera": generator.choice(["x", "y"], n)}),
        "settings": CheckSettings(source="camera"),
        "imported_in": generator.choice(["part-0", "part-1"], n).astype(object),
        "order": generator.permutation(n),
        "probs": probs,
        "predicted": probs.argmax(1),
        "is_out_of_sample": generator.random(n) < 0.5,
        "embeddings": generator.normal(size=(n, 3)),
        "raw_features": generator.normal(size=(n, 3)),
        "texts": pa.array(["some words"] * n, pa.string()),
    }


def shuffled(given_: CheckInput, generator) -> CheckInput:
    """Return the same dataset with its rows in another order."""
    order = generator.permutation(len(given_.labels))
    taken = {}
    for each in fields(given_):
        value = getattr(given_, each.name)
        if isinstance(value, np.ndarray):
            taken[each.name] = value[order]
        elif isinstance(value, pa.Table | pa.Array):
            taken[each.name] = value.take(pa.array(order, pa.int64()))
    return replace(given_, **taken)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_says_what_it_finds(name):
    assert CHECKS[name].severity in SEVERITIES
    assert CHECKS[name].summary.startswith("Find")


def test_all_checks_run_at_once_and_the_severest_stand_first():
    table = run_checks(dataset(("x", "a", "train"), ("x", "b", "test"), ("y", "q", "train")))
    severities = [SEVERITIES.index(s) for s in table["severity"].to_pylist()]
    assert severities == sorted(severities)
    assert {"conflicting_duplicates", "leaks", "unknown_classes", "small_classes"} <= set(
        table["check"].to_pylist()
    )


def test_exact_duplicates_point_to_the_first():
    same = ("x", "a", "train")
    assert found("exact_duplicates", same, ("y", "a", "train"), same, same) == [
        ("002", "000"),
        ("003", "000"),
    ]
    assert found("exact_duplicates", same, ("x", "b", "train"), ("x", "a", "test")) == []
    assert found("exact_duplicates", same, (*same, True)) == []


def test_duplicates_that_differ_in_label_conflict():
    rows = [("x", "a", "train"), ("x", None, "pool"), ("x", "b", "test"), ("x", "a", "test")]
    assert found("conflicting_duplicates", *rows) == [("002", "000")]


def test_a_leak_names_what_is_measured_and_what_gives_it_away():
    rows = [("x", "a", "test"), ("x", "a", "train"), ("y", "a", "validation"), ("y", "b", "test")]
    assert found("leaks", *rows, ("z", "a", "train"), ("z", None, "pool")) == [
        ("000", "001"),
        ("003", "002"),
    ]
    assert found("leaks", rows[0], (*rows[1], True)) == []


def test_small_classes_are_those_with_too_few_to_learn_or_none_to_measure():
    many = [(str(i), "a", "train") for i in range(3)]
    table = run_checks(
        dataset(*many, ("z", "a", "test"), settings=CheckSettings(min_class_size=3)),
        ["small_classes"],
    )
    assert table["message"].to_pylist() == [
        "class b has no training examples; fewer than 3 are hardly learnt",
        "class b has no test example, so nothing measures it there",
    ]
    assert table["score"].to_pylist() == [1.0, 0.5]


def test_unknown_classes_and_conflicts_are_named():
    assert found("unknown_classes", ("x", "q", "train"), ("y", "q", "train", True)) == [
        ("000", None)
    ]
    assert found("conflicts", ("x", "a", "train", False, True), ("y", "a", "train")) == [
        ("000", None)
    ]


def test_a_dataset_sets_severities_and_turns_checks_off():
    rows = [("x", "a", "train"), ("x", "b", "train"), ("y", "q", "train")]
    settings = CheckSettings(
        severity={
            "conflicting_duplicates": "note",
            "unknown_classes": "off",
            "small_classes": "off",
        }
    )
    table = run_checks(dataset(*rows, settings=settings))
    assert table["check"].to_pylist() == ["conflicting_duplicates"]
    assert table["severity"].to_pylist() == ["note"]


def test_a_check_that_lacks_what_it_needs_is_skipped_and_said_to_be():
    own: dict = {}
    with registering_in(own):

        @check("own", severity="note", needs=["probs"])
        def _own(_):
            """Fail, unless there is a build."""
            raise AssertionError

    assert "own" not in CHECKS
    given_ = dataset(("x", "a", "train"))
    assert run_checks(given_, checks=own).num_rows == 0
    assert skipped_checks(given_, own) == {"own": ["a build"]}


def test_a_payload_that_is_not_there_is_like_no_other():
    assert found("exact_duplicates", (None, "a", "train"), (None, "a", "train")) == []


def test_a_severity_or_a_need_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="needs must be of media"):
        check("nonsense", severity="note", needs=["luck"])
    with pytest.raises(ValueError, match="severity must be one of"):
        check("nonsense", severity="fatal")


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_ids_beyond_what_a_float_holds_stop_no_check(kind):
    """Many different ones, one throughout, and a column of which half is empty."""
    n, beyond = 120, 2**60 + 1 if kind == pa.int64() else 2**63 + 5
    given_ = dataset(*[(f"c{k}", "ab"[k % 2], SPLITS[k % 3]) for k in range(n)])
    metadata = {
        "many": [beyond + 977 * k for k in range(n)],
        "one": [beyond] * n,
        "half": [beyond + k if k % 2 else None for k in range(n)],
        "few": [beyond + k % 3 for k in range(n)],
    }
    table = pa.table({name: pa.array(values, kind) for name, values in metadata.items()})
    parts = np.array(["p1", "p2"] * (n // 2), object)
    table = run_checks(replace(given_, metadata=table, media=media_table(n), imported_in=parts))
    assert table.schema == ISSUES
