"""An index: what it finds, what it keeps, and what it refuses."""

import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from descriptors import descriptors, nearest, share_found

from ddff_perception.retrieval import searching
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.search import exact, four_bit, lines
from ddff_perception.retrieval.search.exact import brute_force
from ddff_perception.retrieval.searching import STAGES, Clock, candidates_of
from ddff_perception.retrieval.settings import FOUR_BIT, LINES, IndexSettings, SearchSettings
from ddff_perception.types import InputError

SMALL = {"clusters": 4, "children": 4, "line_parts": 8}
VECTORS = descriptors(2000)
QUERIES = descriptors(40, seed=7)
TRUTH = nearest(VECTORS, QUERIES, 10)
ALL = SearchSettings(candidates=4096, width=4)


def index_of(codes, vectors=VECTORS, **settings):
    index = TreeIndex(IndexSettings(codes=codes, **SMALL | settings)).fit(vectors)
    index.add(vectors)
    return index


MADE = {
    "four_bit": {"codes": FOUR_BIT},
    "lines": {"codes": LINES},
    "lines in four parts, hashed": {"codes": LINES, "parts": 4, "slots": 5000},
}


@cache
def made(name):
    """The index of that name; nothing changes it."""
    return index_of(**MADE[name])


@pytest.fixture(params=MADE)
def index(request):
    return made(request.param)


def test_brute_force_is_reached_where_all_is_compared(index):
    everything = SearchSettings(candidates=4096, rerank=2000, width=4, bins=4096)
    distances, ids = index.search(QUERIES, 10, everything)
    if index is made("lines in four parts, hashed"):
        assert share_found(ids, TRUTH) > 0.98  # 4096 of its 65536 bins
        return
    truth, _ = brute_force(VECTORS, QUERIES, 10)
    assert np.array_equal(distances, truth)
    assert ids.dtype == np.int64 and distances.dtype == np.float32


def test_few_candidates_find_most_and_more_find_more(index):
    recalls = [
        share_found(index.search(QUERIES, 10, SearchSettings(candidates=count))[1], TRUTH)
        for count in (64, 256, 2000)
    ]
    assert recalls == sorted(recalls)
    assert recalls[-1] > 0.9


def test_distances_come_in_order_and_are_those_of_the_vectors(index):
    distances, ids = index.search(QUERIES, 10)
    assert (np.diff(distances, axis=1) >= 0).all()
    difference = VECTORS[ids].astype(float) - QUERIES[:, None]
    assert np.array_equal(distances, (difference**2).sum(axis=2))


@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_codes_alone_rank_about_right(codes):
    index = index_of(codes, keep_vectors=False, line_parts=16)
    distances, ids = index.search(QUERIES, 100, ALL)
    first = [truth in found for truth, found in zip(TRUTH[:, 0], ids, strict=True)]
    assert np.mean(first) > 0.9
    assert len(index.store.vectors) == 0
    true = ((VECTORS[ids].astype(float) - QUERIES[:, None]) ** 2).sum(axis=2)
    assert np.corrcoef(true.ravel(), distances.ravel())[0, 1] > 0.8


def test_numpy_finds_what_the_compiled_loops_find(index, monkeypatch):
    compiled = index.search(QUERIES, 10)
    for module in (exact, four_bit, lines, searching):
        monkeypatch.setattr(module, "HAS_NUMBA", False)
    plain = index.search(QUERIES, 10)
    assert np.array_equal(compiled[1], plain[1])
    assert np.array_equal(compiled[0], plain[0])


def test_the_answer_is_the_same_again_and_on_any_number_of_threads(index):
    many = np.concatenate([QUERIES] * 8)
    once = index.search(many, 10, SearchSettings(threads=1))
    for threads in (1, 2, 3):
        again = index.search(many, 10, SearchSettings(threads=threads))
        assert np.array_equal(once[0], again[0]) and np.array_equal(once[1], again[1])


@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_two_indices_made_alike_answer_alike(codes):
    first, second = index_of(codes), index_of(codes)
    assert np.array_equal(first.store.codes, second.store.codes)
    assert np.array_equal(first.search(QUERIES, 10)[1], second.search(QUERIES, 10)[1])


