"""Depth images in metres: units, ranges, holes, and units that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.segmentation.capture.depth import DepthSettings, metres
from ddff_perception.types import InputError


def test_whole_numbers_are_millimetres_and_floats_metres() -> None:
    whole = np.array([[0, 500, 2000, 9999]], np.uint16)
    expected = np.array([[np.nan, 0.5, 2.0, 9.999]], np.float32)
    np.testing.assert_allclose(metres(whole, DepthSettings()), expected, rtol=1e-6)
    np.testing.assert_allclose(metres(expected, DepthSettings()), expected)


def test_another_unit_is_a_parameter() -> None:
    found = metres(np.array([[5000, 12500]], np.uint16), DepthSettings(unit_m=0.0002))
    np.testing.assert_allclose(found, [[1.0, 2.5]], rtol=1e-6)


def test_what_is_no_distance_is_unknown() -> None:
    odd = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 0.05, 1.0, 2.0, 50.0]], np.float32)
    found = metres(odd, DepthSettings())
    np.testing.assert_array_equal(np.isfinite(found), [[False] * 6 + [True, True, False]])


@pytest.mark.parametrize(
    ("image", "advice"),
    [
        (np.full((4, 4), 1800.0, np.float32), "depth.unit_m to 0.001"),
        (np.full((4, 4), 0.0018, np.float32), "check the camera driver"),
        (np.full((4, 4), 2, np.uint16), "depth.unit_m to 1"),
    ],
)
def test_a_unit_that_is_wrong_by_a_thousand_is_told(image: np.ndarray, advice: str) -> None:
    with pytest.raises(InputError, match="its unit is another one") as told:
        metres(image, DepthSettings())
    assert advice in str(told.value)


def test_far_and_near_are_told_apart_where_the_unit_is_wrong() -> None:
    for metres_, word in ((1800.0, "farther"), (0.0018, "nearer")):
        with pytest.raises(InputError, match=f"half of the depth image is {word} than"):
            metres(np.full((4, 4), metres_, np.float32), DepthSettings())


def test_the_largest_whole_number_is_no_distance() -> None:
    image = np.array([[65535, 65535, 65535, 2000]], np.uint16)
    found = metres(image, DepthSettings(maximum_m=100.0))
    np.testing.assert_allclose(found, [[np.nan, np.nan, np.nan, 2.0]])


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3), np.uint16), np.zeros((4, 4), np.uint8)])
def test_what_is_no_depth_image_is_told(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="one number per pixel"):
        metres(image, DepthSettings())


def test_a_range_that_holds_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="minimum_m must be below maximum_m"):
        DepthSettings(minimum_m=5.0, maximum_m=4.0)
