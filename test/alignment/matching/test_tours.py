"""Tours: where two videos show one route, and which frame is which."""

import numpy as np
import pytest
from routes import DescribedRoute, warped_places

from ddff_perception.alignment.matching import tours
from ddff_perception.alignment.matching.alignment import align
from ddff_perception.alignment.matching.costs import cost_matrix
from ddff_perception.alignment.matching.settings import TourSettings
from ddff_perception.alignment.matching.stripes import stripe_ranges, stripe_rows
from ddff_perception.alignment.matching.tours import ambiguous, find_tour
from ddff_perception.types import InputError

ROUTE = DescribedRoute(1)
REFERENCE = ROUTE.frames(np.arange(301.0))
SETTINGS = TourSettings(stripe_s=30.0, overlap_s=10.0)
HZ = 3.0


def tour(query, settings=SETTINGS):
    return find_tour(
        REFERENCE, query, np.arange(len(REFERENCE)) / HZ, np.arange(len(query)) / HZ, settings
    )


def test_a_drive_at_another_speed_is_matched_all_along():
    places = warped_places(40.0, 260.0, 200)
    found = tour(ROUTE.frames(places, seed=1))
    assert found.matched.mean() > 0.9
    offset = np.abs(found.rows - places)[found.matched]
    assert np.median(offset) < 1.0 and np.percentile(offset, 95) < 3.0
    assert (np.diff(found.rows[found.matched]) >= -1.0).all()


def test_another_route_has_no_tour():
    for seed in range(5):
        other = DescribedRoute(100 + seed)
        assert tour(other.frames(warped_places(20.0, 280.0, 200), seed=seed)).matched.mean() < 0.02


def test_where_a_tour_begins_and_ends_is_found_and_a_detour_is_left_out():
    other = DescribedRoute(7)
    places = np.concatenate([np.full(60, np.nan), np.arange(50.0, 130.0), np.full(60, np.nan),
                             np.arange(130.0, 200.0), np.full(40, np.nan)])  # fmt: skip
    query = other.frames(np.linspace(0, 299, len(places)), seed=3)
    there = ~np.isnan(places)
    query[there] = ROUTE.frames(places[there], seed=4)
    found = tour(query)
    assert found.matched[there].mean() > 0.85
    assert found.matched[~there].mean() < 0.1
    assert np.nanmedian(np.abs(found.rows - places)) < 1.0


def test_what_is_weak_but_lasts_is_a_tour_and_of_another_route_is_none():
    """An image a second, each of another place: none is much like its like."""
    route = DescribedRoute(2, length=60, reach=1.0)
    seconds = np.arange(60.0)
    reference = route.frames(seconds, noise=1.2)

    def matched(query, **settings):
        found = find_tour(
            reference, query, seconds, seconds[: len(query)], TourSettings(**settings)
        )
        assert not found or np.nanmedian(np.abs(found.rows - seconds[: len(query)])) < 1.5
        return found.matched.mean()

    again = route.frames(seconds, noise=1.2, seed=8)
    assert matched(again) > 0.8 > 0.5 > matched(again, lasting=0.0)
    # It is as sure as the path is cheaper, not as what it takes to count.
    weak, plain = (
        find_tour(reference, again, seconds, seconds, TourSettings(window_s=40.0, **settings))
        for settings in ({"lasting": 0.9}, {"contrast": 0.9, "lasting": 0.0})
    )
    both = weak.matched & plain.matched
    assert both.any()
    np.testing.assert_allclose(weak.confidence[both], plain.confidence[both], atol=1e-6)
    others = [DescribedRoute(200 + n, length=60, reach=1.0) for n in range(8)]
    assert max(matched(other.frames(seconds, noise=1.2, seed=9)) for other in others) == 0


def test_a_recording_shorter_than_minimum_s_is_matched_where_it_is_clear():
    query = ROUTE.frames(np.arange(100.0, 111.0), seed=2)
    found = tour(query, TourSettings(minimum_s=4.0))
    assert found.matched.mean() > 0.9 and np.nanmax(np.abs(found.rows - np.arange(100, 111))) < 2
    assert not any(tour(DescribedRoute(300 + n).frames(np.arange(11.0))) for n in range(8))


def test_standing_still_is_one_place():
    places = np.concatenate([np.arange(30.0, 90.0), np.full(60, 90.0), np.arange(90.0, 150.0)])
    found = tour(ROUTE.frames(places, seed=6))
    still = found.rows[70:110]
    assert np.nanmax(np.abs(still - 90.0)) <= 2.0 and found.matched.mean() > 0.9


def test_backwards_is_no_tour():
    found = tour(ROUTE.frames(np.arange(260.0, 60.0, -1.0), seed=8))
    assert found.matched.mean() < 0.05