@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_added_in_parts_is_added_at_once(codes):
    index = TreeIndex(IndexSettings(codes=codes, **SMALL)).fit(VECTORS)
    for part in np.split(VECTORS, 5):
        index.add(part)
    whole = index_of(codes)
    assert np.array_equal(index.store.codes, whole.store.codes)
    assert np.array_equal(index.store.ids, whole.store.ids)
    assert np.array_equal(index.store.vectors, whole.store.vectors)


@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_what_is_removed_is_not_found_and_can_come_back(codes):
    index = index_of(codes)
    before = index.search(QUERIES, 10, ALL)
    assert index.remove(np.arange(0, 2000, 2)) == 1000 and len(index) == 1000
    _, ids = index.search(QUERIES, 10, ALL)
    assert (ids % 2 == 1).all()
    odd = brute_force(VECTORS[1::2], QUERIES, 10)[1] * 2 + 1
    assert share_found(ids, odd) > 0.95
    assert index.remove(np.array([0, 2, 99999])) == 0
    index.add(VECTORS[::2], np.arange(0, 2000, 2))
    assert np.array_equal(index.search(QUERIES, 10, ALL)[1], before[1])


def test_ids_of_ones_own_are_given_back():
    index = TreeIndex(IndexSettings(**SMALL)).fit(VECTORS)
    large = np.arange(2000) + 2**33
    assert np.array_equal(index.add(VECTORS, large), large)
    assert index.store.ids.dtype == np.int64
    assert np.array_equal(
        index.search(QUERIES, 10)[1], made("four_bit").search(QUERIES, 10)[1] + 2**33
    )


def test_ids_count_on_where_none_are_given():
    index = TreeIndex(IndexSettings(**SMALL)).fit(VECTORS)
    assert index.add(VECTORS[:3]).tolist() == [0, 1, 2]
    index.add(VECTORS[3:4], np.array([10]))
    assert index.add(VECTORS[4:6]).tolist() == [11, 12]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([1], "2 whole numbers"),
        ([1.5, 2.0], "2 whole numbers"),
        ([-1, 2], "not be negative"),
        ([7, 7], "must differ"),
        ([5, 7], "id 5 is in the index already"),
    ],
)
def test_ids_that_cannot_be_are_refused(ids, words):
    index = TreeIndex(IndexSettings(**SMALL)).fit(VECTORS)
    index.add(VECTORS[:6])
    with pytest.raises(InputError, match=words):
        index.add(VECTORS[6:8], np.array(ids))
    assert len(index) == 6


@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_fewer_vectors_than_asked_for_leave_places_empty(codes):
    index = TreeIndex(IndexSettings(codes=codes, **SMALL)).fit(VECTORS)
    for count in (0, 3):
        index.add(VECTORS[:count])
        distances, ids = index.search(QUERIES, 5)
        assert (ids[:, :count] >= 0).all() and (ids[:, count:] == -1).all()
        assert np.isinf(distances[:, count:]).all()


def test_no_queries_are_answered_by_nothing():
    distances, ids = made("four_bit").search(QUERIES[:0], 5)
    assert distances.shape == ids.shape == (0, 5)


@pytest.mark.parametrize("dimensions", [30, 100])
@pytest.mark.parametrize("codes", [FOUR_BIT, LINES])
def test_any_number_of_dimensions_is_padded_and_distances_stay(codes, dimensions):
    vectors, queries = descriptors(500, dimensions), descriptors(9, dimensions, seed=4)
    index = index_of(codes, vectors)
    settings = SearchSettings(candidates=4096, rerank=500, width=4)
    assert np.array_equal(
        index.search(queries, 5, settings)[0], brute_force(vectors, queries, 5)[0]
    )


def test_floats_are_kept_as_floats():
    vectors = np.random.default_rng(0).normal(size=(500, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = index_of(FOUR_BIT, vectors)
    assert index.store.vectors.dtype == np.float32
    distances, ids = index.search(vectors[:20], 1)
    assert np.array_equal(ids[:, 0], np.arange(20)) and (distances == 0).all()


def test_whole_numbers_as_floats_are_the_same_queries():
    index = made("four_bit")
    for kind in (np.float32, np.float64, np.int64):
        assert np.array_equal(
            index.search(QUERIES.astype(kind), 10)[0], index.search(QUERIES, 10)[0]
        )
    between = QUERIES + 0.25
    distances, ids = index.search(between, 10)
    true = ((VECTORS[ids].astype(float) - between[:, None]) ** 2).sum(axis=2)
    assert np.allclose(distances, true)


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        (np.zeros((2, 31)), "vectors of 32 dimensions, these have 31"),
        (np.zeros(32), "n x dimensions"),
        (np.full((3, 32), np.nan), "vector 0 holds NaN"),
        (np.full((3, 32), np.inf), "NaN or infinity"),
        (np.zeros((2, 32), complex), "must be numbers"),
        (np.full((2, 32), "a"), "must be numbers"),
    ],
)
def test_what_is_no_vector_is_refused(queries, words):
    with pytest.raises(InputError, match=words):
        made("four_bit").search(queries)
    with pytest.raises(InputError, match=words):
        made("lines").add(queries)


