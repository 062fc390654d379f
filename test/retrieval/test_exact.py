"""The ground truth, and lists of neighbours that are put together."""

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.retrieval.search.exact import brute_force, first_k, insert, merge

VECTORS = descriptors(300)
QUERIES = descriptors(7, seed=1)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("dimensions", [32, 784])
def test_all_distances_are_compared_exactly(kind, dimensions):
    # Bright, as pages of MNIST inverted: sums of squares that float32 cannot count.
    vectors, queries = (255 - descriptors(n, dimensions, n) // 4 for n in (300, 7))
    every = ((queries[:, None].astype(np.int64) - vectors) ** 2).sum(axis=2)
    distances, ids = brute_force(vectors.astype(kind), queries.astype(kind), 5)
    assert np.array_equal(distances, np.sort(every, axis=1)[:, :5])
    assert np.array_equal(distances, np.take_along_axis(every, ids, 1))


def test_vectors_far_from_zero_are_compared_exactly():
    random = np.random.default_rng(0)
    vectors, queries = (random.normal(1000, 1, (n, 128)).astype(np.float32) for n in (2000, 5))
    every = ((queries[:, None].astype(np.float64) - vectors) ** 2).sum(axis=2)
    distances, ids = brute_force(vectors, queries, 10)
    assert np.array_equal(ids, np.argsort(every, axis=1)[:, :10])
    assert np.allclose(distances, np.sort(every, axis=1)[:, :10], rtol=1e-6)


def test_fewer_than_k_are_filled_up():
    distances, ids = brute_force(VECTORS[:2], QUERIES, 4)
    assert (ids[:, 2:] == -1).all() and np.isinf(distances[:, 2:]).all()
    assert (np.sort(ids[:, :2], axis=1) == [0, 1]).all()


def test_equal_distances_are_in_the_order_of_their_ids():
    distances, ids = first_k(np.array([[2.0, 1, 1, 1]]), np.array([[5, 9, 3, -1]]), 4)
    assert ids.tolist() == [[3, 9, 5, -1]] and distances.tolist() == [[1, 1, 2, np.inf]]


def test_a_list_is_the_same_in_whatever_order_its_pairs_arrive():
    random = np.random.default_rng(0)
    values, names = random.integers(0, 6, 40).astype(np.float32), np.arange(40)
    expected = first_k(values[None], names[None], 8)
    for _ in range(5):
        order = random.permutation(40)
        distances, ids = np.full(8, np.inf, np.float32), np.full(8, -1)
        count = 0
        for n in order:
            count = insert(distances, ids, count, values[n], names[n])
        assert count == 8
        assert np.array_equal(distances, expected[0][0]) and np.array_equal(ids, expected[1][0])


def test_merged_searches_are_one_search_and_an_id_counts_once():
    whole = brute_force(VECTORS, QUERIES, 6)
    first = brute_force(VECTORS[:200], QUERIES, 6)
    second = brute_force(VECTORS[150:], QUERIES, 6)
    second = (second[0], second[1] + 150)
    merged = merge([first, second], 6)
    assert np.array_equal(merged[0], whole[0]) and np.array_equal(merged[1], whole[1])
