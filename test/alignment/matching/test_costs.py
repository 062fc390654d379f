"""Costs, and what is taken out of them."""

import numpy as np
from routes import DescribedRoute

from ddff_perception.alignment.matching.costs import (
    allowed_rank,
    common_structure,
    cost_matrix,
    decorrelated,
)


def test_costs_are_distances_of_unit_vectors():
    draw = np.random.default_rng(0)
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in draw.normal(size=(2, 9, 5)))
    wanted = np.linalg.norm(a[:, None] - b[None], axis=2)
    np.testing.assert_allclose(cost_matrix(a, b), wanted, atol=1e-6)
    assert cost_matrix(a, a).min() >= 0


def test_the_random_range_finder_finds_the_singular_vectors_of_the_whole_matrix():
    costs = cost_matrix(*(DescribedRoute(s).frames(np.arange(200.0)) for s in (1, 2)))
    exact = np.linalg.svd(costs)[0][:, :5]
    found = common_structure(costs, 5)
    np.testing.assert_allclose(np.abs(found[:, 0] @ exact[:, 0]), 1, atol=1e-4)
    kept = np.linalg.norm(found.T @ costs) / np.linalg.norm(exact.T @ costs)
    assert kept > 0.995
    np.testing.assert_array_equal(found, common_structure(costs, 5))


def test_rows_and_columns_that_are_cheap_everywhere_are_evened_out():
    """Section 4.3, step 1; the difference is shifted, since a shortest path takes no negative."""
    draw = np.random.default_rng(0)
    detail = draw.normal(size=(600, 600)).astype(np.float32) * 0.01
    bands = draw.uniform(0.2, 1.0, (600, 1)) * draw.uniform(0.2, 1.0, (1, 600))
    found = decorrelated((bands + detail).astype(np.float32), rank=5)
    assert found.min() == 0.0
    assert found.std() < 1.1 * detail.std() < 0.1 * bands.std()
    np.testing.assert_allclose(found.mean(axis=0).std(), 0.0, atol=0.002)


def test_of_a_short_video_less_is_taken_so_that_its_path_stays():
    assert [allowed_rank(5, (n, 6300)) for n in (50, 150, 450, 6300)] == [0, 1, 4, 5]
    route = DescribedRoute(3)
    costs = cost_matrix(route.frames(np.arange(90.0)), route.frames(np.arange(90.0), seed=1))
    found = decorrelated(costs, rank=5)
    assert np.argmin(found, axis=0).tolist() == np.argmin(costs, axis=0).tolist()
