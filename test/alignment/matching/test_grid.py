"""The cheapest way through a grid of costs."""

import itertools

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from ddff_perception.alignment.matching.grid import (
    accumulated,
    next_column,
    rows_by_column,
    shortest_path,
)


def graph_of(costs):
    """The grid as a graph: node (i, j) is i * m + j, an edge costs what its end costs."""
    n, m = costs.shape
    edges = [
        (i * m + j, (i + di) * m + j + dj, costs[i + di, j + dj])
        for i, j in itertools.product(range(n), range(m))
        for di, dj in ((0, 1), (1, 0), (1, 1))
        if i + di < n and j + dj < m
    ]
    starts, ends, weights = zip(*edges, strict=True)
    # SciPy before 1.12 finds paths by indices of 32 bits alone.
    places = tuple(np.asarray(ends_of, np.int32) for ends_of in (starts, ends))
    return coo_array((weights, places), shape=(n * m, n * m)).tocsr()


@pytest.mark.parametrize("shape", [(7, 9), (12, 5), (1, 6), (6, 1)])
def test_totals_are_those_of_dijkstra_with_the_cost_of_every_node_of_the_path(shape):
    """Erratum 5: the printed recurrence lacks + c(i, j)."""
    costs = np.random.default_rng(1).uniform(0.1, 1.0, shape).astype(np.float32)
    wanted = costs[0, 0] + dijkstra(graph_of(costs), indices=0).reshape(shape)
    np.testing.assert_allclose(accumulated(costs, start=0), wanted, rtol=1e-5)


def test_a_path_makes_the_three_moves_alone_and_costs_what_its_end_says():
    costs = np.random.default_rng(2).uniform(0.0, 1.0, (40, 30)).astype(np.float32)
    path = shortest_path(costs, start=3, end=25)
    assert path[0].tolist() == [3, 0] and path[-1].tolist() == [25, 29]
    moves = {tuple(step) for step in np.diff(path, axis=0).tolist()}
    assert moves <= {(0, 1), (1, 0), (1, 1)}
    total = costs[path[:, 0], path[:, 1]].sum()
    assert accumulated(costs, start=3)[25, -1] == pytest.approx(total, rel=1e-5)


def test_without_a_start_the_path_enters_and_leaves_where_it_is_cheapest():
    costs = np.ones((20, 15), np.float32)
    for column in range(15):
        costs[4 + column // 2, column] = 0.1
    path = shortest_path(costs)
    np.testing.assert_array_equal(path[:, 1], np.arange(15))
    np.testing.assert_array_equal(path[:, 0], 4 + np.arange(15) // 2)


def test_what_came_before_fades():
    before, costs = np.array([1.0, 4.0, 9.0]), np.array([1.0, 1.0, 1.0], np.float32)
    np.testing.assert_allclose(next_column(before, costs, fade=0.5), [1.5, 1.5, 2.5])


def test_a_column_with_several_nodes_has_the_row_in_their_middle():
    path = np.array([[0, 0], [1, 1], [2, 1], [3, 1], [3, 2]])
    found = rows_by_column(path, 4)
    np.testing.assert_array_equal(found, [0, 2, 3, np.nan])
