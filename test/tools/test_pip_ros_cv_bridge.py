"""Behaviour of cv_bridge that ROS documents for Python.

The same tests hold for the ROS package and for the stand-in of the pip environment. Where the ROS
package is known to differ from its documentation, or lacks its compiled helper, the test says so
and is skipped.
"""

from array import array

import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from cv_bridge_cases import IS_STAND_IN, LAYOUTS, random_image, uses_byte_swap, uses_helper
from sensor_msgs.msg import Image


@pytest.fixture
def bridge():
    return CvBridge()


def message_of(image, encoding, padding=0, bigendian=False):
    """An Image message with `padding` junk bytes after each row."""
    rows = image.astype(image.dtype.newbyteorder(">" if bigendian else "<"))
    rows = rows.reshape(image.shape[0], -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xA5)
    msg = Image(height=image.shape[0], width=image.shape[1], encoding=encoding)
    msg.step = rows.shape[1]
    msg.is_bigendian = int(bigendian)
    msg.data = array("B", rows.tobytes())
    return msg


def convert(bridge, image, source, target):
    return bridge.imgmsg_to_cv2(message_of(image, source), desired_encoding=target)


# --- message to image -----------------------------------------------------------------------


@uses_helper
@pytest.mark.parametrize(("encoding", "dtype", "channels"), LAYOUTS)
def test_passthrough_gives_the_pixels_of_every_encoding(bridge, encoding, dtype, channels):
    image = random_image(dtype, channels)
    got = bridge.imgmsg_to_cv2(message_of(image, encoding))
    assert got.dtype == dtype
    assert got.shape == image.shape
    np.testing.assert_array_equal(got, image)


@uses_helper
@pytest.mark.parametrize(("encoding", "dtype", "channels"), LAYOUTS)
def test_rows_may_be_padded_by_whole_pixels(bridge, encoding, dtype, channels):
    image = random_image(dtype, channels)
    padding = 3 * channels * np.dtype(dtype).itemsize
    got = bridge.imgmsg_to_cv2(message_of(image, encoding, padding))
    np.testing.assert_array_equal(got, image)
    assert got.flags.c_contiguous


@uses_helper
@pytest.mark.skipif(not IS_STAND_IN, reason="cv_bridge shears rows padded by parts of a pixel")
def test_rows_may_be_padded_by_any_number_of_bytes(bridge):
    for encoding, dtype, channels in (("bgr8", np.uint8, 3), ("32FC1", np.float32, 1)):
        image = random_image(dtype, channels)
        got = bridge.imgmsg_to_cv2(message_of(image, encoding, padding=1))
        np.testing.assert_array_equal(got, image)


@uses_helper
@uses_byte_swap
@pytest.mark.parametrize(("encoding", "dtype", "channels"), LAYOUTS)
@pytest.mark.parametrize("padded_pixels", [0, 2])
def test_big_endian_pixels_come_in_native_order(bridge, encoding, dtype, channels, padded_pixels):
    image = random_image(dtype, channels)
    padding = padded_pixels * channels * np.dtype(dtype).itemsize
    got = bridge.imgmsg_to_cv2(message_of(image, encoding, padding, bigendian=True))
    np.testing.assert_array_equal(got, image)
    assert got.dtype == dtype
    assert got.dtype.isnative


@uses_helper
@uses_byte_swap
def test_big_endian_pixels_can_be_converted(bridge):
    image = random_image(np.uint16, 1)
    message = message_of(image, "16UC1", bigendian=True)
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message, "32FC1"), image.astype(np.float32))


@uses_helper
@pytest.mark.parametrize("encoding", ["", "jpeg", "9UC1", "8UCx", "bgr8 ", "bayer_rgbg8"])
def test_unknown_encodings_are_refused(bridge, encoding):
    message = message_of(random_image(np.uint8, 1), encoding)
    with pytest.raises(CvBridgeError):
        bridge.imgmsg_to_cv2(message)


@uses_helper
def test_too_little_data_is_refused(bridge):
    message = message_of(random_image(np.uint8, 3), "bgr8")
    message.data = message.data[:-1]
    with pytest.raises(TypeError):  # CvBridgeError is one
        bridge.imgmsg_to_cv2(message)


@pytest.mark.skipif(not IS_STAND_IN, reason="cv_bridge returns an image of another width")
def test_rows_shorter_than_the_width_are_refused(bridge):
    message = message_of(random_image(np.uint8, 3), "bgr8")
    message.width += 1
    with pytest.raises(CvBridgeError, match="step"):
        bridge.imgmsg_to_cv2(message)


def test_the_error_is_a_type_error():
    assert issubclass(CvBridgeError, TypeError)


# --- conversions ----------------------------------------------------------------------------


@uses_helper
def test_colours_are_reordered(bridge):
    bgr = random_image(np.uint8, 3)
    np.testing.assert_array_equal(convert(bridge, bgr, "bgr8", "rgb8"), bgr[..., ::-1])
    np.testing.assert_array_equal(convert(bridge, bgr, "rgb8", "bgr8"), bgr[..., ::-1])
    np.testing.assert_array_equal(convert(bridge, bgr, "bgr8", "bgr8"), bgr)


@uses_helper
@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_alpha_is_dropped_and_added_opaque(bridge, dtype, bits):
    rgba = random_image(dtype, 4)
    bgr = rgba[..., 2::-1]
    opaque = np.full((*bgr.shape[:2], 1), np.iinfo(dtype).max, dtype)
    np.testing.assert_array_equal(convert(bridge, rgba, f"rgba{bits}", f"bgr{bits}"), bgr)
    np.testing.assert_array_equal(
        convert(bridge, bgr, f"bgr{bits}", f"bgra{bits}"), np.concatenate([bgr, opaque], axis=2)
    )
    np.testing.assert_array_equal(
        convert(bridge, rgba, f"rgba{bits}", f"bgra{bits}"), rgba[..., [2, 1, 0, 3]]
    )


