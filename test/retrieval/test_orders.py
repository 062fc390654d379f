"""The orders of the bins, and the candidates that they bring."""

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.retrieval.quantizers.tree import ProductTree, Traversal
from ddff_perception.retrieval.search import orders
from ddff_perception.retrieval.search.bins import BinOrder, gather_candidates, propose_bins

VECTORS = descriptors(900).astype(np.float32)
QUERIES = descriptors(12, seed=5).astype(np.float32)


def all_bins(traversal, leaf_count, query):
    """Every bin of a query and its distance, by adding up everything."""
    leaves, distances = traversal.leaves[query], traversal.distances[query]
    bins, sums = leaves[0].astype(np.int64), distances[0]
    for part in range(1, len(leaves)):
        radix = leaf_count**part
        bins = (bins[:, None] + radix * leaves[part]).reshape(-1)
        sums = (sums[:, None] + distances[part]).reshape(-1)
    return bins, sums


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_exact_order_is_that_of_all_distances(parts):
    tree = ProductTree.fit(VECTORS, parts, 4, 2)
    traversal = tree.traverse(QUERIES, 4, 8)
    bins, found, counts = propose_bins(traversal, tree.leaf_count, BinOrder(orders.EXACT, 64))
    for query in range(len(QUERIES)):
        every, sums = all_bins(traversal, tree.leaf_count, query)
        count = counts[query]
        assert count == min(64, 8**parts)
        assert np.allclose(found[query, :count], np.sort(sums)[:count], rtol=1e-5)
        own = dict(zip(every, sums, strict=True))
        listed = [own[b] for b in bins[query, :count]]
        assert np.allclose(listed, found[query, :count], rtol=1e-5)


@pytest.mark.parametrize("name", [orders.ISOTROPIC, orders.ANISOTROPIC])
@pytest.mark.parametrize("parts", [2, 4])
def test_a_fixed_order_that_goes_to_the_end_meets_every_bin_once(name, parts):
    tree = ProductTree.fit(VECTORS, parts, 2, 2)
    traversal = tree.traverse(QUERIES, 2, 4)
    bins, _, counts = propose_bins(traversal, 4, BinOrder(name, 4**parts))
    for query in range(len(QUERIES)):
        assert sorted(bins[query, : counts[query]]) == list(range(4**parts))


def shared_with_exact(name, stretch):
    """How many of the 200 first bins are those of the exact order; the second half stretched."""
    random = np.random.default_rng(0)
    scale = np.repeat([1.0, stretch], 16)
    vectors = (random.normal(0, 10, (3000, 32)) * scale).astype(np.float32)
    tree = ProductTree.fit(vectors, 2, 8, 8)
    traversal = tree.traverse(vectors[:40], 8, 64)
    exact = propose_bins(traversal, 64, BinOrder(orders.EXACT, 200))[0]
    fixed = propose_bins(traversal, 64, BinOrder(name, 200))[0]
    assert np.array_equal(exact[:, 0], fixed[:, 0])
    return float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(exact, fixed, strict=True)]))


def test_fixed_orders_begin_with_the_nearest_bin_and_stay_near_the_exact_one():
    assert shared_with_exact(orders.ISOTROPIC, 1.0) > 130
    assert shared_with_exact(orders.ANISOTROPIC, 1.0) > 155


def test_the_anisotropic_order_is_nearer_where_one_part_grows_faster():
    isotropic = shared_with_exact(orders.ISOTROPIC, 1.2)
    assert shared_with_exact(orders.ANISOTROPIC, 1.2) > isotropic + 15


def test_sorting_again_gives_the_same_bins_by_distance():
    tree = ProductTree.fit(VECTORS, 2, 8, 8)
    traversal = tree.traverse(QUERIES, 8, 64)
    plain = propose_bins(traversal, 64, BinOrder(orders.ANISOTROPIC, 100))
    again = propose_bins(traversal, 64, BinOrder(orders.ANISOTROPIC, 100, resort=True))
    assert np.array_equal(np.sort(plain[0], axis=1), np.sort(again[0], axis=1))
    assert (np.diff(again[1], axis=1) >= 0).all()


def test_there_are_ten_anisotropic_orders_and_their_slopes_turn_to_the_flatter_part():
    table = orders.anisotropic(40, 200)
    assert table.shape == (10, 200, 2)
    reach = table.max(axis=1)
    assert reach[0, 1] > reach[0, 0] and reach[9, 1] < reach[9, 0]
    assert orders.isotropic(40, 200).shape == (1, 200, 2)


@pytest.mark.parametrize(("ratio", "power"), [(1.0, 0), (1.08**3, 3), (1.08**-4, -4), (9, 4)])
def test_the_slope_is_the_ratio_of_how_fast_both_parts_grow(ratio, power):
    grown = np.arange(64, dtype=np.float32)
    assert orders.slope_index(grown, (grown * ratio).astype(np.float32), 100) == power + 5


def test_lists_without_growth_take_the_middle_slope():
    flat = np.zeros(8, np.float32)
    assert orders.slope_index(flat, flat, 100) == 5
    assert orders.slope_index(flat[:1], flat, 100) == 5


def candidates(slots, leaf_count, bins, limit):
    """What lies in `bins` where one vector lies in each of the true bins, hashed into `slots`."""
    slot_of = np.arange(leaf_count**2) % slots
    offsets = np.concatenate([[0], np.cumsum(np.bincount(slot_of, minlength=slots))])
    held = np.argsort(slot_of, kind="stable")
    counts = np.full(len(bins), bins.shape[1])
    hashed = slots < leaf_count**2
    positions, filled = gather_candidates(bins, counts, offsets, hashed, limit)
    return [held[row[:n]] for row, n in zip(positions, filled, strict=True)]


def test_hashed_bins_bring_all_that_exact_ones_do_and_each_vector_once():
    bins = np.array([[3, 17, 5, 33, 62]])
    exact = candidates(64, 8, bins, 64)[0]
    assert exact.tolist() == [3, 17, 5, 33, 62]
    hashed = candidates(14, 8, bins, 64)[0]
    assert len(np.unique(hashed)) == len(hashed)
    assert set(exact) <= set(hashed)


def test_candidates_end_at_their_limit():
    assert candidates(64, 8, np.array([[1, 2, 3, 4]]), 3)[0].tolist() == [1, 2, 3]


def test_empty_bins_are_passed_over():
    offsets = np.array([0, 0, 2, 2, 3])
    traversal = Traversal(np.zeros((1, 1, 1), np.int32), np.zeros((1, 1, 1), np.float32))
    assert traversal.leaves.shape == (1, 1, 1)
    positions, filled = gather_candidates(
        np.array([[2, 3, 0, 1]]), np.array([4]), offsets, False, 8
    )
    assert positions[0, : filled[0]].tolist() == [2, 0, 1]
