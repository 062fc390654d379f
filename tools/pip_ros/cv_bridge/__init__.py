"""Stand-in for the ROS 2 package `cv_bridge` where pip is the only package source.

Calls, argument names and defaults are those of cv_bridge 4.1 (Jazzy). Colour conversion, which
the ROS package leaves to a compiled helper, is done here with OpenCV's Python module.
`cvtColorForDisplay` is not offered.
"""

from __future__ import annotations

import sys
from array import array
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage, Image

from . import _encodings
from ._encodings import CvBridgeError

__all__ = ["CvBridge", "CvBridgeError", "getCvType"]


def getCvType(encoding: str) -> int:  # noqa: N802  (the ROS interface's name)
    """Return OpenCV's type number of an image encoding; CvBridgeError when unknown."""
    pixel = _encodings.pixel_type(encoding)
    return int(cv2.CV_MAKETYPE(_encodings.cv_depth(pixel.dtype), pixel.channels))


class CvBridge:
    """Converts between ROS image messages and OpenCV images (NumPy arrays)."""

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype[Any], n_channels: int) -> str:
        """Name of OpenCV's type for a NumPy dtype and a channel count, e.g. "8UC3"."""
        return f"{_encodings.depth_name(dtype)}C{n_channels}"

    def cvtype2_to_dtype_with_channels(self, cvtype: int) -> tuple[str, int]:
        """NumPy dtype name and channel count of OpenCV's type number."""
        channel_unit = cv2.CV_MAKETYPE(0, 2)
        dtype = _encodings.dtype_of_cv_depth(cvtype % channel_unit)
        return dtype.name, cvtype // channel_unit + 1

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """OpenCV's type number of an image encoding."""
        return getCvType(encoding)

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """NumPy dtype name and channel count of an image encoding."""
        pixel = _encodings.pixel_type(encoding)
        return pixel.dtype.name, pixel.channels

    def imgmsg_to_cv2(
        self, img_msg: Image, desired_encoding: str = "passthrough"
    ) -> npt.NDArray[Any]:
        """Return the pixels of a sensor_msgs/Image in this machine's byte order.

        Shape H x W for one channel, H x W x C else. With "passthrough" the encoding stays and the
        array may share memory with the message; otherwise the result is in `desired_encoding`.
        Raises CvBridgeError for unknown encodings, a malformed message and impossible conversions.
        """
        image = _pixels(img_msg)
        if desired_encoding == "passthrough":
            return image
        return _encodings.convert(image, img_msg.encoding, desired_encoding)

    def cv2_to_imgmsg(
        self, cvim: npt.NDArray[Any], encoding: str = "passthrough", header: Any = None
    ) -> Image:
        """Return a sensor_msgs/Image with a copy of the pixels of `cvim`.

        "passthrough" names the encoding after the array's type ("8UC3"). Raises TypeError when
        `cvim` is no array, CvBridgeError when its type does not fit `encoding`.
        """
        _check_array(cvim)
        channels = 1 if cvim.ndim < 3 else cvim.shape[2]
        type_name = self.dtype_with_channels_to_cvtype2(cvim.dtype, channels)
        if encoding != "passthrough":
            pixel = _encodings.pixel_type(encoding)
            if (pixel.dtype.name, pixel.channels) != (cvim.dtype.name, channels):
                raise CvBridgeError(
                    f"encoding {encoding} does not fit an image of type {type_name}"
                )
        msg = Image()
        if header is not None:
            msg.header = header
        msg.height, msg.width = cvim.shape[:2]
        msg.encoding = type_name if encoding == "passthrough" else encoding
        msg.is_bigendian = int(_is_bigendian(cvim.dtype))
        msg.step = msg.width * channels * cvim.dtype.itemsize
        msg.data = _bytes_of(cvim)
        return msg

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough"
    ) -> npt.NDArray[Any]:
        """Decode a sensor_msgs/CompressedImage; colours come as BGR or BGRA.

        With "passthrough" the pixels stay as they were compressed. Raises CvBridgeError when the
        data cannot be decoded or converted.
        """
        data = np.frombuffer(cmprs_img_msg.data, dtype=np.uint8)
        try:
            image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise CvBridgeError(str(error)) from error
        if image is None:
            raise CvBridgeError(f"cannot decode {data.size} bytes of {cmprs_img_msg.format!r}")
        if desired_encoding == "passthrough":
            return image
        return _encodings.convert(image, _encodings.decoded_encoding(image), desired_encoding)

    def cv2_to_compressed_imgmsg(
        self, cvim: npt.NDArray[Any], dst_format: str = "jpg"
    ) -> CompressedImage:
        """Compress an image; `dst_format` is a file name extension that OpenCV can write.

        Raises TypeError when `cvim` is no array, CvBridgeError when OpenCV cannot compress it.
        """
        _check_array(cvim)
        try:
            done, buffer = cv2.imencode(f".{dst_format}", cvim)
        except cv2.error as error:
            raise CvBridgeError(str(error)) from error
        if not done:
            raise CvBridgeError(f"cannot compress this image as {dst_format}")
        msg = CompressedImage()
        msg.format = dst_format
        msg.data = _bytes_of(buffer)
        return msg


def _pixels(msg: Image) -> npt.NDArray[Any]:
    pixel = _encodings.pixel_type(msg.encoding)
    dtype = pixel.dtype.newbyteorder(">" if msg.is_bigendian else "<")
    pixel_bytes = dtype.itemsize * pixel.channels
    if msg.step < msg.width * pixel_bytes:
        raise CvBridgeError(f"step {msg.step} is under {msg.width} pixels of {pixel_bytes} bytes")
    # Strides, not a wider array: a row's padding need not be a whole number of pixels.
    shape: tuple[int, ...] = (msg.height, msg.width)
    strides: tuple[int, ...] = (msg.step, pixel_bytes)
    if pixel.channels != 1:
        shape, strides = (*shape, pixel.channels), (*strides, dtype.itemsize)
    try:
        image: npt.NDArray[Any] = np.ndarray(shape, dtype, buffer=msg.data, strides=strides)
    except (TypeError, ValueError) as error:
        raise CvBridgeError(
            f"{len(msg.data)} bytes hold no {msg.height} rows of step {msg.step}"
        ) from error
    return np.ascontiguousarray(image, dtype=pixel.dtype)


def _is_bigendian(dtype: np.dtype[Any]) -> bool:
    native_order = ">" if sys.byteorder == "big" else "<"
    return (native_order if dtype.byteorder == "=" else dtype.byteorder) == ">"


def _bytes_of(image: npt.NDArray[Any]) -> array[int]:
    data = array("B")
    if image.size:
        data.frombytes(np.ascontiguousarray(image).view(np.uint8).data)
    return data


def _check_array(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        raise TypeError(f"expected a NumPy array, not {type(image).__name__}")
    if image.ndim not in (2, 3):
        raise CvBridgeError(f"an array of shape {image.shape} is no image")
