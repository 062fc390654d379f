"""Centres, the tree, line codes and 4-bit codes against what they are defined as."""

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.retrieval.quantizers import lines, tree
from ddff_perception.retrieval.quantizers.four_bit import FourBitQuantizer, packed, unpacked
from ddff_perception.retrieval.quantizers.kmeans import kmeans, nearest, spread, squared_distances
from ddff_perception.retrieval.quantizers.lines import LineQuantizer
from ddff_perception.retrieval.quantizers.product import ProductQuantizer, addressable_bins
from ddff_perception.retrieval.quantizers.tree import ProductTree
from ddff_perception.types import InputError

VECTORS = descriptors(600).astype(np.float32)


def test_kmeans_finds_separate_clusters_whatever_the_seed():
    places = np.array([[0, 0], [100, 0], [0, 100]], np.float32)
    vectors = np.repeat(places, 40, axis=0) + np.random.default_rng(1).normal(0, 1, (120, 2))
    for seed in range(5):
        centres = kmeans(vectors.astype(np.float32), 3, seed)
        _, distance = nearest(places, centres)
        assert distance.max() < 1


def test_kmeans_gives_the_same_centres_again():
    assert np.array_equal(kmeans(VECTORS, 16, 3), kmeans(VECTORS, 16, 3))


def test_no_centre_stays_without_vectors():
    vectors = np.repeat(np.eye(4, dtype=np.float32), 25, axis=0)
    centres = kmeans(vectors, 4, seed=2)
    assert sorted(nearest(centres, np.eye(4, dtype=np.float32))[0]) == [0, 1, 2, 3]


def test_fewer_vectors_than_centres_are_refused():
    with pytest.raises(InputError, match="3 vectors cannot be put into 4 clusters"):
        kmeans(VECTORS[:3], 4)


@pytest.mark.parametrize("count", [5, 10, 11, 19, 20, 25, 39, 1000])
def test_what_is_learned_from_is_spread_from_the_first_to_the_last(count):
    found = spread(np.arange(count), 10)
    assert len(found) == min(count, 10)
    gaps = np.diff([*found, count])
    assert found[0] == 0 and gaps.min() >= 1 and gaps.max() <= max(1, 2 * gaps.min())


def test_a_product_quantizer_takes_the_nearest_centre_of_each_part():
    quantizer = ProductQuantizer.fit(VECTORS, 4, 8)
    codes = quantizer.encode(VECTORS)
    for part, centres in enumerate(quantizer.centres):
        own = VECTORS[:, 8 * part : 8 * part + 8]
        distances = ((own[:, None] - centres) ** 2).sum(axis=2)
        assert np.array_equal(codes[:, part], distances.argmin(axis=1))
    assert quantizer.decode(codes).shape == VECTORS.shape


@pytest.mark.parametrize(
    ("k", "parts", "bins"), [(4, 8, 65536), (16, 2, 256), (32, 8, 1_099_511_627_776)]
)
def test_addressable_bins_are_those_of_the_papers_table(k, parts, bins):
    assert addressable_bins(k, parts) == bins


def test_the_bins_of_16_by_16_in_four_parts_are_four_billion():
    """Erratum 1: 256^4 is no 4 trillion."""
    assert addressable_bins(256, 4) == 4_294_967_296


def test_a_tree_searched_with_all_roots_finds_the_nearest_leaf():
    tree = ProductTree.fit(VECTORS, 2, 4, 4)
    found = tree.traverse(VECTORS, 4, 16)
    for part in range(2):
        own = VECTORS[:, 16 * part : 16 * part + 16]
        distances = ((own[:, None] - tree.leaves[part]) ** 2).sum(axis=2)
        assert np.array_equal(found.leaves[:, part, 0], distances.argmin(axis=1))
        assert np.allclose(found.distances[:, part], np.sort(distances, axis=1), rtol=1e-3, atol=1)


def test_a_narrow_traversal_stays_below_the_best_roots():
    tree = ProductTree.fit(VECTORS, 2, 4, 4)
    found = tree.traverse(VECTORS, 1, 99)
    assert found.leaves.shape == (600, 2, 4)
    for part in range(2):
        root = nearest(np.ascontiguousarray(np.split(VECTORS, 2, 1)[part]), tree.roots[part])[0]
        assert np.array_equal(found.leaves[:, part] // 4, np.repeat(root[:, None], 4, axis=1))
    assert np.isfinite(found.distances).all()


def test_a_bin_is_the_mixed_radix_number_of_its_leaves():
    tree = ProductTree.fit(VECTORS, 4, 4, 2)
    leaves = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [7, 7, 7, 7]], np.int32)
    assert tree.addresses_of(leaves).tolist() == [1, 8, 8**4 - 1]
    assert tree.addresses == 8**4


def test_a_tree_of_more_bins_than_can_be_counted_is_refused():
    leaves = np.zeros((8, 512, 1), np.float32)
    with pytest.raises(InputError, match="more bins"):
        ProductTree(leaves[:, :16], leaves)


