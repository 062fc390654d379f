"""Frames of what came: sizes, grids, partners that are missing, gravity."""

from __future__ import annotations

import numpy as np
import pytest
from rooms import CAMERA, millimetres, picture, room

from ddff_perception.capture.partners import Partners
from ddff_perception.segmentation.capture.depth import DepthSettings
from ddff_perception.segmentation.capture.frames import FrameCapture, FrameSettings, RawRgbd
from ddff_perception.segmentation.capture.gravity import Accelerometer, unit_vector
from ddff_perception.segmentation.types import RgbdFrame
from ddff_perception.types import CameraModel, InputError

SECOND = 1_000_000_000
DEPTH, LABELS = room()


def capture(**values: float) -> FrameCapture:
    return FrameCapture(FrameSettings.from_values(values), DepthSettings())


def test_large_images_are_shrunken_with_their_camera_and_no_depth_is_a_mean() -> None:
    large = CAMERA.resized(640, 480)
    depth, labels = room(large)
    frame = capture(width_px=160).frame(RawRgbd(picture(labels), millimetres(depth), large, large))
    assert frame.size == (120, 160) and frame.camera == CAMERA
    assert frame.colour is not None and frame.colour.shape == (120, 160, 3)
    # Every depth is one that was measured.
    assert np.isin(np.rint(frame.depth * 1000), millimetres(depth)).all()


def test_grey_and_16_bit_images_are_colour_too() -> None:
    for image in (np.full((12, 16), 70, np.uint8), np.full((12, 16), 70 * 257, np.uint16)):
        frame = capture().frame(RawRgbd(image))
        np.testing.assert_array_equal(frame.colour, np.full((12, 16, 3), 70))


def test_what_is_filled_is_marked_and_filling_can_be_left_out() -> None:
    depth = millimetres(DEPTH)
    depth[50:60, 70:90] = 0
    raw = RawRgbd(picture(LABELS), depth, CAMERA, CAMERA)
    frame = capture().frame(raw)
    assert np.isfinite(frame.depth).all()
    np.testing.assert_array_equal(frame.filled, depth == 0)
    plain = capture(fill=False).frame(raw)
    assert plain.filled is None and np.isnan(plain.depth[55, 80])


def test_depth_without_a_pixel_counts_as_none_beside_colour() -> None:
    made = capture()
    frame = made.frame(RawRgbd(picture(LABELS), np.zeros((120, 160), np.uint16), CAMERA, CAMERA))
    assert frame.depth is None and made.counters["without_depth"] == 1
    assert "no measured pixel" in frame.lacks and made.counters["not_measured"] == 1
    with pytest.raises(InputError, match="no measured pixel"):
        made.frame(RawRgbd(None, np.zeros((120, 160), np.uint16)))


def test_depth_in_another_unit_that_lies_out_of_range_is_told() -> None:
    tenths = np.rint(DEPTH.clip(1.5, 6.0) * 10_000).astype(np.uint16)
    frame = capture().frame(RawRgbd(picture(LABELS), tenths, CAMERA, CAMERA))
    assert frame.depth is None and "depth.unit_m" in frame.lacks


@pytest.mark.parametrize("known", ["camera", "depth_camera"])
def test_one_calibration_is_enough_for_depth_on_the_pixels_of_colour(known: str) -> None:
    frame = capture().frame(RawRgbd(picture(LABELS), millimetres(DEPTH), **{known: CAMERA}))
    assert frame.camera == CAMERA and not frame.lacks


def test_depth_without_any_calibration_is_told() -> None:
    made = capture()
    frame = made.frame(RawRgbd(picture(LABELS), millimetres(DEPTH)))
    assert "calibration" in frame.lacks and made.counters["not_calibrated"] == 1


def test_depth_that_is_said_to_lie_on_colour_is_taken_so_whatever_the_cameras_say() -> None:
    other = CameraModel(160, 120, 90.0, 90.0, 70.0, 50.0)
    for depth in (DEPTH, DEPTH[::2, ::2]):
        camera = other.resized(depth.shape[1], depth.shape[0])
        raw = RawRgbd(picture(LABELS), millimetres(depth), CAMERA, camera, aligned=True)
        made = capture()
        frame = made.frame(raw)
        assert frame.camera == CAMERA and not made.counters["registered"]
        np.testing.assert_allclose(frame.depth[10::20, 10::20], DEPTH[10::20, 10::20], atol=0.06)
    with pytest.raises(InputError, match="set registration to auto"):
        capture().frame(RawRgbd(picture(LABELS), millimetres(DEPTH[:60]), CAMERA, aligned=True))


@pytest.mark.parametrize("part", ["colour", "depth"])
def test_a_camera_of_another_size_is_told(part: str) -> None:
    cameras = {"camera": CAMERA, "depth_camera": CAMERA}
    cameras["camera" if part == "colour" else "depth_camera"] = CAMERA.resized(80, 60)
    with pytest.raises(InputError, match=f"the {part} image is 160x120, its camera 80x60"):
        capture().frame(RawRgbd(picture(LABELS), millimetres(DEPTH), **cameras))


def test_a_frame_of_nothing_or_of_several_sizes_is_refused() -> None:
    with pytest.raises(InputError, match="neither colour nor depth"):
        RgbdFrame()
    with pytest.raises(InputError, match="160x120 and 80x60"):
        RgbdFrame(np.zeros((120, 160, 3), np.uint8), np.zeros((60, 80), np.float32))


@pytest.mark.parametrize("first", ["color", "depth"])
def test_one_is_alone_when_the_other_has_not_come_for_long(first: str) -> None:
    other = "depth" if first == "color" else "color"
    partners = Partners(("color", "depth"), 1.0)
    assert not partners.alone(first, 10 * SECOND)
    assert not partners.alone(first, 11 * SECOND)
    assert partners.alone(first, 12 * SECOND)
    assert not partners.alone(other, 12 * SECOND)
    assert not partners.alone(first, 12 * SECOND + 1)
    # A bag that begins again has not missed anything.
    assert not partners.alone(first, 2 * SECOND)


def test_nobody_is_alone_where_one_is_to_wait_for_ever() -> None:
    partners = Partners(("color", "depth"), 0.0)
    assert not any(partners.alone("color", n * SECOND) for n in range(100))


def test_an_accelerometer_at_rest_points_up_whatever_shakes_it() -> None:
    imu, random = Accelerometer(), np.random.default_rng(0)
    with pytest.raises(InputError, match="no reading of imu yet"):
        _ = imu.down
    for _ in range(200):
        imu.add("imu", np.array([0.0, -9.8, -1.0]) + random.normal(0, 1.0, 3))
        imu.add("imu", [np.nan, 0.0, 0.0])
    np.testing.assert_allclose(imu.down, unit_vector([0.0, 9.8, 1.0]), atol=0.05)


@pytest.mark.parametrize("numbers", [[0.0, 0.0, 0.0], [1.0, 2.0], [np.nan, 0.0, 1.0]])
def test_what_is_no_direction_is_refused(numbers: list[float]) -> None:
    with pytest.raises(InputError, match="three numbers, not all zero"):
        unit_vector(numbers)
