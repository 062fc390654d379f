"""Several indices that are searched as one: permuted coordinates, and shards on a cluster."""

import importlib.util

import numpy as np
import pytest
from descriptors import descriptors, nearest, share_found

from ddff_perception.retrieval.building import build_file
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.permuted import PermutedIndex, expected_recall
from ddff_perception.retrieval.search.exact import brute_force
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings
from ddff_perception.retrieval.sharded import Shard, numbered, search_shards
from ddff_perception.types import InputError

VECTORS = descriptors(1500)
QUERIES = descriptors(30, seed=8)
TRUTH = nearest(VECTORS, QUERIES, 10)
SMALL = IndexSettings(clusters=4, children=4)
FEW = SearchSettings(candidates=64, width=4)
ALL = SearchSettings(candidates=4096, rerank=2000, width=4)


def test_permuted_indices_find_more_together_than_one():
    recalls = []
    for count in (1, 2, 4):
        index = PermutedIndex(count, SMALL).fit(VECTORS)
        index.add(VECTORS)
        assert len(index) == 1500
        distances, ids = index.search(QUERIES, 10, FEW)
        assert (np.diff(distances, axis=1) >= 0).all()
        assert all(len(np.unique(row)) == 10 for row in ids)
        recalls.append(share_found(ids, TRUTH))
    assert recalls == sorted(recalls) and recalls[-1] > recalls[0] + 0.05


def test_one_permuted_index_is_the_index_itself():
    permuted, plain = PermutedIndex(1, SMALL).fit(VECTORS), TreeIndex(SMALL).fit(VECTORS)
    for index in (permuted, plain):
        index.add(VECTORS)
    for a, b in zip(permuted.search(QUERIES, 5), plain.search(QUERIES, 5), strict=True):
        assert np.array_equal(a, b)


def test_what_is_removed_is_removed_from_every_permuted_index():
    index = PermutedIndex(3, SMALL).fit(VECTORS)
    index.add(VECTORS)
    assert index.remove(np.arange(700)) == 700
    assert (index.search(QUERIES, 10, ALL)[1] >= 700).all()


def test_the_predicted_recall_is_that_of_independent_misses():
    assert expected_recall(0.77, 2) == pytest.approx(0.947, abs=1e-3)
    assert expected_recall(0.5, 1) == 0.5


def test_permuted_indices_are_fitted_first_and_at_least_one():
    with pytest.raises(InputError, match="call fit first"):
        PermutedIndex(2).search(QUERIES)
    with pytest.raises(InputError, match="at least one index"):
        PermutedIndex(0)


@pytest.fixture
def shards(tmp_path):
    paths = [tmp_path / f"{n}.ddff" for n in range(3)]
    for path, part in zip(paths, np.split(VECTORS, 3), strict=True):
        build_file(path, part, SMALL)
    return numbered(paths)


def test_shards_count_on_and_find_what_one_index_finds(shards):
    assert [shard.first for shard in shards] == [0, 500, 1000]
    distances, ids = search_shards(shards, QUERIES, 10, ALL)
    truth = brute_force(VECTORS, QUERIES, 10)
    assert np.array_equal(distances, truth[0]) and np.array_equal(ids, truth[1])


def test_a_shard_that_is_written_anew_is_opened_anew(shards):
    before = search_shards(shards[:1], QUERIES, 3, ALL)[0]
    build_file(shards[0].path, VECTORS[500:1000], SMALL)
    assert not np.array_equal(before, search_shards(shards[:1], QUERIES, 3, ALL)[0])


def test_no_shard_and_no_scheduler_are_told():
    with pytest.raises(InputError, match="no shard"):
        search_shards([], QUERIES)
    if importlib.util.find_spec("distributed") is not None:
        with pytest.raises(InputError, match="no Dask scheduler answers at nowhere"):
            search_shards([Shard("a")], QUERIES, scheduler="nowhere")


def test_the_workers_of_a_cluster_find_the_same(shards):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
        scheduler_port=0, protocol="tcp", host="127.0.0.1",
    )  # fmt: skip
    with cluster:
        found = search_shards(shards, QUERIES, 10, ALL, cluster.scheduler_address)
    here = search_shards(shards, QUERIES, 10, ALL)
    assert np.array_equal(found[0], here[0]) and np.array_equal(found[1], here[1])
