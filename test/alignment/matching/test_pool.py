"""A pool of videos: which of them are worth a cost matrix."""

import numpy as np
from routes import DescribedRoute, warped_places

from ddff_perception.alignment.matching.pool import Places, classes_of, propose_pairs


def test_drives_along_one_route_are_proposed_and_others_are_not():
    routes = [DescribedRoute(seed) for seed in (1, 2, 3)]
    videos = [
        routes[number].frames(warped_places(10.0, 290.0, 200), noise=0.2, seed=drive)
        for number in range(3)
        for drive in range(2)
    ]
    times = [np.arange(200) / 3] * 6
    found = propose_pairs(videos, times)
    assert {(p.first, p.second) for p in found} == {(0, 1), (2, 3), (4, 5)}
    assert all(p.share > 0.3 for p in found)


def test_drives_at_a_cameras_full_rate_are_proposed_as_surely():
    routes = [DescribedRoute(seed) for seed in (1, 2)]
    places = warped_places(10.0, 110.0, 1000)
    light = 0.05 * np.random.default_rng(7).standard_normal((4, 64))
    seen = [routes[n // 2].frames(places, noise=0.1, seed=n % 2) + light[n] for n in range(4)]
    videos = [video / np.linalg.norm(video, axis=1, keepdims=True) for video in seen]
    found = propose_pairs(videos, [np.arange(1000) / 30] * 4)
    assert {(p.first, p.second) for p in found} == {(0, 1), (2, 3)}
    assert all(p.share > 0.9 for p in found)


def test_sharing_a_tour_is_taken_as_transitive():
    assert sorted(classes_of(6, [(0, 2), (2, 5), (1, 3)])) == [[0, 2, 5], [1, 3], [4]]


def test_many_frames_are_found_by_a_tree_as_few_are_by_comparing_all():
    frames = DescribedRoute(4, length=4200).frames(np.arange(4200.0), noise=0.1)
    asked = frames[::500]
    _, found = Places(frames).nearest(asked, 1)
    _, exact = Places(frames[:4000]).nearest(asked[:8], 1)
    assert found[:, 0].tolist() == list(range(0, 4200, 500))
    assert exact[:, 0].tolist() == list(range(0, 4000, 500))
