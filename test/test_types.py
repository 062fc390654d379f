import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from ddff_perception.types import (
    CameraModel,
    DepthEstimate,
    FocalStack,
    FocusSlice,
    InputError,
    PolarizedImages,
)

CAMERA = CameraModel(640, 480, 500.0, 510.0, 319.5, 239.5, aperture_diameter_m=0.01)


def pixel(camera, x, y, z):
    return camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy


def slice_of(shape=(8, 10, 3), distance=1.0, stamp=0, dtype=np.uint8):
    return FocusSlice(np.zeros(shape, dtype), distance, stamp)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 480), (1280, 960), (333, 77)])
def test_a_resized_camera_sees_each_point_at_the_same_place_of_the_image(width, height):
    resized = CAMERA.resized(width, height)
    assert (resized.width, resized.height) == (width, height)
    for point in ((0.0, 0.0, 1.0), (0.3, -0.2, 1.5), (-1.0, 0.7, 2.0)):
        u, v = pixel(CAMERA, *point)
        # Pixel centres are at integers: the image's left edge is at -0.5.
        expected = (u + 0.5) * width / 640 - 0.5, (v + 0.5) * height / 480 - 0.5
        assert pixel(resized, *point) == pytest.approx(expected)
    assert resized.aperture_diameter_m == CAMERA.aperture_diameter_m


def test_a_cropped_camera_sees_each_point_shifted_by_the_corner():
    cropped = CAMERA.cropped(100, 40, 200, 150)
    assert (cropped.width, cropped.height) == (200, 150)
    u, v = pixel(CAMERA, 0.1, 0.2, 1.3)
    assert pixel(cropped, 0.1, 0.2, 1.3) == pytest.approx((u - 100, v - 40))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 0}, "0x480 must be positive"),
        ({"height": -3}, "640x-3 must be positive"),
        ({"fx": 0.0}, "fx, fy > 0"),
        ({"fy": -500.0}, "fx, fy > 0"),
        ({"fx": math.inf}, "must be finite"),
        ({"cx": math.nan}, "must be finite"),
        ({"aperture_diameter_m": 0.0}, "aperture"),
        ({"aperture_diameter_m": -0.01}, "aperture"),
        ({"aperture_diameter_m": math.nan}, "aperture"),
        ({"aperture_diameter_m": math.inf}, "aperture"),
    ],
)
def test_a_camera_that_cannot_be_is_refused(changes, words):
    values = {
        "width": 640, "height": 480, "fx": 500.0, "fy": 500.0, "cx": 320.0, "cy": 240.0,
    }  # fmt: skip
    with pytest.raises(InputError, match=words):
        CameraModel(**values | changes)


def test_a_stack_knows_its_distances_images_and_newest_stamp():
    slices = tuple(slice_of(distance=d, stamp=s) for d, s in ((2.0, 30), (math.inf, 50), (0.5, 40)))
    stack = FocalStack(slices, CAMERA)
    assert stack.focus_distances_m.tolist() == [2.0, math.inf, 0.5]
    assert stack.newest_stamp_ns == 50
    assert stack.images[1] is slices[1].image
    with pytest.raises(FrozenInstanceError):
        stack.camera = None


def test_a_stack_needs_a_slice():
    with pytest.raises(InputError, match="at least one slice"):
        FocalStack(())


@pytest.mark.parametrize(
    "other",
    [
        slice_of((8, 11, 3)),
        slice_of((9, 10, 3)),
        slice_of((8, 10)),
        slice_of(dtype=np.uint16),
    ],
)
def test_the_slices_of_a_stack_are_of_one_size_and_type(other):
    with pytest.raises(InputError, match=r"slice 2 is .* all slices must have one size and type"):
        FocalStack((slice_of(), slice_of(), other))


def test_coverage_is_the_share_of_pixels_with_a_depth():
    depth = np.ones((4, 5), np.float32)
    depth[0] = np.nan
    depth[1, 0] = np.inf
    estimate = DepthEstimate(depth, np.ones_like(depth))
    assert estimate.coverage == pytest.approx(0.75)
    assert not estimate.relative
    assert dict(estimate.timings_ms) == {}


def test_input_errors_are_value_errors_for_those_who_use_the_package_as_a_library():
    with pytest.raises(ValueError, match="one sentence"):
        raise InputError("one sentence")


def polarized(images=None, angles=(0.0, 45.0, 90.0)):
    return PolarizedImages(images or (np.zeros((4, 6), np.uint8),) * len(angles), angles)


@pytest.mark.parametrize(
    "angles", [(0.0, 45.0, 90.0), (0.0, 0.0, 60.0, 120.0), (170.0, 30.0, 80.0)]
)
def test_three_different_polarizer_angles_are_enough(angles):
    assert polarized(angles=angles).angles_deg == angles


@pytest.mark.parametrize("angles", [(0.0, 90.0), (0.0, 45.0, 180.0), (0.1, 90.0, 180.0)])
def test_polarizer_angles_are_counted_modulo_half_a_turn(angles):
    with pytest.raises(InputError, match="three or more different polarizer angles"):
        polarized(angles=angles)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([np.zeros((4, 6), np.uint8)] * 2, "2 polarizer images but 3 angles"),
        ([np.zeros((4, 6), t) for t in (np.uint8, np.uint8, np.uint16)], "image 2 is .* uint16"),
        ([np.zeros((4, w), np.uint8) for w in (6, 5, 6)], "image 1 is .* all must have one size"),
        ([np.zeros((4, 6), np.float64)] * 3, "uint8, uint16, float32, not .* float64"),
        ([np.zeros((4, 6, 4), np.uint8)] * 3, "H x W or H x W x 3"),
        ([np.zeros((0, 6), np.uint8)] * 3, "H x W or H x W x 3"),
    ],
)
def test_polarizer_images_are_of_one_size_and_a_known_type(images, words):
    with pytest.raises(InputError, match=words):
        polarized(tuple(images))


def test_a_polarizer_angle_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="finite"):
        polarized(angles=(0.0, math.nan, 90.0))
