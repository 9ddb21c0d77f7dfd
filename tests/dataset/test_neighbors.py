"""Nearest neighbours are those that brute force finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset import neighbors
from ide.dataset.neighbors import nearest, votes


def brute_force(embeddings, k, is_candidate):
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for row, unit in enumerate(units):
        others = [j for j in np.flatnonzero(is_candidate) if j != row]
        yield sorted(others, key=lambda j: -float(unit @ units[j]))[:k]


@given(
    seed=st.integers(0, 1000), n=st.integers(2, 60), k=st.integers(1, 12), chunk=st.integers(1, 64)
)
def test_neighbours_equal_brute_force(seed, n, k, chunk):
    generator = np.random.default_rng(seed)
    embeddings = generator.normal(size=(n, 5))
    is_candidate = generator.random(n) < 0.7
    before, neighbors.CHUNK = neighbors.CHUNK, chunk
    try:
        found, similarity = nearest(embeddings, k, is_candidate=is_candidate)
    finally:
        neighbors.CHUNK = before
    for row, expected in enumerate(brute_force(embeddings, k, is_candidate)):
        assert [i for i in found[row] if i >= 0] == expected
        assert np.isnan(similarity[row, len(expected) :]).all()
        assert (np.diff(similarity[row, : len(expected)]) <= 0).all()


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
