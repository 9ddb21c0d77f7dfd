"""Near duplicates, near leaks, near conflicts and outliers: what is found, and what is not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.checks import CheckInput, run_checks
from ide.dataset.checks.near_groups import chance_ratio, group_pairs, near_pairs
from ide.dataset.neighbors import nearest
from ide.dataset.schema import LABELS

NEAR = ("near_duplicates", "near_conflicts", "near_leaks")
ALL = (*NEAR, "outliers")


def features(n=300, seed=0, n_dimensions=8):
    """Points as a network might place them: two clusters of few real dimensions in 20."""
    generator = np.random.default_rng(seed)
    axes = generator.normal(size=(n_dimensions, 20))
    centres = 3 * generator.normal(size=(2, 20))
    return centres[np.arange(n) % 2] + generator.normal(size=(n, n_dimensions)) @ axes


def dataset(points, *, labels=None, splits=None, contents=None, is_excluded=(), **options):
    n = len(points)
    labels = labels or ["a"] * n
    splits = splits or ["train"] * n
    contents = contents or [str(i) for i in range(n)]
    rows = [(f"{i:04d}", labels[i], splits[i], i in is_excluded, 0, None, False) for i in range(n)]
    columns = zip(*rows, strict=True)
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, LABELS, strict=True)], schema=LABELS
    )
    hashes = pa.array(contents, pa.string())
    points = np.asarray(points, np.float32)
    return CheckInput(table, hashes, ("a", "b"), raw_features=points, **options)


def nearly(point, seed=0, by=0.02):
    return point + by * np.random.default_rng(seed).normal(size=point.shape)


def issues(given_, *names):
    return run_checks(given_, names).to_pylist()


def found(given_, name):
    return [(i["example_id"], i["other_id"]) for i in issues(given_, name)]


@pytest.mark.parametrize("n_dimensions", [3, 8, 20])
def test_hardly_anything_is_near_by_chance(n_dimensions):
    given_ = [dataset(features(seed=seed, n_dimensions=n_dimensions)) for seed in range(6)]
    assert sum(len(issues(each, *NEAR)) for each in given_) <= 4


def test_planted_near_duplicates_are_found_as_groups():
    points = np.concatenate([features(), [nearly(p, i) for i, p in enumerate(features()[:40])]])
    given_ = dataset([*points, nearly(points[3], 99)])
    rows = issues(given_, "near_duplicates")
    assert {i["example_id"] for i in rows} == {f"{i:04d}" for i in range(300, 341)}
    assert all(int(i["example_id"]) - int(i["other_id"]) in (300, 337) for i in rows)
    assert {i["group_id"] for i in rows} == {f"{i:04d}" for i in range(40)}
    assert all(0.99 < i["score"] <= 1 for i in rows)


def test_a_group_of_more_copies_than_neighbours_is_found():
    points = features()
    copies = [nearly(points[0], seed) for seed in range(30)]
    rows = issues(dataset([*points, *copies]), "near_duplicates")
    assert {i["example_id"] for i in rows} >= {f"{i:04d}" for i in range(301, 330)}


def test_labels_and_splits_say_which_check_tells_of_a_pair():
    points = features()
    twice = [*points, *(nearly(p, i) for i, p in enumerate(points[:4]))]
    labels = ["a"] * 300 + ["a", "b", "a", "b"]
    splits = ["train"] * 300 + ["train", "train", "test", "test"]
    given_ = dataset(twice, labels=labels, splits=splits)
    assert found(given_, "near_duplicates") == [("0300", "0000")]
    assert found(given_, "near_conflicts") == [("0301", "0001"), ("0303", "0003")]
    assert sorted(found(given_, "near_leaks")) == [("0302", "0002"), ("0303", "0003")]


def test_equal_content_is_left_to_the_checks_of_equal_content():
    points = features()
    twice = [*points, points[0], points[1], nearly(points[1])]
    contents = [*(str(i) for i in range(300)), "0", "1", "new"]
    given_ = dataset(twice, contents=contents, splits=["train"] * 300 + ["test", "train", "train"])
    assert issues(given_, *NEAR) == [
        i for i in issues(given_, "near_duplicates") if i["example_id"] == "0302"
    ]
    assert found(given_, "near_duplicates") == [("0302", "0001")]


def test_the_excluded_are_nobodys_duplicates():
    points = features()
    given_ = dataset([*points, nearly(points[0])], is_excluded={0})
    assert issues(given_, *NEAR) == []


def test_a_chain_of_look_alikes_is_not_one_group():
    chain = np.array([(i, i + 1) for i in range(20)])
    groups = group_pairs(chain, np.full(20, 0.95), same=0.999)
    assert sorted(np.concatenate(groups).tolist()) == list(range(21))
    assert max(len(group) for group in groups) <= 5
    clique = np.array([(i, j) for i in range(6) for j in range(i)])[:, ::-1]
    assert [g.tolist() for g in group_pairs(clique, np.full(15, 0.95), same=0.999)] == [[*range(6)]]
    assert len(group_pairs(chain, np.ones(20), same=0.999)) == 1


@given(
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25),
    seed=st.integers(0, 99),
)
def test_groups_part_the_rows_of_all_pairs(pairs, seed):
    ends = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    values = np.random.default_rng(seed).uniform(0.9, 1, len(ends))
    groups = group_pairs(np.array(ends, np.int64).reshape(-1, 2), values, same=0.98)
    rows = [row for group in groups for row in group.tolist()]
    assert sorted(rows) == sorted({row for pair in ends for row in pair})
    assert all(len(group) > 1 and (np.diff(group) > 0).all() for group in groups)


def test_the_ratio_admits_half_a_pair_by_chance():
    """Uniform points have about half a pair below it, whatever their dimension."""
    for n_dimensions in (2, 5, 10):
        n_pairs = 0
        for seed in range(8):
            points = np.random.default_rng(seed).normal(size=(600, n_dimensions + 1))
            similarities = nearest(points, 10)[1]
            distances = np.sqrt(2 - 2 * similarities.astype(float)).clip(0)
            assert 0 < chance_ratio(distances) < 0.6
            n_pairs += len(near_pairs(*nearest(points, 10), floor=-1)[0])
        assert n_pairs <= 9


def test_what_is_like_no_other_is_an_outlier_and_little_else():
    generator = np.random.default_rng(1)
    points = np.concatenate([features(600), 4 * generator.normal(size=(5, 20))])
    usual, strange = features(605, seed=2), {f"{i:04d}" for i in range(600, 605)}
    for look, options in (
        ("in its content", {"raw": points, "embeddings": usual}),
        ("in the network's features", {"raw": usual, "embeddings": points}),
    ):
        given_ = dataset(options["raw"], embeddings=options["embeddings"])
        rows = [i for i in issues(given_, "outliers") if look in i["message"]]
        assert {i["example_id"] for i in rows[:5]} == strange and len(rows) <= 7
    found_ = {
        i["example_id"] for i in issues(dataset(points, is_excluded={*range(600, 605)}), "outliers")
    }
    assert not found_ & strange


def test_where_nothing_can_be_read_nothing_is_said():
    points = np.concatenate([features(), np.zeros((5, 20))])
    assert issues(dataset(points), *ALL) == []
    assert issues(dataset(np.zeros((80, 20))), *ALL) == []
    assert issues(dataset(features(8)), *ALL) == []


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=15)
@given(seed=st.integers(0, 999))
def test_the_order_of_the_rows_changes_nothing(name, seed):
    generator = np.random.default_rng(seed)
    points = features(70, seed)
    points = np.concatenate(
        [points, points[:9] + 0.02 * generator.normal(size=(9, 20)), [-points[0]]]
    )
    given_ = dataset(
        points,
        labels=generator.choice(["a", "b"], 80).tolist(),
        splits=generator.choice(["train", "validation", "test", "pool"], 80).tolist(),
        is_excluded=set(generator.choice(80, 5).tolist()),
    )
    order = generator.permutation(80)
    shuffled = CheckInput(
        given_.labels.take(pa.array(order)),
        given_.content_hashes.take(pa.array(order)),
        given_.classes,
        raw_features=given_.raw_features[order],
    )
    assert run_checks(given_, [name]) == run_checks(shuffled, [name])