@pytest.mark.parametrize("vectors", [VECTORS + 0.5, VECTORS.astype(int) * 2 - 200])
def test_an_index_of_bytes_takes_no_others(vectors):
    index = index_of(FOUR_BIT)
    with pytest.raises(InputError, match="whole numbers of 0 to 255"):
        index.add(vectors)


def test_nothing_works_before_it_is_fitted():
    index = TreeIndex()
    for call in (index.add, index.search, index.remove):
        with pytest.raises(InputError, match="call fit first"):
            call(QUERIES)
    assert len(index) == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"parts": 3}, "parts must be 1, 2, 4 or 8"),
        ({"parts": 4}, "four_bit codes want parts=2"),
        ({"codes": "lines", "clusters": 30}, "2 to 23 clusters"),
        ({"codes": "lines", "line_parts": 5}, "multiple of parts"),
        ({"clusters": 200, "children": 1}, "100 vectors cannot be put into 200 clusters"),
        ({"codes": "pq"}, "codes must be one of four_bit, lines"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        TreeIndex(IndexSettings(**settings)).fit(VECTORS[:100])


def test_k_must_be_positive():
    with pytest.raises(InputError, match="k must be at least 1"):
        made("four_bit").search(QUERIES, 0)


def test_a_clock_is_told_of_every_stage():
    for name, stages in (("four_bit", {*STAGES} - {"candidates"}), ("lines", {*STAGES})):
        clock = Clock()
        made(name).search(QUERIES, 10, clock=clock)
        assert set(clock.seconds) == stages
        assert all(seconds > 0 for seconds in clock.seconds.values())


def test_candidates_come_each_once_and_the_near_ones_first(index):
    found = candidates_of(index, QUERIES, SearchSettings(candidates=512))
    for row in found:
        known = row[row >= 0]
        assert len(np.unique(known)) == len(known) <= 512
    first = share_found(found[:, :256], TRUTH)
    assert share_found(found, TRUTH) >= first > 0.3


def test_exact_and_fixed_order_find_the_same_where_all_bins_are_visited():
    index = made("lines")
    found = [
        index.search(QUERIES, 10, SearchSettings(order=order, width=4, bins=256, resort=resort))
        for order in ("exact", "isotropic", "anisotropic")
        for resort in (False, True)
    ]
    for other in found[1:]:
        assert np.array_equal(found[0][1], other[1])


def test_equal_vectors_are_named_in_the_order_of_their_ids():
    vectors = np.repeat(VECTORS[:50], 4, axis=0)
    index = index_of(FOUR_BIT, vectors)
    distances, ids = index.search(vectors[:8:4], 4)
    assert (distances == 0).all()
    assert ids.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_without_numba_the_whole_package_finds_the_same(tmp_path):
    """In a process that has none: learning and searching run as Python and numpy do."""
    made("four_bit").save(tmp_path / "a.ddff")
    np.save(tmp_path / "found.npy", made("four_bit").search(QUERIES[:8], 10)[1])
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np; from pathlib import Path; from descriptors import descriptors\n"
        "from ddff_perception.retrieval.index import TreeIndex\n"
        "from ddff_perception.retrieval.search import shuffle\n"
        "assert shuffle.shuffle_of_this_machine() == ''\n"
        f"index = TreeIndex.load(Path({str(tmp_path / 'a.ddff')!r}))\n"
        f"found = np.load({str(tmp_path / 'found.npy')!r})\n"
        "assert np.array_equal(index.search(descriptors(40, seed=7)[:8], 10)[1], found)\n"
        "index.add(descriptors(40, seed=7))\n"
        "assert (index.search(descriptors(40, seed=7)[:8], 1)[0] == 0).all()\n"
    )
    path = os.pathsep.join(sys.path)
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
