import itertools
import math

import cv2
import numpy as np
import pytest

from ddff_perception.evaluation.depth.figures import (
    colorize_depth,
    colorize_error,
    depth_range,
    depth_ticks,
    dioptre_error,
)
from ddff_perception.evaluation.reports.colours import (
    UNKNOWN_GREY,
    color_stops,
    colorize_confidence,
    to_bgr,
)
from ddff_perception.types import InputError

NAN, INF = math.nan, math.inf
TURBO = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, np.newaxis], cv2.COLORMAP_TURBO)[:, 0]


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


def test_colours_are_linear_in_dioptres_from_far_to_near():
    picture = colorize_depth(depth_map([1.0, 4 / 3, 2.0, INF]), near=1.0, far=INF)
    assert picture.dtype == np.uint8
    assert picture.shape == (1, 4, 3)
    np.testing.assert_array_equal(picture[0], TURBO[[255, 191, 128, 0]])


def test_what_is_unknown_is_grey():
    picture = colorize_depth(depth_map([NAN, 0.0, -1.0, 1.0]), near=0.5, far=2.0)
    assert (picture[0, :3] == UNKNOWN_GREY).all()
    assert (picture[0, 3] != UNKNOWN_GREY).any()


def test_colours_stay_beyond_the_ends_of_the_scale():
    picture = colorize_depth(depth_map([0.1, 9.0]), near=1.0, far=2.0)
    np.testing.assert_array_equal(picture[0], TURBO[[255, 0]])


def test_the_scale_leaves_out_one_per_cent_at_each_end():
    depth = np.full((10, 100), 2.0, np.float32)
    depth[:, 50:] = 1.0
    depth[0, :3] = 0.001
    assert depth_range(depth) == (pytest.approx(1.0), pytest.approx(2.0))
    assert depth_range(depth_map([NAN])) == (1.0, 1.0)
    assert depth_range(depth_map([INF, INF])) == (INF, INF)


@pytest.mark.parametrize("value", [NAN, INF, 1.0])
def test_maps_of_one_value_can_be_shown(value):
    assert colorize_depth(np.full((3, 4), value, np.float32)).shape == (3, 4, 3)


def test_relative_depth_is_linear_and_zero_is_known():
    picture = colorize_depth(depth_map([0.0, 0.5, 1.0, NAN]), relative=True)
    np.testing.assert_array_equal(picture[0, :3], TURBO[[0, 128, 255]])
    assert (picture[0, 3] == UNKNOWN_GREY).all()


def test_error_is_in_dioptres_and_unknown_where_either_map_is():
    error = dioptre_error(depth_map([1.0, 2.0, NAN, 1.0]), depth_map([0.5, INF, 1.0, 0.0]))
    np.testing.assert_allclose(error, [[1.0, 0.5, NAN, NAN]])
    picture = colorize_error(depth_map([1.0, 1.0, NAN]), depth_map([1.0, 0.5, 1.0]), span=1.0)
    magma = cv2.applyColorMap(np.array([[0, 255]], np.uint8), cv2.COLORMAP_MAGMA)[0]
    np.testing.assert_array_equal(picture[0, :2], magma)
    assert (picture[0, 2] == UNKNOWN_GREY).all()
    with pytest.raises(InputError):
        dioptre_error(depth_map([1.0]), depth_map([1.0, 2.0]))


def test_confidence_runs_from_dark_to_bright():
    picture = colorize_confidence(depth_map([0.0, 1.0, NAN])).astype(int)
    assert picture[0, 0].sum() < picture[0, 1].sum()
    assert (picture[0, 2] == UNKNOWN_GREY).all()


def test_colour_stops_are_those_of_the_map():
    stops = color_stops(cv2.COLORMAP_TURBO, 2)
    assert stops == [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in TURBO[[0, 255]]]


def test_depth_ticks_are_round_metres_at_their_place_in_dioptres():
    ticks = depth_ticks(0.5, INF)
    assert ticks[0] == (0.0, INF)
    assert ticks[-1] == (1.0, 0.5)
    for position, metres in ticks:
        assert position == pytest.approx((1 / metres) / 2.0)
    positions = [position for position, _ in ticks]
    assert all(b - a > 0.1 for a, b in itertools.pairwise(positions))
    assert depth_ticks(2.0, 2.0) == [(0.5, 2.0)]
    assert depth_ticks(INF, INF) == [(0.5, INF)]


def test_every_image_type_can_be_shown():
    for image in (
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5), np.uint16),
        np.zeros((4, 5, 3), np.uint16),
        np.zeros((4, 5, 4), np.uint8),
    ):
        shown = to_bgr(image)
        assert shown.shape == (4, 5, 3)
        assert shown.dtype == np.uint8
