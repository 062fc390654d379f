"""The filter over time: where the newest frame is."""

import numpy as np
import pytest
from routes import DescribedRoute, warped_places

from ddff_perception.alignment.live.follower import Follower
from ddff_perception.alignment.live.route import Route
from ddff_perception.alignment.matching.settings import FollowSettings
from ddff_perception.types import InputError

HZ = 5.0
WAY = DescribedRoute(1)
ROUTE = Route.of(WAY.frames(np.arange(301.0)), np.arange(301) / HZ)


def followed(frames, follower=None, start_s=0.0, hz=HZ):
    follower = follower or Follower(ROUTE)
    return [follower.add(start_s + n / hz, frame) for n, frame in enumerate(frames)]


def rows(matches):
    return np.array([m.row for m in matches], float)


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def lost(matches):
    return np.array([m.lost for m in matches])


def test_a_drive_is_found_within_seconds_and_followed_at_its_own_speed():
    places = warped_places(60.0, 280.0, 280)
    found = followed(WAY.frames(places, seed=1))
    assert not lost(found)[30:].any()
    offset = np.abs(rows(found)[30:] - places[30:])
    assert np.median(offset) <= 1.0 and np.percentile(offset, 95) <= 4.0
    rate, speed = np.array([m.rate for m in found])[40:], np.gradient(places)[40:]
    assert np.corrcoef(rate, speed)[0, 1] > 0.7


def test_a_clear_drive_is_found_sooner_than_one_that_is_not():
    frames = WAY.frames(np.arange(100.0, 130.0), seed=1)
    assert lost(followed(frames)).sum() <= 8
    never_so_soon = Follower(ROUTE, FollowSettings(clear=0.0))
    assert lost(followed(frames, never_so_soon)).sum() >= 20


def test_seen_five_times_is_the_least_at_any_rate():
    assert lost(followed(WAY.frames(np.arange(100.0, 260.0, 5.0), seed=1), hz=1.0))[:4].all()


@pytest.mark.parametrize("seed", range(4))
def test_a_foreign_route_locks_nowhere(seed):
    other = DescribedRoute(50 + seed, length=900)
    found = followed(other.frames(np.arange(900.0), seed=seed))  # three minutes
    assert lost(found).all()
    assert all(m.row == -1 and m.confidence == 0.0 for m in found)


def test_a_kidnapped_robot_is_lost_and_then_found_elsewhere():
    follower = Follower(ROUTE)
    before = followed(WAY.frames(np.arange(40.0, 100.0), seed=2), follower)
    assert not before[-1].lost
    after = followed(WAY.frames(np.arange(220.0, 290.0), seed=3), follower, 60 / HZ)
    wrong = np.abs(rows(after) - np.arange(220.0, 290.0)) > 5
    assert lost(after).any()
    assert not (wrong | lost(after))[50:].any()
    assert not (wrong & ~lost(after))[25:].any()


def test_standing_still_holds_the_place_at_a_rate_of_nothing():
    places = np.concatenate([np.arange(50.0, 110.0), np.full(75, 110.0), np.arange(110.0, 140.0)])
    found = followed(WAY.frames(places, seed=4))
    still = found[75:130]
    assert not lost(still).any()
    assert np.abs(rows(still) - 110.0).max() <= 2 and still[-1].rate < 0.2
    assert abs(found[-1].row - 139) <= 3


def test_a_frame_that_is_like_everything_is_no_place_for_another_route():
    frames = WAY.frames(np.arange(301.0))
    other = DescribedRoute(77).frames(np.arange(300.0), seed=2)
    frames[150] = other.mean(axis=0) / np.linalg.norm(other.mean(axis=0))
    hub = Follower(Route.of(frames, np.arange(301) / HZ))
    assert lost(followed(other, hub)).all()


