"""Behaviour of cv_bridge that the package relies on.

The same tests hold for the ROS package and for the stand-in of the pip environment. Where the ROS
package lacks its compiled helper they are skipped.
"""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import cv_bridge
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError

IS_STAND_IN = "pip_ros" in Path(cv_bridge.__file__).parts
if not IS_STAND_IN:
    try:
        importlib.import_module("cv_bridge.boost.cv_bridge_boost")
    except ImportError:
        pytest.skip("cv_bridge's compiled helper is not installed", allow_module_level=True)


def converted(pixels: np.ndarray, encoding: str, target: str) -> np.ndarray:
    """Pixels whose type and channels are those of the encoding, through the bridge."""
    height, width = pixels.shape[:2]
    message = SimpleNamespace(
        encoding=encoding,
        height=height,
        width=width,
        step=pixels.strides[0],
        is_bigendian=int(sys.byteorder == "big"),
        data=pixels.reshape(-1).view(np.uint8),
    )
    return CvBridge().imgmsg_to_cv2(message, desired_encoding=target)


@pytest.mark.parametrize(("encoding", "order"), [("yuv422", (1, 0)), ("yuv422_yuy2", (0, 1))])
def test_packed_yuv_has_its_brightness_and_its_colour(encoding, order):
    luma, red = np.full((4, 6), 120, np.uint8), np.full((4, 6), 128, np.uint8)
    red[:, 1::2] = 200  # V: every second sample of chroma
    planes = (luma, red)
    found = converted(np.dstack([planes[n] for n in order]), encoding, "bgr8")
    assert found.shape == (4, 6, 3) and found.dtype == np.uint8
    blue, green, reds = (float(value) for value in found[2, 2])
    # ITU-R BT.601 of limited range: 1.164 (Y - 16) = 121, red + 1.596 V, green - 0.813 V
    assert blue == pytest.approx(121, abs=2)
    assert reds == pytest.approx(121 + 1.596 * 72, abs=2)
    assert green == pytest.approx(121 - 0.813 * 72, abs=2)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_a_mosaic_of_one_colour_becomes_that_colour(pattern, bits):
    kind = np.dtype(f"u{bits // 8}")
    colour = {"r": 200, "g": 90, "b": 30}
    tile = np.array([colour[name] << (bits - 8) for name in pattern], kind).reshape(2, 2)
    found = converted(np.tile(tile, (6, 6)), f"bayer_{pattern}{bits}", f"bgr{bits}")
    assert found.dtype == kind
    expected = [colour[name] << (bits - 8) for name in "bgr"]
    np.testing.assert_array_equal(found[3:-3, 3:-3], np.broadcast_to(expected, (6, 6, 3)))


@pytest.mark.parametrize("order", ["rgb", "rgba", "bgra"])
def test_sixteen_bits_keep_their_values_in_another_order(order):
    channels = {"r": 60_000, "g": 300, "b": 7, "a": 65_535}
    pixels = np.tile(np.array([channels[name] for name in order], np.uint16), (3, 5, 1))
    found = converted(pixels, f"{order}16", "bgr16")
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, np.broadcast_to([7, 300, 60_000], (3, 5, 3)))


@pytest.mark.parametrize("encoding", ["weather8", ""])
def test_an_unknown_encoding_is_an_error_of_the_bridge(encoding):
    with pytest.raises(CvBridgeError):
        converted(np.zeros((2, 2), np.uint8), encoding, "bgr8")


def test_too_few_bytes_are_a_type_error():
    message = SimpleNamespace(
        encoding="yuv422", height=4, width=4, step=8, is_bigendian=0, data=bytes(8)
    )
    with pytest.raises(TypeError):
        CvBridge().imgmsg_to_cv2(message, desired_encoding="bgr8")
