"""Messages that cv_bridge makes, compressed ones included, as ROS documents it.

The same tests hold for the ROS package and for the stand-in of the pip environment. Where the ROS
package is known to differ from its documentation, or lacks its compiled helper, the test says so
and is skipped.
"""

import sys
from array import array

import cv2
import cv_bridge
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from cv_bridge_cases import (
    IS_STAND_IN,
    LAYOUTS,
    UP_TO_FOUR_CHANNELS,
    random_image,
    uses_byte_swap,
    uses_helper,
)
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


@pytest.fixture
def bridge():
    return CvBridge()


# --- image to message -----------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.uint8, "8U"),
        (np.int8, "8S"),
        (np.uint16, "16U"),
        (np.int16, "16S"),
        (np.int32, "32S"),
        (np.float32, "32F"),
        (np.float64, "64F"),
    ],
)
def test_the_message_names_the_type_and_holds_the_bytes(bridge, dtype, name, channels):
    image = random_image(dtype, channels)
    msg = bridge.cv2_to_imgmsg(image)
    assert msg.encoding == f"{name}C{channels}"
    assert (msg.height, msg.width) == image.shape[:2]
    assert msg.step == image.shape[1] * channels * image.itemsize
    assert bool(msg.is_bigendian) == (sys.byteorder == "big")
    assert bytes(msg.data) == image.tobytes()


def test_one_channel_on_an_axis_of_its_own_is_one_channel(bridge):
    image = random_image(np.uint8, 1)
    msg = bridge.cv2_to_imgmsg(image[..., None])
    assert (msg.encoding, msg.step, bytes(msg.data)) == ("8UC1", 7, image.tobytes())


@uses_helper
@pytest.mark.parametrize(("encoding", "dtype", "channels"), UP_TO_FOUR_CHANNELS)
def test_an_image_survives_the_way_through_a_message(bridge, encoding, dtype, channels):
    image = random_image(dtype, channels)
    msg = bridge.cv2_to_imgmsg(image, encoding=encoding)
    assert msg.encoding == encoding
    received = deserialize_message(serialize_message(msg), Image)
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(received), image)


@uses_helper
@pytest.mark.parametrize(
    ("dtype", "channels", "encoding"),
    [
        (np.uint8, 3, "rgba8"),
        (np.uint8, 1, "mono16"),
        (np.int16, 1, "16UC1"),
        (np.uint8, 3, "no such encoding"),
    ],
)
def test_an_encoding_that_does_not_fit_is_refused(bridge, dtype, channels, encoding):
    with pytest.raises(CvBridgeError):
        bridge.cv2_to_imgmsg(random_image(dtype, channels), encoding)


def test_views_are_written_as_they_look(bridge):
    image = random_image(np.uint16, 3)[1::2, ::-2]
    assert bytes(bridge.cv2_to_imgmsg(image).data) == image.tobytes()


@uses_helper
@uses_byte_swap
def test_a_big_endian_image_says_so_and_reads_back(bridge):
    image = random_image(np.int32, 1)
    msg = bridge.cv2_to_imgmsg(image.astype(">i4"))
    assert msg.is_bigendian
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(msg), image)


def test_the_header_is_passed_on(bridge):
    header = Header(frame_id="camera_optical_frame")
    header.stamp.sec = 7
    assert bridge.cv2_to_imgmsg(random_image(np.uint8, 1), header=header).header == header
    assert bridge.cv2_to_imgmsg(random_image(np.uint8, 1)).header == Header()


@pytest.mark.parametrize("what", [1, "image", [[0, 1]], None])
def test_what_is_no_array_is_refused(bridge, what):
    with pytest.raises(TypeError):
        bridge.cv2_to_imgmsg(what)
    with pytest.raises(TypeError):
        bridge.cv2_to_compressed_imgmsg(what)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, bool])
def test_types_that_opencv_lacks_are_refused(bridge, dtype):
    with pytest.raises((CvBridgeError, KeyError)):  # the ROS package raises KeyError
        bridge.cv2_to_imgmsg(np.zeros((2, 2), dtype))


