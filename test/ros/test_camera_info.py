"""The camera_info of half a mosaic still projects onto what it did."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo, RegionOfInterest

from ddff_perception.ros import messages
from ddff_perception.ros.camera_info import resized_camera_info
from ddff_perception.types import CameraModel, InputError

HEADER = messages.header_at(5, "there")


def info(**fields):
    model = CameraModel(640, 480, 600.0, 610.0, 321.0, 239.0)
    message = messages.camera_info_message(model, messages.header_at(1, "here"), (640, 480))
    message.d = [0.1, -0.2, 0.0, 0.0, 0.0]
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def pixel(message: CameraInfo, columns: int = 3) -> np.ndarray:
    """Where K (or P) of an image without crop and binning puts a point."""
    matrix = np.reshape(message.k if columns == 3 else message.p, (3, columns))
    point = matrix @ np.array([0.2, -0.1, 1.5, 1.0])[:columns]
    return point[:2] / point[2]


def half(at):
    """A pixel of the raw image in one of half the size: centres at integers."""
    return (np.asarray(at) + 0.5) / 2 - 0.5


def test_size_k_and_p_are_halved_and_the_rest_stays():
    raw = info()
    small = resized_camera_info(raw, (640, 480), (320, 240), HEADER)
    assert (small.width, small.height) == (320, 240)
    assert small.header == HEADER and raw.header != HEADER
    assert list(small.d) == list(raw.d) and list(small.r) == list(raw.r)
    for columns in (3, 4):
        np.testing.assert_allclose(pixel(small, columns), half(pixel(raw, columns)))
    # As `CameraModel` does it.
    assert messages.camera_model(small, 320, 240) == messages.camera_model(raw, 640, 480).resized(
        320, 240
    )
    assert (raw.width, raw.k[0]) == (640, 600.0)


def test_a_stereo_baseline_in_p_is_halved_too():
    raw = info()
    raw.p[3] = -60.0
    small = resized_camera_info(raw, (640, 480), (320, 240), HEADER)
    np.testing.assert_allclose(pixel(small, 4), half(pixel(raw, 4)))
    assert small.p[3] == -30.0


def test_a_region_of_interest_is_worked_in():
    region = RegionOfInterest(x_offset=101, y_offset=40, width=400, height=200)
    raw = info(roi=region)
    small = resized_camera_info(raw, (400, 200), (200, 100), HEADER)
    assert (small.width, small.height, small.roi.width) == (200, 100, 0)
    np.testing.assert_allclose(pixel(small), half(pixel(raw) - [101, 40]))
    assert messages.camera_model(small, 200, 100) == messages.camera_model(raw, 400, 200).resized(
        200, 100
    )


def test_binning_is_worked_in():
    small = resized_camera_info(info(binning_x=2, binning_y=2), (320, 240), (160, 120), HEADER)
    assert (small.width, small.binning_x) == (160, 0)
    np.testing.assert_allclose(pixel(small), half(half(pixel(info()))))


def test_where_nothing_changes_only_the_header_does():
    raw = info(binning_x=2, binning_y=2)
    same = resized_camera_info(raw, (320, 240), (320, 240), HEADER)
    assert same.header == HEADER
    assert (same.width, same.binning_x, list(same.k)) == (640, 2, list(raw.k))


def test_an_uncalibrated_camera_stays_so():
    message = info(k=[0.0] * 9, p=[0.0] * 12)
    small = resized_camera_info(message, (640, 480), (320, 240), HEADER)
    assert (small.width, list(small.k)) == (320, [0.0] * 9)


def test_a_camera_info_of_another_image_is_refused():
    with pytest.raises(InputError, match="camera_info is for images of 640x480"):
        resized_camera_info(info(), (320, 240), (160, 120), HEADER)


def test_what_is_cropped_before_it_is_resized_keeps_its_scale_exactly():
    raw = info(width=639, height=479)
    small = resized_camera_info(raw, (639, 479), (319, 239), HEADER, used=(638, 478))
    assert (small.width, small.height) == (319, 239)
    for columns in (3, 4):
        np.testing.assert_allclose(pixel(small, columns), half(pixel(raw, columns)))
