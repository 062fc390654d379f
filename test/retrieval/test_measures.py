"""Measures by hand, and what an index says of itself."""

import numpy as np
import pytest
from descriptors import descriptors, nearest

from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.measures import (
    bytes_per_vector,
    distortion,
    measure,
    occupancy,
    recall_at,
    recall_by_candidates,
    recall_of,
)
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings
from ddff_perception.retrieval.store import Store
from ddff_perception.retrieval.trial import try_settings
from ddff_perception.types import InputError

VECTORS = descriptors(1000)
QUERIES = descriptors(30, seed=8)
TRUTH = nearest(VECTORS, QUERIES, 100)


def made(**settings):
    index = TreeIndex(IndexSettings(**{"clusters": 4, "children": 4, "line_parts": 8} | settings))
    index.fit(VECTORS).add(VECTORS)
    return index


def test_recalls_by_hand():
    truth = np.array([[4, 5, 6], [7, 8, 9]])
    ids = np.array([[5, 4, 1], [9, 8, 1]])
    assert recall_at(ids, truth, 1) == 0.0
    assert recall_at(ids, truth, 2) == 0.5
    assert recall_of(ids, truth, 1) == 0.0
    assert recall_of(ids, truth, 3) == pytest.approx(4 / 6)


def test_occupancy_counts_bins_by_powers_of_two():
    sizes = [0, 0, 1, 2, 3, 4, 5, 8, 9]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    assert occupancy(offsets) == {0: 2, 1: 1, 2: 1, 4: 2, 8: 2, 16: 1}
    assert occupancy(np.array([0, 0])) == {0: 1, 1: 0}


@pytest.mark.parametrize("codes", ["four_bit", "lines"])
def test_the_occupied_bins_and_the_bytes_add_up(codes):
    index = made(codes=codes)
    assert sum(occupancy(index.store.offsets).values()) == 16**2
    found = bytes_per_vector(index)
    # Codes come in blocks of 32.
    assert found["codes"] == (4 * 1024 / 1000 if codes == "four_bit" else 16)
    assert (found["ids"], found["vectors"]) == (4, 32)
    assert found["all"] == pytest.approx(sum(v for n, v in found.items() if n != "all"))


def test_more_line_parts_lower_the_distortion_of_an_index():
    errors = [distortion(made(codes="lines", line_parts=n), VECTORS) for n in (2, 8, 16)]
    assert errors[0]["mean"] > errors[1]["mean"] > errors[2]["mean"]
    assert errors[0]["min"] <= errors[0]["mean"] <= errors[0]["max"]


def test_recall_grows_with_the_candidates_to_all():
    settings = SearchSettings(candidates=1000, width=4)
    for codes in ("four_bit", "lines"):
        index = made(codes=codes)
        found = recall_by_candidates(index, QUERIES, TRUTH, (10, 100, 1000), settings)
        assert list(found) == [10, 100, 1000]
        assert found[10] <= found[100] <= found[1000]
        assert found[1000] > 0.95


def test_a_measurement_has_recalls_times_and_shares():
    row = measure(made(), QUERIES, TRUTH, 10, SearchSettings(candidates=1024), repeats=2)
    assert row.recall > 0.8 and row.first[1] <= row.first[10] and 100 not in row.first
    assert row.us > 0 and row.rate_hz == pytest.approx(1e6 / row.us)
    assert sum(row.shares.values()) == pytest.approx(1)


def test_a_trial_on_the_indexs_own_vectors_leaves_them_out():
    index = made()
    trial = try_settings(index, None, 50, 10, SearchSettings(width=4))
    assert trial.queries == 50 and len(index) == 1000
    assert [row[0] for row in trial.rows] == [512, 1024]
    assert trial.rows[-1][2].recall > 0.95
    assert trial.as_json()["rows"][0]["recall"] == trial.rows[0][2].recall


def test_a_trial_of_an_index_of_twins_finds_the_twin_and_copies_no_index(monkeypatch):
    index = made()
    index.add(VECTORS)
    monkeypatch.delattr(Store, "without")
    trial = try_settings(index, None, 50, 1, SearchSettings(width=4))
    assert trial.rows[-1][2].recall == 1


def test_a_trial_wants_vectors_to_compare_with():
    with pytest.raises(InputError, match="keeps no vectors"):
        try_settings(made(keep_vectors=False), None, 5, 10, SearchSettings())
    with pytest.raises(InputError, match="at least to find 2000 neighbours"):
        try_settings(made(), QUERIES, 5, 2000, SearchSettings())