# --- compressed images ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.uint8, 1), (np.uint8, 3), (np.uint8, 4), (np.uint16, 1)]
)
def test_png_keeps_the_pixels(bridge, dtype, channels):
    image = random_image(dtype, channels)
    msg = bridge.cv2_to_compressed_imgmsg(image, dst_format="png")
    assert msg.format == "png"
    assert bytes(msg.data[:8]) == b"\x89PNG\r\n\x1a\n"
    received = deserialize_message(serialize_message(msg), CompressedImage)
    got = bridge.compressed_imgmsg_to_cv2(received)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, image)


def test_jpeg_is_the_default_and_close(bridge):
    ramp = np.broadcast_to(np.arange(0, 256, 2, np.uint8)[None, :, None], (64, 128, 3)).copy()
    msg = bridge.cv2_to_compressed_imgmsg(ramp)
    assert msg.format == "jpg"
    assert bytes(msg.data[:2]) == b"\xff\xd8"
    np.testing.assert_allclose(bridge.compressed_imgmsg_to_cv2(msg), ramp, atol=6)


@uses_helper
def test_compressed_colours_are_converted(bridge):
    bgr = random_image(np.uint8, 3)
    msg = bridge.cv2_to_compressed_imgmsg(bgr, "png")
    np.testing.assert_array_equal(bridge.compressed_imgmsg_to_cv2(msg, "rgb8"), bgr[..., ::-1])
    np.testing.assert_array_equal(
        bridge.compressed_imgmsg_to_cv2(msg, desired_encoding="mono8"),
        cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY),
    )
    with pytest.raises(CvBridgeError):
        bridge.compressed_imgmsg_to_cv2(msg, "32FC1")


@pytest.mark.skipif(not IS_STAND_IN, reason="cv_bridge takes every compressed image for bgr8")
def test_compressed_grey_and_sixteen_bits_are_converted(bridge):
    grey, wide = random_image(np.uint8, 1), random_image(np.uint16, 1)
    grey_msg = bridge.cv2_to_compressed_imgmsg(grey, "png")
    np.testing.assert_array_equal(bridge.compressed_imgmsg_to_cv2(grey_msg, "mono8"), grey)
    np.testing.assert_array_equal(
        bridge.compressed_imgmsg_to_cv2(grey_msg, "bgr8"), np.repeat(grey[..., None], 3, axis=2)
    )
    wide_msg = bridge.cv2_to_compressed_imgmsg(wide, "png")
    np.testing.assert_array_equal(bridge.compressed_imgmsg_to_cv2(wide_msg, "mono16"), wide)


@pytest.mark.skipif(not IS_STAND_IN, reason="cv_bridge returns None")
@pytest.mark.parametrize("data", [b"", b"no image at all"])
def test_data_that_cannot_be_decoded_is_refused(bridge, data):
    with pytest.raises(CvBridgeError):
        bridge.compressed_imgmsg_to_cv2(CompressedImage(format="png", data=array("B", data)))


def test_unknown_compressed_formats_are_refused(bridge):
    with pytest.raises((CvBridgeError, cv2.error)):  # the ROS package lets OpenCV's error pass
        bridge.cv2_to_compressed_imgmsg(random_image(np.uint8, 3), "no_such_format")


# --- types ----------------------------------------------------------------------------------


@uses_helper
@pytest.mark.parametrize(("encoding", "dtype", "channels"), LAYOUTS)
def test_encodings_have_numpy_and_opencv_types(bridge, encoding, dtype, channels):
    assert bridge.encoding_to_dtype_with_channels(encoding) == (np.dtype(dtype).name, channels)
    name = bridge.dtype_with_channels_to_cvtype2(np.dtype(dtype), channels)
    if channels <= 4:
        assert bridge.encoding_to_cvtype2(encoding) == getattr(cv2, f"CV_{name}")
        assert cv_bridge.getCvType(encoding) == getattr(cv2, f"CV_{name}")
    number = bridge.encoding_to_cvtype2(encoding)
    assert bridge.cvtype2_to_dtype_with_channels(number) == (np.dtype(dtype).name, channels)
