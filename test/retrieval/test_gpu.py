"""The search in torch finds what the search on processors does."""

import numpy as np
import pytest
from descriptors import descriptors, share_found

from ddff_perception.retrieval.gpu import GpuSearch
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.search.exact import brute_force
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings
from ddff_perception.types import InputError

torch = pytest.importorskip("torch")
VECTORS = descriptors(2000)
QUERIES = descriptors(150, seed=7)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def index_of(**settings):
    index = TreeIndex(IndexSettings(**{"clusters": 4, "children": 4, "line_parts": 8} | settings))
    index.fit(VECTORS).add(VECTORS)
    return index


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "settings",
    [
        {"order": "anisotropic"},
        {"order": "isotropic", "resort": True},
        {"width": 2, "candidates": 300},
        {"rerank": 0},
    ],
)
@pytest.mark.parametrize("index", [{}, {"parts": 4, "slots": 5000}, {"parts": 1}])
def test_line_codes_find_the_same_in_torch(device, settings, index):
    made = index_of(codes="lines", **index)
    chosen = SearchSettings(**{"width": 4} | settings)
    here, there = (
        made.search(QUERIES, 10, chosen),
        GpuSearch(made, device).search(QUERIES, 10, chosen),
    )
    assert np.mean(here[1] == there[1]) > 0.98
    assert np.allclose(here[0], there[0], rtol=1e-3)
    assert there[0].dtype == np.float32 and there[1].dtype == np.int64


@pytest.mark.parametrize("device", DEVICES)
def test_four_bit_codes_reach_the_truth_in_torch(device):
    made = index_of()
    chosen = SearchSettings(width=4, candidates=4096, bins=4096, rerank=200)
    distances, ids = GpuSearch(made, device).search(QUERIES, 10, chosen)
    truth = brute_force(VECTORS, QUERIES, 10)
    assert share_found(ids, truth[1]) > 0.99
    assert (distances >= truth[0]).all()


def test_fewer_than_k_and_none_leave_places_empty():
    made = TreeIndex(IndexSettings(clusters=4, children=4)).fit(VECTORS)
    assert (GpuSearch(made, "cpu").search(QUERIES, 5)[1] == -1).all()
    made.add(VECTORS[:3])
    distances, ids = GpuSearch(made, "cpu").search(QUERIES, 5)
    assert (ids[:, 3:] == -1).all() and np.isinf(distances[:, 3:]).all()


def test_what_torch_cannot_do_is_told():
    made = index_of()
    with pytest.raises(InputError, match="k must be at least 1, not 0"):
        GpuSearch(made, "cpu").search(QUERIES, 0)
    with pytest.raises(InputError, match="learned nothing yet"):
        GpuSearch(TreeIndex(), "cpu")
    with pytest.raises(InputError, match="torch has no device"):
        GpuSearch(made, "warp")
    with pytest.raises(InputError, match="choose another order"):
        GpuSearch(made, "cpu").search(QUERIES, 5, SearchSettings(order="exact"))