def test_the_distance_to_a_line_is_that_to_its_decoded_point():
    """h^2 = b2 + lambda^2 c2 + lambda (a2 - b2 - c2) (digest 1.5)."""
    quantizer = LineQuantizer.of_roots(ProductTree.fit(VECTORS, 2, 8, 2).roots, 8)
    codes = quantizer.encode(VECTORS)
    points = quantizer.decode(codes)
    tables = quantizer.query_tables(VECTORS[:5])
    place = lines.LOW + lines.STEP * codes[:, ::2].astype(np.float32)
    for query, table in zip(VECTORS[:5], tables, strict=True):
        b2, slope, c2 = np.moveaxis(table[np.arange(8), codes[:, 1::2]], 2, 0)
        squares = b2 + place**2 * c2 + place * slope
        assert np.allclose(squares.sum(1), ((points - query) ** 2).sum(1), rtol=1e-3, atol=1)


def test_no_other_line_and_position_is_nearer_than_the_code():
    quantizer = LineQuantizer.of_roots(ProductTree.fit(VECTORS, 2, 4, 2).roots, 4)
    codes = quantizer.encode(VECTORS[:20])
    best = ((quantizer.decode(codes) - VECTORS[:20]) ** 2).reshape(20, 4, -1).sum(axis=2)
    every = np.zeros((20, 8), np.uint8)
    for pair in range(6):
        for position in range(256):
            every[:, ::2], every[:, 1::2] = position, pair
            other = ((quantizer.decode(every) - VECTORS[:20]) ** 2).reshape(20, 4, -1).sum(axis=2)
            assert (best <= other + 0.05).all()


def test_more_line_parts_leave_less_error():
    roots = ProductTree.fit(VECTORS, 2, 8, 2).roots
    errors = []
    for parts in (2, 4, 8, 16):
        quantizer = LineQuantizer.of_roots(roots, parts)
        points = quantizer.decode(quantizer.encode(VECTORS))
        errors.append(float(((points - VECTORS) ** 2).sum(axis=1).mean()))
    assert errors == sorted(errors, reverse=True)
    assert quantizer.encode(VECTORS).shape == (600, 32)


def test_line_codes_are_the_same_without_the_compiler(monkeypatch):
    quantizer = LineQuantizer.of_roots(ProductTree.fit(VECTORS, 2, 8, 2).roots, 8)
    compiled = quantizer.encode(VECTORS)
    monkeypatch.setattr(lines, "HAS_NUMBA", False)
    assert np.mean(compiled == quantizer.encode(VECTORS)) > 0.999


@pytest.mark.parametrize(("parts", "clusters"), [(3, 8), (8, 24)])
def test_line_parts_that_do_not_fit_are_refused(parts, clusters):
    with pytest.raises(InputError, match="line"):
        LineQuantizer.of_roots(np.zeros((2, clusters, 16), np.float32), parts)


def test_centres_of_one_place_have_no_line_and_still_a_code():
    quantizer = LineQuantizer.of_roots(np.ones((2, 4, 16), np.float32), 4)
    assert np.array_equal(quantizer.decode(quantizer.encode(VECTORS[:3])), np.ones((3, 32)))


def test_four_bit_codes_hold_two_numbers_a_byte():
    quantizer = FourBitQuantizer.fit(VECTORS, 8)
    numbers = ProductQuantizer(quantizer.centres).encode(VECTORS)
    codes = quantizer.encode(VECTORS)
    assert np.array_equal(codes & 15, numbers[:, ::2])
    assert np.array_equal(codes >> 4, numbers[:, 1::2])
    assert np.array_equal(
        quantizer.decode(codes), ProductQuantizer(quantizer.centres).decode(numbers)
    )


@pytest.mark.parametrize("count", [0, 1, 32, 45])
def test_blocks_give_back_what_was_packed(count):
    codes = FourBitQuantizer.fit(VECTORS, 8).encode(VECTORS[:count])
    blocks = packed(codes)
    assert blocks.shape == (-(-count // 32), 4, 32)
    assert np.array_equal(unpacked(blocks, count), codes)


def test_a_search_leaves_the_other_cores_asleep(monkeypatch):
    sizes = []

    def watched(vectors, centres):
        sizes.append(len(vectors) * centres.size)
        return squared_distances(vectors, centres)

    vectors = np.random.default_rng(0).normal(size=(600, 64)).astype(np.float32)
    made = ProductTree.fit(vectors, 2, 4, 32)
    whole = made.traverse(vectors[:1], 4, 128), made.traverse(vectors[599:], 4, 128)
    monkeypatch.setattr(tree, "squared_distances", watched)
    found = made.traverse(vectors, 4, 128)
    # OpenBLAS wakes its threads for more multiplications than these.
    assert max(sizes) <= 2**18 and len(sizes) > 2
    for one, row in zip(whole, (0, 599), strict=True):
        np.testing.assert_array_equal(one.leaves[0], found.leaves[row])