def test_stripes_overlap_and_the_overlap_is_shared_out():
    ranges = stripe_ranges(1000, 270, 90)
    assert [own for _, own in ranges] == [
        (0, 225), (225, 405), (405, 585), (585, 765), (765, 945), (945, 1000)
    ]  # fmt: skip
    for (first, last), (begin, end) in ranges:
        assert first <= begin < end <= last and last - first <= 270
    assert stripe_ranges(100, 270, 90) == [((0, 100), (0, 100))]


def test_a_stripe_that_joins_none_of_its_neighbours_is_dropped():
    costs = np.ones((200, 90), np.float32)
    places = np.concatenate([np.arange(30), np.arange(150, 180), np.arange(60, 90)])
    costs[places, np.arange(90)] = 0.01
    rows = stripe_rows(costs, length=30, overlap=0, join=6)
    assert np.isnan(rows).all()
    places[30:60] = np.arange(30, 60)
    costs[places, np.arange(90)] = 0.01
    rows = stripe_rows(costs, length=30, overlap=0, join=6)
    np.testing.assert_allclose(rows, places)


@pytest.mark.parametrize("rival, dropped", [(0.84, False), (0.83, True), (0.5, True)])
def test_a_node_is_ambiguous_where_a_place_beside_it_costs_five_sixths_of_it_or_less(
    rival, dropped
):
    """Erratum 6: xi is printed as 56."""
    costs = np.full((50, 50), 2.0, np.float32)
    rows = np.full(50, 25.0, np.float32)
    costs[25, :] = 1.0
    costs[28, 10] = rival
    found = ambiguous(costs, rows, TourSettings(epsilon_s=3.0), 1.0, 1.0)
    assert found[10] == dropped and not found[[5, 15, 30]].any()


def test_too_short_and_standing_clocks_are_refused():
    with pytest.raises(InputError, match="the query has 5 frames"):
        tour(REFERENCE[:5])
    with pytest.raises(InputError, match="do not go forward"):
        find_tour(REFERENCE, REFERENCE, np.zeros(301), np.arange(301.0))


def test_a_video_of_thirty_frames_a_second_is_matched_at_full_rate():
    route = DescribedRoute(11, length=900, reach=20.0)
    times = np.arange(901) / 30
    reference = route.frames(np.arange(901.0))
    places = warped_places(150.0, 800.0, 600)
    found = align(reference, route.frames(places, seed=2), times, np.arange(600) / 30)
    offset = np.abs(found.reference_s * 30 - places)[found.rows >= 0]
    assert (found.rows >= 0).mean() > 0.85
    assert np.median(offset) < 2.0 and np.percentile(offset, 95) < 10.0
    there = found.rows >= 0
    for values in np.split(found.reference_s, np.flatnonzero(np.diff(there.astype(int))) + 1):
        assert not (np.diff(values[~np.isnan(values)]) < 0).any()
    speed = np.gradient(places)
    assert np.corrcoef(found.rate[there], speed[there])[0, 1] > 0.8


def test_a_matrix_that_is_too_large_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setenv("DDFF_MAX_MATRIX_GIB", "0.0001")
    frames, seconds = np.ones((200, 2), np.float32), np.arange(200) / 3
    with pytest.raises(InputError, match=r"200 by 200 frames.*DDFF_MAX_MATRIX_GIB"):
        find_tour(frames, frames, seconds, seconds)


def test_every_matched_frame_has_the_confidence_of_its_tour():
    away = DescribedRoute(77).frames(np.arange(40.0), seed=5)
    query = np.concatenate([away, ROUTE.frames(np.arange(100.0, 240.0), seed=6)])
    found = align(REFERENCE, query, np.arange(301) / 15, np.arange(180) / 15)
    assert (found.rows >= 0).sum() > 100
    assert ((found.confidence > 0) == (found.rows >= 0)).all()


@pytest.mark.parametrize(("sure", "whole"), [(9, True), (5, False)])
def test_a_doubtful_gap_between_sure_stretches_does_not_cut_a_tour_in_two(sure, whole, monkeypatch):
    """Two stretches of 3 s each at most, too short by themselves; of the 3 s between, 1.7 are in
    doubt.
    """
    route = DescribedRoute(3)
    drive = route.frames(np.linspace(10, 290, 30))
    ratio = np.full(30, 0.85, np.float32)
    ratio[12:17] = 0.95
    ratio[10 - sure : 10] = ratio[20 : 20 + sure] = 0.5
    monkeypatch.setattr(tours, "cost_ratio", lambda *_: (ratio, ratio))
    monkeypatch.setattr(tours, "ambiguous", lambda costs, *_: np.zeros(30, bool))
    found = tours.tour_of_costs(cost_matrix(drive, drive), 1 / 3, 1 / 3, TourSettings())
    assert found.matched.all() == whole and bool(found) == whole
