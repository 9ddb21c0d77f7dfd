"""Nearest neighbours are those that brute force finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset import neighbors
from ide.dataset.neighbors import N_PROBES, nearest, nearest_to, votes


def brute_force(embeddings, k, is_candidate):
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for row, unit in enumerate(units):
        others = [j for j in np.flatnonzero(is_candidate) if j != row]
        yield sorted(others, key=lambda j: -float(unit @ units[j]))[:k]


@given(
    seed=st.integers(0, 1000), n=st.integers(2, 60), k=st.integers(1, 12), chunk=st.integers(1, 999)
)
def test_neighbours_equal_brute_force(seed, n, k, chunk):
    generator = np.random.default_rng(seed)
    embeddings = generator.normal(size=(n, 5))
    is_candidate = generator.random(n) < 0.7
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbors, "CHUNK_VALUES", chunk)
        found, similarity = nearest(embeddings, k, is_candidate=is_candidate)
    for row, expected in enumerate(brute_force(embeddings, k, is_candidate)):
        assert [i for i in found[row] if i >= 0] == expected
        assert np.isnan(similarity[row, len(expected) :]).all()
        assert (np.diff(similarity[row, : len(expected)]) <= 0).all()


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), n=st.integers(1, 40), k=st.integers(1, 12))
def test_neighbours_of_some_are_those_they_have_among_all(seed, n, k):
    generator = np.random.default_rng(seed)
    embeddings = generator.normal(size=(n, 5))
    is_candidate = generator.random(n) < 0.7
    rows = generator.permutation(n)[: n // 2]
    found = nearest_to(embeddings, rows, k, is_candidate=is_candidate)
    every = nearest(embeddings, k, is_candidate=is_candidate)
    assert np.array_equal(found[0], every[0][rows])
    assert np.array_equal(found[1], every[1][rows], equal_nan=True)


def test_the_length_of_a_vector_does_not_matter():
    embeddings = np.random.default_rng(0).normal(size=(50, 6))
    scaled = embeddings * np.linspace(0.1, 9, 50)[:, None]
    assert np.array_equal(nearest(embeddings, 5)[0], nearest(scaled, 5)[0])


def test_duplicates_and_empty_features_are_no_neighbours_of_themselves():
    embeddings = np.zeros((4, 3), np.float16)
    embeddings[2:] = 1
    found, similarity = nearest(embeddings, 3)
    assert all(row not in found[row] for row in range(4))
    assert similarity[2, 0] == pytest.approx(1)
    assert (similarity[0] == 0).all()


def test_equal_features_are_equally_similar_and_ordered_by_index():
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(40, 7)).repeat(6, 0)[generator.permutation(240)]
    found, similarity = nearest(embeddings, 12)
    assert all(
        len(np.unique(row[:5])) == 1 and len(np.unique(row[5:11])) == 1 for row in similarity
    )
    assert (np.diff(found[:, :5]) > 0).all() and (np.diff(found[:, 5:11]) > 0).all()


def clustered(n):
    generator = np.random.default_rng(1)
    centres = generator.normal(size=(40, 24))
    return centres[generator.integers(40, size=n)] + 0.4 * generator.normal(size=(n, 24))


def test_the_index_finds_what_comparing_all_finds(monkeypatch):
    embeddings = clustered(2_000)
    is_candidate = np.arange(2_000) % 5 > 0
    exact, _ = nearest(embeddings, 10, is_candidate=is_candidate)
    monkeypatch.setattr(neighbors, "EXACT_UP_TO", 100)
    found, similarity = nearest(embeddings, 10, is_candidate=is_candidate)
    assert np.mean([np.isin(f, e).mean() for f, e in zip(found, exact, strict=True)]) > 0.97
    assert is_candidate[found].all() and (np.diff(similarity) <= 0).all()
    again, _ = nearest(embeddings, 10, is_candidate=is_candidate)
    assert again.tobytes() == found.tobytes()


def test_the_index_finds_k_neighbours_where_its_lists_hold_fewer(monkeypatch):
    monkeypatch.setattr(neighbors, "EXACT_UP_TO", N_PROBES)
    found, _ = nearest(clustered(40), 30)
    assert (found >= 0).all()
    assert all(len({*row}) == 30 for row in found.tolist())


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_has_neighbours_where_there_is_nobody_else(n):
    found, _ = nearest(np.ones((n, 3)), 10)
    assert found.shape == (n, 10) and (found == -1).all()


@given(seed=st.integers(0, 1000))
def test_votes_count_the_neighbours_labels(seed):
    generator = np.random.default_rng(seed)
    labels = generator.integers(-1, 3, 9)
    found = generator.integers(-1, 9, (7, 4))
    counts = votes(found, labels, 3)
    for row in range(7):
        theirs = [labels[j] for j in found[row] if j >= 0]
        assert counts[row].tolist() == [theirs.count(k) for k in range(3)]