@uses_helper
def test_grey_is_the_luminance_and_spreads_over_all_colours(bridge):
    rgb = random_image(np.uint8, 3)
    luminance = rgb @ np.array([0.299, 0.587, 0.114])
    grey = convert(bridge, rgb, "rgb8", "mono8")
    assert grey.shape == rgb.shape[:2]
    np.testing.assert_allclose(grey, luminance, atol=0.51)
    np.testing.assert_array_equal(convert(bridge, rgb[..., ::-1], "bgr8", "mono8"), grey)
    np.testing.assert_array_equal(
        convert(bridge, grey, "mono8", "bgr8"), np.repeat(grey[..., None], 3, axis=2)
    )


@uses_helper
def test_eight_and_sixteen_bits_are_scaled_to_the_full_range(bridge):
    grey = np.array([[0, 1, 128, 255]], np.uint8)
    np.testing.assert_array_equal(
        convert(bridge, grey, "mono8", "mono16"), np.array([[0, 257, 128 * 257, 65535]])
    )
    wide = np.array([[0, 128, 129, 65535]], np.uint16)
    np.testing.assert_array_equal(convert(bridge, wide, "mono16", "mono8"), [[0, 0, 1, 255]])
    rgb = random_image(np.uint8, 3)
    got = convert(bridge, rgb, "rgb8", "bgr16")
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, rgb[..., ::-1].astype(np.uint16) * 257)


@uses_helper
def test_depth_encodings_convert_without_scaling(bridge):
    millimetres = np.array([[0, 1, 1500, 65535]], np.uint16)
    metres = convert(bridge, millimetres, "16UC1", "32FC1")
    assert metres.dtype == np.float32
    np.testing.assert_array_equal(metres, millimetres)
    rounded = convert(bridge, np.array([[0.4, 1499.6, -3.0, 7e4]], np.float32), "32FC1", "16UC1")
    assert rounded.dtype == np.uint16
    np.testing.assert_array_equal(rounded, [[0, 1500, 0, 65535]])
    np.testing.assert_array_equal(
        convert(bridge, millimetres, "mono16", "16UC1"), millimetres
    )  # from a colour to the same channels without colours


@uses_helper
@pytest.mark.parametrize(
    ("pattern", "mosaic"),
    [
        ("rggb", [[0, 1], [1, 2]]),
        ("bggr", [[2, 1], [1, 0]]),
        ("gbrg", [[1, 2], [0, 1]]),
        ("grbg", [[1, 0], [2, 1]]),
    ],
)
@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_a_mosaic_of_one_colour_becomes_that_colour(bridge, pattern, mosaic, dtype, bits):
    rgb = np.array([200, 100, 40], dtype) * dtype(1 if bits == 8 else 257)
    raw = np.tile(rgb[np.array(mosaic)], (4, 5))
    expected = np.broadcast_to(rgb, (*raw.shape, 3))
    encoding = f"bayer_{pattern}{bits}"
    np.testing.assert_array_equal(convert(bridge, raw, encoding, f"rgb{bits}"), expected)
    np.testing.assert_array_equal(convert(bridge, raw, encoding, f"bgr{bits}"), expected[..., ::-1])
    grey = convert(bridge, raw, encoding, f"mono{bits}")
    np.testing.assert_allclose(grey, rgb @ [0.299, 0.587, 0.114], rtol=0.01)


@uses_helper
@pytest.mark.parametrize(("encoding", "luma"), [("yuv422", 1), ("yuv422_yuy2", 0)])
def test_packed_yuv_has_its_luma_where_the_encoding_says(bridge, encoding, luma):
    packed = np.full((2, 4, 2), 128, np.uint8)  # chroma 128: no colour
    packed[..., luma] = [16, 90, 180, 235]
    np.testing.assert_array_equal(convert(bridge, packed, encoding, "mono8"), packed[..., luma])
    rgb = convert(bridge, packed, encoding, "rgb8")
    np.testing.assert_allclose(rgb[0, :, 0], [0, 86, 191, 255], atol=1)
    np.testing.assert_array_equal(rgb[..., 0], rgb[..., 2])


@uses_helper
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("8UC3", "bgr8"),  # says no colours
        ("16UC1", "mono16"),
        ("bgr8", "16UC1"),  # other number of channels
        ("8UC3", "8UC1"),
        ("bgr8", "yuv422"),
        ("bgr8", "bayer_rggb8"),
        ("bayer_rggb8", "rgba8"),
        ("bayer_rggb8", "bayer_rggb16"),
        ("bgr8", "no such encoding"),
    ],
)
def test_conversions_without_meaning_are_refused(bridge, source, target):
    dtype, channels = next(
        (dtype, channels)
        for name, dtype, channels in [*LAYOUTS, ("8UC3", np.uint8, 3)]
        if name == source
    )
    with pytest.raises(CvBridgeError):
        convert(bridge, random_image(dtype, channels), source, target)


@uses_helper
def test_a_converted_image_does_not_share_memory_with_the_message(bridge):
    message = message_of(random_image(np.uint8, 3), "bgr8")
    before = bytes(message.data)
    for target in ("bgr8", "rgb8"):
        bridge.imgmsg_to_cv2(message, target)[:] = 0
    assert bytes(message.data) == before