def test_a_camera_that_hardly_moves_finds_no_way_past_frames_that_are_like_its_own():
    random = np.random.default_rng(0)
    seen = random.standard_normal(64) / 8.0
    frames = WAY.frames(np.arange(301.0))
    frames[150:160] = unit(seen + random.normal(0, 0.1, (10, 64)))
    route = Route.of(frames, np.arange(301) / HZ)
    # Noise alone goes from one of these frames to another: as often back as forth.
    assert lost(followed(unit(seen + random.normal(0, 0.05, (60, 64))), Follower(route))).all()


def test_driven_backwards_it_is_lost_and_says_nothing_else():
    follower = Follower(ROUTE)
    followed(WAY.frames(np.arange(100.0, 200.0), seed=5), follower)
    back = np.arange(199.0, 100.0, -1.0)
    found = followed(WAY.frames(back, seed=6), follower, 100 / HZ)
    late = lost(found)[30:]
    assert late.mean() > 0.9


def test_a_place_that_the_route_passes_twice_is_told_by_what_came_before():
    loop = WAY.frames(
        np.concatenate([np.arange(80.0), np.arange(20.0, 60.0), np.arange(100, 250.0)])
    )
    route = Route.of(loop, np.arange(len(loop)) / HZ)
    first = followed(WAY.frames(np.arange(0.0, 80.0), seed=7), Follower(route))
    assert not first[-1].lost and abs(first[-1].row - 79) <= 3
    # Begun inside what comes twice: nobody can tell, and nothing is said.
    inside = followed(WAY.frames(np.arange(25.0, 58.0), seed=8), Follower(route))
    assert lost(inside).mean() > 0.9


def test_a_second_lap_is_found_again_from_the_beginning():
    way = np.arange(100.0)
    lap = Route.of(WAY.frames(way), way / HZ)
    places = np.concatenate([way, way])
    found = followed(WAY.frames(places, seed=8), Follower(lap))
    wrong = ~lost(found) & (np.abs(rows(found) - places) > 5)
    # At the seam the path leads nowhere for a while.
    assert wrong[:100].sum() == 0 and wrong[100:130].sum() <= 10 and wrong[130:].sum() == 0
    assert not lost(found)[140:195].any()


def test_after_a_reset_it_may_be_anywhere():
    follower = Follower(ROUTE)
    followed(WAY.frames(np.arange(40.0, 100.0), seed=2), follower)
    follower.reset()
    found = followed(WAY.frames(np.arange(200.0, 250.0), seed=3), follower, 1000.0)
    assert found[0].lost and abs(found[-1].row - 249) <= 3


def test_what_is_no_route_is_refused():
    with pytest.raises(InputError, match="a route of 1 frames is none"):
        Route.of(WAY.frames(np.zeros(1)), np.zeros(1))
    with pytest.raises(InputError, match="do not go forward"):
        Route.of(WAY.frames(np.arange(9.0)), np.zeros(9))


def test_a_live_video_may_have_another_rate_than_the_reference():
    places = np.linspace(50.0, 250.0, 1200)
    found = followed(WAY.frames(places, seed=9), hz=30.0)
    assert not lost(found)[200:].any()
    assert np.median(np.abs(rows(found)[200:] - places[200:])) <= 1.0


OTHER = {
    "rank": 0, "epsilon_s": 20.0, "window_s": 0.5, "contrast": 0.1, "minimum_s": 24.0, "clear": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", [parameter.name for parameter in FollowSettings.table()])
def test_each_of_its_settings_changes_what_is_said(name):
    frames = WAY.frames(np.arange(50.0, 90.0), seed=1)
    settings = FollowSettings(**{name: OTHER[name]})
    route = Route.of(ROUTE.descriptors, ROUTE.seconds, settings.rank)
    assert followed(frames, Follower(route, settings)) != followed(frames)


def test_settings_decide_when_a_match_counts():
    strict = Follower(ROUTE, FollowSettings(contrast=0.0))
    assert lost(followed(WAY.frames(np.arange(50.0, 150.0), seed=1), strict)).all()
