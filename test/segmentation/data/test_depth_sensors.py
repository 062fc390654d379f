"""Depth sensors: how exact, and where each sees nothing."""

import numpy as np
import pytest

from ddff_perception.segmentation.data.depth_sensors import SENSORS, Surfaces, sensed_depth

SHAPE = (120, 160)


def surfaces(depth=2.0, **changed):
    fields = {
        "depth": np.full(SHAPE, depth, np.float32),
        "facing": np.full(SHAPE, 0.9, np.float32),
        "albedo": np.full(SHAPE, 0.5, np.float32),
        "texture": np.full(SHAPE, 0.2, np.float32),
        "glass": np.zeros(SHAPE, bool),
        "mirror": np.zeros(SHAPE, bool),
        "focal_px": 130.0,
    }
    return Surfaces(**{**fields, **changed})


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_bright_wall_is_seen_nearly_whole_and_nearly_where_it_is(sensor):
    for seed in range(5):
        found = sensed_depth(surfaces(), sensor, np.random.default_rng(seed))
        assert found.dtype == np.float32
        assert np.isfinite(found).mean() > 0.85
        assert np.nanmedian(found) == pytest.approx(2.0, rel=0.03)
        assert np.nanstd(found) < 0.12


def test_triangulation_is_worse_far_away():
    def spread(depth):
        errors = [
            np.nanstd(sensed_depth(surfaces(depth), "structured_light", np.random.default_rng(s)))
            for s in range(5)
        ]
        return np.mean(errors)

    assert spread(4.0) > 3 * spread(2.0) > 6 * spread(1.0)


@pytest.mark.parametrize("sensor", SENSORS)
def test_the_same_seed_gives_the_same_image(sensor):
    first, second = (sensed_depth(surfaces(), sensor, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize(
    "changed",
    [
        {"depth": np.full(SHAPE, np.inf, np.float32)},
        {"facing": np.full(SHAPE, 0.02, np.float32)},
        {"depth": np.full(SHAPE, 50.0, np.float32)},
    ],
    ids=["nothing there", "seen edge on", "out of range"],
)
def test_what_no_sensor_sees_is_unknown(sensor, changed):
    found = sensed_depth(surfaces(**changed), sensor, np.random.default_rng(1))
    assert np.isnan(found).all()


@pytest.mark.parametrize("kind", ["glass", "mirror"])
def test_glass_and_mirrors_are_often_unknown(kind):
    seen = surfaces(**{kind: np.ones(SHAPE, bool)})
    shares = [
        np.isnan(sensed_depth(seen, "stereo", np.random.default_rng(s))).mean() for s in range(12)
    ]
    assert np.mean(shares) > 0.4


def test_black_surfaces_are_lost_to_sensors_with_light_of_their_own_and_plain_ones_to_stereo():
    black = surfaces(albedo=np.full(SHAPE, 0.01, np.float32))
    plain = surfaces(texture=np.zeros(SHAPE, np.float32))
    rngs = [np.random.default_rng(s) for s in range(8)]
    assert np.isnan(sensed_depth(black, "structured_light", rngs[0])).all()
    lost = [np.isnan(sensed_depth(plain, "stereo", rng)).mean() for rng in rngs]
    assert np.mean(lost) > 0.1


@pytest.mark.parametrize("sensor", ["structured_light", "stereo"])
def test_what_is_near_casts_a_shadow_on_what_is_behind(sensor):
    depth = np.full(SHAPE, 3.0, np.float32)
    depth[:, 60:100] = 1.0
    seen = surfaces(depth)
    found = sensed_depth(seen, sensor, np.random.default_rng(2))
    missing = np.isnan(found[40:80]).mean(axis=0)
    beside = max(missing[50:60].max(), missing[100:110].max())
    assert beside > 0.9
    assert missing[70:90].mean() < 0.2
